"""Authorisation: which role may say which verb, tested at every address; refusals are noted and write nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings

from federation import lifecycle
from federation.api import verbs as peer_verbs
from federation.introduction import introduce
from ledger.logs import get_log
from register import events
from register.access.models import Notice
from register.access.roles import ROLES, VERBS, allowed_verbs
from register.api import credentials, verbs
from register.api.command import Command
from tests import factories
from tests.api.callers import check_problem, make_caller, token_of
from tests.api.conftest import World
from tests.federation.strangers import Stranger, listening, meet_stranger, wire

ENDING = {"effective_from": "2025-06-01", "reason": "quality"}
DID = {"kind": "did", "value": "did:web:new.example", "valid_from": "2020-01-01"}
NAMED = {"names": {"en": "New"}, "country": "NL"}


@pytest.fixture
def stranger(peers_on_loopback: None) -> Iterator[Stranger]:
    """A node that listens and may be recognised as a peer."""
    with listening("de") as found:
        yield found


def make_peer(code: str) -> str:
    """Recognise a peer and return its id."""
    met = meet_stranger(code)
    return lifecycle.confirm(introduce(met.url, wire(met))).id


def requests_of(world: World, stranger: Stranger) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return an address and body for each verb that the entitled may send."""
    issuer, agency = world.issuer, world.agency
    programme = factories.make_programme(issuer)
    key = factories.make_key(issuer)
    mandate = factories.make_mandate(issuer, world.other_issuer)
    accreditation = factories.make_accreditation(issuer, agency)
    suspended = factories.make_accreditation(issuer, agency)
    world.agent.post(f"/api/v1/accreditations/{suspended}/suspend", {**ENDING, "effective_from": "2025-01-01"})
    issued, one, two = {"issuer": issuer}, factories.make_digest(), factories.make_digest()
    world.operator.post("/api/v1/credentials/revoke", {**issued, "commitments": [two], "reason": "fraud"})
    return {
        "recognise_agency": ("agencies", {**NAMED, "valid_from": "2020-01-01"}),
        "amend_agency": (f"agencies/{world.other_agency}/amend", {"acronym": "A"}),
        "withdraw_agency": (f"agencies/{world.other_agency}/withdraw", ENDING),
        "register_issuer": ("issuers", NAMED),
        "amend_issuer": (f"issuers/{issuer}/amend", {"acronym": "I"}),
        "close_issuer": (f"issuers/{world.other_issuer}/close", ENDING),
        "relate_issuer": (
            f"issuers/{issuer}/relate",
            {"relation": "alliance", "other": world.other_issuer, "valid_from": "2020-01-01"},
        ),
        "bind_key": (f"issuers/{issuer}/keys", DID),
        "revoke_key": (f"issuers/{issuer}/keys/{key}/revoke", {"reason": "superseded"}),
        "register_programme": (
            "programmes",
            {"issuer": issuer, "titles": {"en": "New"}, "valid_from": "2020-01-01", "valid_until": "2021-01-01"},
        ),
        "amend_programme": (f"programmes/{programme}/amend", {"eqf_level": 7}),
        "close_programme": (f"programmes/{programme}/close", ENDING),
        "grant_mandate": (
            "mandates",
            {
                "awarding_body": issuer,
                "sealer": world.other_issuer,
                "valid_from": "2020-01-01",
                "valid_until": "2021-01-01",
            },
        ),
        "revoke_mandate": (f"mandates/{mandate}/revoke", ENDING),
        "grant_accreditation": ("accreditations", world.grant(agency=agency)),
        "amend_accreditation": (f"accreditations/{accreditation}/amend", {"summary": "New"}),
        "suspend_accreditation": (f"accreditations/{accreditation}/suspend", ENDING),
        "reinstate_accreditation": (f"accreditations/{suspended}/reinstate", {"effective_from": "2025-02-01"}),
        "revoke_accreditation": (f"accreditations/{suspended}/revoke", ENDING),
        "anchor_batch": ("batches", {**issued, "root": factories.make_digest(), "count": 3, "tree_algorithm": "x"}),
        "suspend_credentials": ("credentials/suspend", {**issued, "commitments": [one], "reason": "under_review"}),
        "reinstate_credentials": ("credentials/reinstate", {**issued, "commitments": [two], "reason": "appeal_upheld"}),
        "revoke_credentials": ("credentials/revoke", {**issued, "commitments": [one], "reason": "fraud"}),
        "recognise_peer": ("peers", {"url": stranger.url, "vkey": stranger.vkey}),
        "amend_peer": (f"peers/{make_peer('fr')}/amend", {"remit": ["FR"]}),
        "withdraw_peer": (f"peers/{make_peer('be')}/withdraw", {"reason": "closed"}),
    }


def size() -> int:
    return get_log(settings.ASSAY_ORIGIN).size


