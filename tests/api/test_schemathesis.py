"""The API held against its own description by schemathesis, over WSGI, on the real database.

Every operation is sent requests made from the document, sound and broken; whatever comes back must be described there,
and never a server error. Left out of schemathesis's checks: `positive_data_acceptance`, because the rules may refuse
what the schemas let through.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
import schemathesis
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from federation import lifecycle
from federation.introduction import introduce
from ledger.logs import get_log
from register import commands
from register.projection import replaying
from tests import factories
from tests.api.conftest import World
from tests.federation.strangers import Stranger, Wire, meet_stranger, wire

PER_OPERATION = 8
# Beside what it expects by itself: too many questions (413), and another node that does not answer (502, 504).
REFUSALS = {"checks": {"negative_data_rejection": {"expected-statuses": ["4xx", "502", "504"]}}}


def name_things(world: World, stranger: Stranger) -> dict[str, dict[str, str]]:
    """Return path parameters that lead to existing things, by the part of the path before them."""
    programme = factories.make_programme(world.issuer)
    mandate = factories.make_mandate(world.issuer, world.other_issuer)
    accreditation = factories.make_accreditation(world.issuer, world.agency)
    revoked = factories.withdrawal(world.issuer, factories.make_digest())
    return {
        "agencies": {"id": world.agency},
        "issuers": {"id": world.issuer, "key": factories.make_key(world.issuer)},
        "programmes": {"id": programme},
        "mandates": {"id": mandate},
        "accreditations": {"id": accreditation},
        "batches": {"id": factories.make_batch(world.issuer)},
        "withdrawals": {"id": commands.revoke_credentials(revoked, actor=factories.OPERATOR).id},
        "peers": {"id": lifecycle.confirm(introduce(stranger.url, wire(stranger))).id},
    }


def takes_anything(operation: Any) -> bool:
    """Tell whether there is a parameter or body that can be broken."""
    said = operation.definition.raw
    return bool(said.get("parameters") or said.get("requestBody"))


def run(operation: Any, mode: GenerationMode, things: dict[str, dict[str, str]], headers: dict[str, str]) -> None:
    """Send an operation requests of a kind, half of them to things that exist, and check each answer."""
    known = things.get(operation.path.removeprefix("/api/v1/").split("/")[0], {})
    named = {name: value for name, value in known.items() if f"{{{name}}}" in operation.path}
    strategy = operation.as_strategy(generation_mode=mode)
    if named:
        strategy = strategy | operation.as_strategy(generation_mode=mode, path_parameters=named)

    @examples(
        max_examples=PER_OPERATION,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def check(case: Any) -> None:
        case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])

    check()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_api_does_what_its_description_says(
    world: World, peers_on_loopback: None, monkeypatch: pytest.MonkeyPatch, mode: GenerationMode
) -> None:
    # Whoever would be asked at an address that was made up does not answer: nobody outside is bothered.
    monkeypatch.setattr("federation.api.verbs.open_client", lambda **_: nullcontext(Wire()))
    things = name_things(world, meet_stranger("de"))
    config = SchemathesisConfig.from_dict(REFUSALS)
    schema = schemathesis.openapi.from_wsgi("/api/schema", get_wsgi_application(), config=config)
    tried = 0
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]
        if operation.method.upper() == "DELETE" or (mode == GenerationMode.NEGATIVE and not takes_anything(operation)):
            continue
        run(operation, mode, things, world.operator.headers())
        tried += 1
    assert tried > 20
    assert replaying.check() is None
    assert get_log(settings.ASSAY_ORIGIN).size >= 5
