"""`GET /api/v1/bundle`: streamed, whole, signed by the node; of everything, or of chosen issuers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from ledger import publish
from register.api import bundle
from register.credentials.bundle.checking import check_whole
from register.credentials.bundle.opening import open_bytes
from register.credentials.bundle.registers import BundleRegisters
from register.credentials.errors import BadBundle
from register.queries.bundling import StoredLedger
from tests import factories
from tests.api.conftest import World

PATH = "/api/v1/bundle"


@pytest.fixture(autouse=True)
def _own_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever bundle another test began and never read keeps none of these waiting."""
    monkeypatch.setattr(bundle, "_turn", bundle.Turn())


def fetch(world: World, query: str = "") -> Any:
    return world.anybody.client.get(PATH + query)


def read(response: Any) -> bytes:
    data = b"".join(response.streaming_content)
    response.close()
    return data


def open_now(data: bytes, now: datetime | None = None) -> BundleRegisters:
    return open_bytes(data, now=now or timezone.now())


def test_a_bundle_is_streamed_and_holds_the_whole_ledger(world: World) -> None:
    college = factories.make_issuer()
    factories.make_accreditation(college, factories.make_agency())
    size = publish.cover(settings.ASSAY_ORIGIN).size
    response = fetch(world)
    assert (response.status_code, response.streaming, response["Content-Type"]) == (200, True, "application/zip")
    assert "attachment" in response["Content-Disposition"]
    assert response["Access-Control-Allow-Origin"] == "*"
    registers = open_now(read(response))
    (checked,) = check_whole(registers, lambda count: None)
    assert (checked.size, checked.whole) == (size, True)
    assert registers.manifest.node == settings.ASSAY_BASE_URL
    assert registers.decide({"issuer": college})["decision"] == "trusted"


def test_the_node_and_its_vkey_are_those_of_its_description(world: World) -> None:
    vkey = world.anybody.get("/.well-known/assay.json").body["vkey"]
    assert open_bytes(read(fetch(world)), now=timezone.now(), vkey=vkey).pinned


def test_chosen_issuers_come_with_what_concerns_them_alone(world: World) -> None:
    first, other = (
        factories.make_issuer(identifiers=[{"scheme": "pic", "value": pic}]) for pic in ("100000011", "100000012")
    )
    for issuer in (first, other):
        factories.make_accreditation(issuer, factories.make_agency())
    publish.cover(settings.ASSAY_ORIGIN)
    registers = open_now(read(fetch(world, f"?issuers=pic:100000011,{first}")))
    assert registers.manifest.issuers == ("pic:100000011", first)
    assert registers.ledgers[0].issuers == frozenset({first})
    assert registers.decide({"issuer": "pic:100000011"})["decision"] == "trusted"
    assert registers.ledgers[0].find(f"thing {other}") == []


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?issuers=pic:100000099", 404, "issuer_unknown"),
        ("?issuers=%2C", 400, "invalid"),
        ("?issuers=no+identifier", 400, "invalid"),
        ("?issuers=" + ",".join(f"pic:1{n:08}" for n in range(101)), 400, "invalid"),
        ("?issuer=pic:100000011", 400, "unknown_parameter"),
        ("?issuers=pic:100000011&issuers=pic:100000012", 400, "parameter_repeated"),
    ],
)
def test_a_choice_that_cannot_be_read_is_refused(world: World, query: str, status: int, code: str) -> None:
    answer = world.anybody.get(PATH + query)
    assert (answer.status, answer.body["code"]) == (status, code)


def test_one_bundle_is_made_at_a_time_and_the_turn_comes_back_whatever_ends_it(world: World) -> None:
    first = fetch(world)
    busy = world.anybody.get(PATH)
    assert (busy.status, busy.body["code"]) == (503, "busy")
    assert int(busy.headers["Retry-After"]) > 0
    next(iter(first.streaming_content))
    first.close()  # the client went away
    first.close()
    for _ in range(2):
        open_now(read(fetch(world)))


def test_while_one_is_made_nothing_is_read_for_another(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = fetch(world)
    drafted: list[object] = []
    monkeypatch.setattr(bundle, "_draft", drafted.append)
    assert [fetch(world).status_code, world.anybody.client.head(PATH).status_code] == [503, 503]
    assert drafted == []
    first.close()


def test_one_that_cannot_be_drafted_gives_its_turn_back(world: World) -> None:
    assert fetch(world, "?issuers=pic:100000099").status_code == 404
    open_now(read(fetch(world)))


def test_a_reader_that_takes_minutes_keeps_nobody_waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = fetch(world)
    monkeypatch.setattr(bundle.Turn, "LONGEST", 0.0)
    second = fetch(world)
    assert second.status_code == 200
    monkeypatch.setattr(bundle.Turn, "LONGEST", 120.0)
    slow_pieces = read(slow)
    assert fetch(world).status_code == 503, "it is the second one's turn, whatever the slow one does"
    for data in (slow_pieces, read(second)):
        open_now(data)
    read(fetch(world))


def test_asking_for_the_head_alone_makes_no_bundle(world: World) -> None:
    response = world.anybody.client.head(PATH)
    assert response.status_code == 200
    response.close()
    open_now(read(fetch(world)))


def test_a_bundle_that_fails_on_the_way_is_not_whole(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: StoredLedger, tile: object) -> bytes:
        raise OSError("the disk is gone")

    monkeypatch.setattr(StoredLedger, "read_tile", fail)
    response = fetch(world)
    sent: list[bytes] = []
    with pytest.raises(OSError, match="disk"):
        sent.extend(response.streaming_content)
    response.close()
    assert sent
    with pytest.raises(BadBundle):
        open_now(b"".join(sent))