def test_every_verb_is_refused_to_nobody_and_to_the_wrong_roles_and_open_to_the_right_ones(
    world: World, stranger: Stranger
) -> None:
    asked = requests_of(world, stranger)
    assert asked.keys() == VERBS.keys()
    callers = {"operator": world.operator, "agency": world.agent, "issuer": world.issuing}
    entitled = {verb: next(role for role in reversed(ROLES) if role in roles) for verb, roles in VERBS.items()}
    for verb, (path, body) in asked.items():
        before = size()
        check_problem(world.anybody.post(f"/api/v1/{path}", body), 401, "not_authenticated")
        for role in set(ROLES) - VERBS[verb]:
            check_problem(callers[role].post(f"/api/v1/{path}", body), 403, "not_entitled")
        assert size() == before, verb
        answer = callers[entitled[verb]].post(f"/api/v1/{path}", body)
        assert answer.status == 201, (verb, answer.body)


def test_the_rules_agree_with_the_table_of_roles(world: World, stranger: Stranger) -> None:
    """What the table lets through and the rules refuse would be 403 for another reason than the role."""
    for verb, (path, body) in requests_of(world, stranger).items():
        for role in VERBS[verb] & {"operator", "agency"}:
            caller = {"operator": world.operator, "agency": world.agent}[role]
            answer = caller.post(f"/api/v1/{path}", body)
            assert answer.status in (201, 409), (verb, role, answer.body)


def test_every_command_of_the_api_has_a_verb_and_every_verb_a_view() -> None:
    views = {
        view.verb
        for view in (*vars(verbs).values(), *vars(credentials).values(), *vars(peer_verbs).values())
        if isinstance(view, type) and issubclass(view, Command) and hasattr(view, "verb")
    }
    assert views == set(VERBS)
    said_by_the_node = {"register.opened", "register.key_rotated", "fork.reported"}
    assert said_by_the_node < set(events.CATALOGUE)
    assert len(events.CATALOGUE) == len(VERBS) + len(said_by_the_node)


def test_a_token_of_one_agency_on_anothers_accreditation_is_403_and_noted(world: World) -> None:
    accreditation = factories.make_accreditation(world.issuer, world.agency)
    before = size()
    for action, body in [
        ("amend", {"summary": "Ours now"}),
        ("suspend", ENDING),
        ("reinstate", {"effective_from": "2025-02-01"}),
        ("revoke", ENDING),
    ]:
        address = f"/api/v1/accreditations/{accreditation}/{action}"
        check_problem(world.other_agent.post(address, body), 403, "not_entitled")
        notice = Notice.objects.latest("id")
        assert (notice.organisation, notice.address, notice.role) == (world.other_agency, address, "agency")
        assert notice.verb == f"{action}_accreditation"
        assert notice.token == token_of(world.other_agent).public_id
    assert size() == before
    assert world.anybody.get(f"/api/v1/trust?issuer={world.issuer}&at=2025-07-01").body["decision"] == "trusted"


def test_an_issuer_speaks_of_itself_only(world: World) -> None:
    before = size()
    check_problem(world.issuing.post(f"/api/v1/issuers/{world.other_issuer}/keys", DID), 403, "not_entitled")
    programme = {"issuer": world.other_issuer, "titles": {"en": "X"}, "valid_from": "2020-01-01"}
    check_problem(world.issuing.post("/api/v1/programmes", programme), 403, "not_entitled")
    mandate = {"awarding_body": world.other_issuer, "sealer": world.issuer, "valid_from": "2020-01-01"}
    check_problem(world.issuing.post("/api/v1/mandates", mandate), 403, "not_entitled")
    assert size() == before
    assert Notice.objects.count() == 3


def test_a_withdrawn_agency_says_nothing_more(world: World) -> None:
    answer = world.operator.post(
        f"/api/v1/agencies/{world.agency}/withdraw", {**ENDING, "effective_from": "2024-01-01"}
    )
    assert answer.status == 201
    check_problem(world.agent.post("/api/v1/accreditations", world.grant()), 403, "not_entitled")


def test_the_scope_of_a_token_narrows_its_role(world: World) -> None:
    reader = make_caller("agency", world.agency, ("read",))
    check_problem(reader.post("/api/v1/accreditations", world.grant()), 403, "scope")
    granting = make_caller("agency", world.agency, ("grant_accreditation",))
    made = granting.post("/api/v1/accreditations", world.grant())
    assert made.status == 201
    check_problem(granting.post(f"/api/v1/accreditations/{made.body['id']}/revoke", ENDING), 403, "scope")
    operating = make_caller("issuer", world.issuer, ("recognise_agency",))
    check_problem(operating.post("/api/v1/agencies", {**NAMED, "valid_from": "2020-01-01"}), 403, "not_entitled")


def test_a_scope_never_gives_more_than_the_role() -> None:
    for role in ROLES:
        of_role = {verb for verb, roles in VERBS.items() if role in roles}
        assert allowed_verbs(role, ("write",)) == of_role
        assert allowed_verbs(role, tuple(VERBS)) == of_role
        assert allowed_verbs(role, ("read",)) == frozenset()
