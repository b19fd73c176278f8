"""An issuer's resource and page name the other registers that record the same institution, territorial ones first."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from django.conf import settings

from ledger import publish
from tests import factories
from tests.api.callers import Caller
from tests.register import peering
from tests.statements import count_statements

pytestmark = pytest.mark.django_db
ROR = {"scheme": "ror", "value": "https://ror.org/04dkp9463"}
PIC = {"scheme": "pic", "value": "999974456"}


def abroad(directory: Path, territory: tuple[str, ...], name: str, **issuer: object) -> str:
    with peering.peer_register(directory, territory, name=name) as origin:
        factories.make_issuer(**issuer)
    peering.recognise(origin)
    return origin


def test_a_node_alone_names_nobody_and_asks_nobody() -> None:
    factories.open_register()
    issuer = factories.make_issuer(identifiers=[ROR])
    caller = Caller()
    assert caller.get(f"/api/v1/issuers/{issuer}").body["also"] == []
    alone = count_statements(partial(caller.get, f"/api/v1/issuers/{issuer}"))
    assert 0 < alone <= 4


def test_other_registers_records_are_named_with_what_they_share(tmp_path: Path) -> None:
    factories.open_register(("NL", "LU"))
    claiming = abroad(tmp_path, ("BE",), "Register BE", country="BE", identifiers=[ROR, PIC])
    speaking = abroad(tmp_path, ("LU", "FR"), "Register LU", country="LU", identifiers=[ROR])
    abroad(tmp_path, ("DE",), "Register DE", country="DE", identifiers=[{"scheme": "pic", "value": "100000001"}])
    ours = factories.make_issuer(country="LU", identifiers=[ROR, PIC])
    publish.cover(settings.ASSAY_ORIGIN)
    also = Caller().get(f"/api/v1/issuers/{ours}").body["also"]
    assert [(one["origin"], one["territorial"], one["country"]) for one in also] == [
        (speaking, True, "LU"), (claiming, True, "BE"),
    ]  # fmt: skip
    assert [identifier["scheme"] for identifier in also[1]["identifiers"]] == ["ror", "pic"]
    assert also[0]["url"].startswith("http://peer")
    assert Caller().get(f"/api/v1/issuers/{ours}?known_at={settings.ASSAY_ORIGIN}@4").status == 404
    page = Caller().get(f"/issuers/{ours}", Accept="text/html").content.decode()
    also_recorded = page[page.index("Also recorded by") :]
    assert also_recorded.index("Register LU") < also_recorded.index("Register BE")
    assert page.count("contradict each other") == 1


def test_what_is_set_aside_comes_last_and_is_marked(tmp_path: Path) -> None:
    factories.open_register()
    with peering.peer_register(tmp_path, ("BE",)) as origin:
        told = {"names": {"en": "X"}, "country": "NL", "identifiers": [ROR]}
        peering.slip_in(origin, "issuer.registered", "issuers", told)
    ours = factories.make_issuer(identifiers=[ROR])
    publish.cover(settings.ASSAY_ORIGIN)
    peer = peering.recognise(origin)
    (also,) = Caller().get(f"/api/v1/issuers/{ours}").body["also"]
    assert (also["quarantine"], also["territorial"]) == ("outside_territory", False)
    assert "set aside" in Caller().get(f"/issuers/{ours}", Accept="text/html").content.decode()
    peering.withdraw(peer.id)
    assert Caller().get(f"/api/v1/issuers/{ours}").body["also"] == []
