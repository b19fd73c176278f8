"""Still valid: dates, status lists and what registers hold; what cannot be read is left open."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.credentials import proofs
from register.credentials.listers import Listed
from register.credentials.ports import Withdrawal, Withdrawals
from register.credentials.presented import Claims, Signature, SigningKey, StatusEntry
from register.credentials.report import Finding
from register.credentials.validity import check_lists, check_withdrawals, judge_validity
from tests.credential_forge import OTHER, PEN
from tests.credential_world import LIST, NOW, World, entry

SIGNED = (Signature("test", (), controller=PEN.did),)
COMMITMENT = "ab" * 32
ISSUER = "https://register.nl.example/issuers/1"
DAY = timedelta(days=1)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def codes(findings: Any) -> list[tuple[str, str]]:
    return [(finding.code, finding.outcome) for finding in findings]


@pytest.mark.parametrize(
    ("starts", "ends", "at", "code", "outcome"),
    [
        (None, None, "2025-01-01", "no_expiry", "pass"),
        (None, "2025-01-01", "2024-12-31", "not_expired", "pass"),
        (None, "2025-01-01", "2025-01-01", "expired", "fail"),
        ("2025-01-01", None, "2024-12-31", "not_yet_valid", "fail"),
        ("2025-01-01", None, "2025-01-01", "no_expiry", "pass"),
        ("2025-01-01", "2024-01-01", "2023-01-01", "dates_contradict", "fail"),
    ],
)
def test_dates_hold_from_the_first_instant_to_the_last(
    starts: str | None, ends: str | None, at: str, code: str, outcome: str
) -> None:
    claims = Claims("vc", valid_from=starts and moment(starts), valid_until=ends and moment(ends))  # type: ignore[arg-type]
    assert codes(judge_validity(claims, (), moment(at)).findings)[0] == (code, outcome)


def look_up(world: World, *entries: dict[str, Any], issuers: dict[str, str] | None = None) -> list[Finding]:
    status = tuple(StatusEntry(one["type"], one) for one in entries)
    return [*check_lists(Listed(status, "urn:uuid:1", SIGNED, issuers=issuers or {}), world.fetch, NOW)]


def test_a_place_that_is_not_set_passes() -> None:
    world = World()
    world.publish_list(8)
    assert codes(look_up(world, entry(7))) == [("not_on_list", "pass")]
    assert codes(look_up(world, entry(8))) == [("revoked_by_list", "fail")]


def test_each_list_gives_its_own_finding() -> None:
    world = World()
    world.publish_list(1)
    world.publish_list(2, address=f"{LIST}/b", purpose="suspension")
    found = look_up(world, entry(3), entry(2, f"{LIST}/b", "suspension"), entry(1, f"{LIST}/c"))
    assert codes(found) == [
        ("not_on_list", "pass"),
        ("suspended_by_list", "fail"),
        ("status_unreachable", "not_checked"),
    ]


def test_a_list_that_somebody_else_signed_condemns_and_does_not_acquit() -> None:
    world = World()
    world.publish_list(8, pen=OTHER)
    assert codes(look_up(world, entry(7))) == [("not_on_list", "pass"), ("acquitted_by_another", "not_checked")]
    assert codes(look_up(world, entry(8))) == [("revoked_by_list", "fail"), ("status_of_another", "warning")]


def test_a_strangers_list_of_messages_decides_nothing() -> None:
    world = World()
    world.publish_list(pen=OTHER, purpose="message")
    found = look_up(world, entry(7, purpose="message"))
    assert codes(found) == [("not_on_list", "pass"), ("status_of_another", "warning")]


@pytest.mark.parametrize(
    ("said", "remarks"),
    [
        (LIST, []),
        (f"{LIST}#list", []),
        (LIST.replace("https://s", "HTTPS://S"), []),
        ("urn:uuid:9", []),
        (None, []),
        ("https://[", []),
        (f"{LIST}/b", ["list_named_otherwise"]),
        (LIST.replace("https", "http"), ["list_named_otherwise"]),
    ],
)
def test_a_list_that_calls_itself_by_another_address_is_told(said: str | None, remarks: list[str]) -> None:
    world = World()
    world.publish_list(said=said)
    assert [code for code, _ in codes(look_up(world, entry()))] == ["not_on_list", *remarks]


def test_a_list_signed_with_no_key_leaves_it_open(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.publish_list()
    monkeypatch.setattr(proofs, "check_signatures", lambda *_: (Signature("a path in a tree", ()),))
    assert codes(look_up(world, entry())) == [("status_unreachable", "not_checked")]


LISTER = (SigningKey("jwk", "L" * 43),)


@pytest.mark.parametrize(
    ("address", "remarks"),
    [
        ("https://register.example/status/7/revocation/0", []),
        ("https://register.example/status/8/revocation/0", ["acquitted_by_another"]),
        ("https://register.example.evil/status/7/revocation/0", ["acquitted_by_another"]),
    ],
)
def test_the_list_that_a_register_publishes_for_the_issuer_is_the_issuers_own(
    address: str, remarks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    world.publish_list(address=address)
    host = address.split("/")[2]
    monkeypatch.setattr(proofs, "check_signatures", lambda *_: (Signature("test", LISTER, f"did:web:{host}"),))
    found = look_up(world, entry(address=address), issuers={"7": "https://register.example/issuers/7"})
    assert [code for code, _ in codes(found)] == ["not_on_list", *remarks]


def test_an_unsigned_list_says_nothing_either_way() -> None:
    world = World()
    world.publish_list(7)
    document = json.loads(world.web[LIST])
    del document["proof"]
    world.web[LIST] = json.dumps(document).encode()
    assert [outcome for _, outcome in codes(look_up(world, entry()))] == ["not_checked"]


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"[]", b'{"a": 1}', b"\xff" * 100])
def test_what_is_no_list_says_nothing_either_way(body: bytes) -> None:
    world = World()
    world.web[LIST] = body
    assert [outcome for _, outcome in codes(look_up(world, entry()))] == ["not_checked"]


def test_a_kind_of_status_that_is_not_known_is_left_open() -> None:
    found = look_up(World(), {"type": "StatusOfTomorrow", "id": LIST})
    assert codes(found) == [("status_unsupported", "not_checked")]


@pytest.mark.parametrize(("listed", "code"), [(["urn:uuid:1"], "revoked_by_list"), (["urn:uuid:2"], "not_on_list")])
def test_1edtechs_list_of_ids_is_read_as_it_is_published(listed: list[str], code: str) -> None:
    world = World()
    world.web[LIST] = json.dumps({"revokedCredentials": [{"id": one, "revoked": True} for one in listed]}).encode()
    assert codes(look_up(world, {"type": "1EdTechRevocationList", "id": LIST}))[0][0] == code


# Registers ------------------------------------------------------------------------------------------------------------


class Holding(World):
    """Registers that hold what they are told of one issuer."""

    def __init__(self, held: Withdrawals) -> None:
        super().__init__()
        self.held = held

    def find_withdrawals(self, issuer: str) -> Withdrawals:
        assert issuer == ISSUER
        return self.held


def withdrawn(*said: tuple[str, str], fresh: bool = True) -> Withdrawals:
    changes = tuple(
        Withdrawal(state, moment(when), "fraud", "o", index)  # type: ignore[arg-type]
        for index, (state, when) in enumerate(said)
    )
    return Withdrawals(True, {COMMITMENT: changes} if changes else {}, fresh)


def ask(held: Withdrawals, at: str = "2025-06-01", commitment: str | None = COMMITMENT) -> list[tuple[str, str]]:
    findings, anchors = check_withdrawals([ISSUER], commitment, Holding(held), moment(at))
    assert anchors == held.anchors
    return codes(findings)


def test_the_last_entry_in_force_counts() -> None:
    assert ask(withdrawn()) == [("not_withdrawn", "pass")]
    assert ask(withdrawn(("revoked", "2025-05-01"))) == [("revoked", "fail")]
    assert ask(withdrawn(("suspended", "2025-05-01"))) == [("suspended", "fail")]
    assert ask(withdrawn(("suspended", "2025-05-01"), ("reinstated", "2025-05-20"))) == [("not_withdrawn", "pass")]
    assert ask(withdrawn(("suspended", "2025-05-01"), ("reinstated", "2025-06-20"))) == [("suspended", "fail")]


def test_what_takes_effect_later_is_told() -> None:
    assert ask(withdrawn(("revoked", "2025-07-01"))) == [("not_withdrawn", "pass"), ("withdrawn_later", "warning")]
    assert ask(withdrawn(("revoked", "2025-07-01")), "2025-07-01") == [("revoked", "fail")]


def test_a_register_that_is_not_fresh_or_not_there_leaves_it_open() -> None:
    assert ask(withdrawn(fresh=False)) == [("not_withdrawn", "pass"), ("withdrawals_stale", "not_checked")]
    assert ask(withdrawn(("revoked", "2025-05-01"), fresh=False))[0] == ("revoked", "fail")
    world = World(unreachable=True)
    findings, _ = check_withdrawals([ISSUER], COMMITMENT, world, NOW)
    assert codes(findings) == [("withdrawals_unchecked", "not_checked")]


def test_without_a_receipt_revocations_of_one_who_anchors_cannot_be_seen() -> None:
    assert ask(Withdrawals(anchors=True), commitment=None) == [("withdrawals_unseen", "warning")]
    assert ask(withdrawn(("revoked", "2025-05-01")), commitment=None) == [("withdrawals_hidden", "not_checked")]
    assert ask(Withdrawals(), commitment=None) == []


STATES = st.sampled_from(["revoked", "suspended", "reinstated"])


@given(st.lists(st.tuples(STATES, st.integers(0, 20)), max_size=6), st.integers(0, 20))
def test_it_stands_as_the_plain_reading_of_the_entries_has_it(said: list[tuple[str, int]], day: int) -> None:
    start = moment("2025-01-01")
    stands = "reinstated"
    for state, when in said:
        if when <= day:
            stands = state
    held = withdrawn(*((state, (start + when * DAY).date().isoformat()) for state, when in said))
    first = ask(held, (start + day * DAY).date().isoformat())[0]
    assert first == (("not_withdrawn", "pass") if stands == "reinstated" else (stands, "fail"))
