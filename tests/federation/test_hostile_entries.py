"""Entries that are properly logged and signed, and claim what the peer may not say: kept, set aside, never applied."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from federation.sync import follow
from ledger import reader
from ledger.tlog import canonical
from register.models import AccreditationVersion, Happening, IssuerVersion, KeyVersion
from tests import factories, ledgers
from tests.federation import cast
from tests.ledgers import ARCADIA, MATHS, NARROW, UTOPIA, WIDE, Ledger, as_agency, as_issuer, make_id
from tests.peers import Peer

pytestmark = pytest.mark.django_db
STRANGE, NEW = make_id(0x700001), make_id(0x700002)

Say = Callable[[Ledger], Any]


@pytest.fixture
def liar() -> Peer:
    """DE, whose rules no longer refuse what it says itself."""
    peer = cast.open_country("de")
    peer.ledger.own = False
    ledgers.recognise(peer.ledger, NARROW, country="DE", scope={"eqf_levels": [5, 6]})
    return peer


@pytest.fixture
def honest() -> Iterator[Peer]:
    """FR, which only says what it may."""
    france = cast.open_country("fr", 3)
    with cast.following(france):
        yield france


def edit(ledger: Ledger, **changes: Any) -> None:
    """Append the entry of a registration with some of its envelope changed."""
    entry = json.loads(ledger.draft("issuer.registered", NEW, {"names": {"en": "New"}, "country": "DE"}))
    ledger.append(canonical.encode({**entry, **changes}))


def grant(ledger: Ledger, **fields: Any) -> None:
    ledgers.grant(ledger, STRANGE, **fields)


CLAIMS: dict[str, tuple[Say, str]] = {
    "another country": (lambda it: ledgers.register(it, NEW, country="FR"), "outside_territory"),
    "our country": (lambda it: ledgers.register(it, NEW, country="NL"), "outside_territory"),
    "to be another agency": (lambda it: grant(it, actor=as_agency(NARROW)), "not_entitled"),
    "to be an agency it does not know": (lambda it: grant(it, agency=NEW, actor=as_agency(NEW)), "not_entitled"),
    "a grant by an issuer": (lambda it: grant(it, actor=as_issuer(UTOPIA)), "not_entitled"),
    "an issuer it does not know": (lambda it: grant(it, issuer=NEW), "issuer_unknown"),
    "an agency nobody recognised": (lambda it: grant(it, agency=NEW, actor=ledgers.OPERATOR), "agency_unknown"),
    "a programme it does not know": (lambda it: grant(it, scope={"programmes": [MATHS]}), "programme_unknown"),
    "an id twice": (lambda it: ledgers.register(it, UTOPIA, country="DE"), "id_taken"),
    "our address for its own things": (
        lambda it: edit(it, source=ledgers.SOURCE, subject=f"{ledgers.SOURCE}/issuers/{NEW}"),
        "source_not_own",
    ),
    "our address for a thing of its own": (
        lambda it: edit(it, subject=f"{ledgers.SOURCE}/issuers/{NEW}"),
        "malformed",
    ),
    "to open again": (
        lambda it: it.say("register.opened", "", {**ledgers.OPENING, "territory": ["NL"]}),
        "register_not_opened",
    ),
    "a future version": (lambda it: edit(it, schemaversion="2"), "unknown_type"),
    "a future type": (lambda it: edit(it, type="issuer.levitated"), "unknown_type"),
    "a time before the last": (lambda it: edit(it, time="2001-01-01T00:00:00Z"), "time_before_last"),
    "nothing readable": (lambda it: it.append(b"\xff\xfe not JSON"), "malformed"),
    "nothing": (lambda it: it.append(b""), "malformed"),
    "65,535 brackets": (lambda it: it.append(b"[" * 65_535), "malformed"),
    "another spelling of JSON": (lambda it: it.append(b'{"a": 1}'), "malformed"),
}


@pytest.mark.parametrize(("claim", "code"), CLAIMS.values(), ids=CLAIMS.keys())
def test_a_claim_beyond_its_right_is_kept_set_aside_and_not_applied(
    claim: Say, code: str, liar: Peer, honest: Peer
) -> None:
    before = len(liar.entries)
    claim(liar.ledger)
    ledgers.register(liar.ledger, make_id(0x700009), country="DE")
    with cast.following(liar):
        assert follow(liar.origin).done, "what is in an entry stops no sync"
    cast.insist_on_copy(liar)
    log_id = reader.get_log(liar.origin).id
    aside = Happening.objects.filter(log=log_id).exclude(quarantine=None)
    assert [(row.index, row.quarantine) for row in aside] == [(before, code)]
    assert aside.get().message, "the operator reads why"
    assert cast.row_of(liar).error_code == "", "the peer is not at fault as a peer"
    assert not AccreditationVersion.objects.filter(quarantine=None).exists()
    assert not IssuerVersion.objects.filter(uid=UUID(NEW), quarantine=None).exists()
    assert IssuerVersion.objects.filter(uid=UUID(make_id(0x700009)), quarantine=None).exists(), "what follows counts"
    assert follow(honest.origin).done
    cast.insist_on_copy(honest)


def test_a_scope_wider_than_the_agencys_is_applied_as_said_and_noted(liar: Peer) -> None:
    grant(liar.ledger, agency=NARROW, actor=as_agency(NARROW), scope={"eqf_levels": [6, 7]})
    with cast.following(liar):
        follow(liar.origin)
    cast.insist_on_copy(liar)
    assert AccreditationVersion.objects.filter(uid=UUID(STRANGE)).count() == 1


def test_a_peer_cannot_touch_an_issuer_of_ours(liar: Peer) -> None:
    factories.open_register()
    ours = factories.make_issuer()
    address = f"http://register.nl.example/issuers/{ours}"
    liar.ledger.say("issuer.amended", ours, {"names": {"en": "Theirs now"}})
    liar.ledger.say("issuer.closed", ours, {"effective_from": "2024-01-01"}, subject=address)
    ledgers.bind(liar.ledger, NEW, issuer=ours, subject=f"{address}/keys/{NEW}")
    grant(liar.ledger, issuer=ours)
    before = list(IssuerVersion.objects.filter(uid=UUID(ours)).values_list("content", flat=True))
    with cast.following(liar):
        follow(liar.origin)
    cast.insist_on_copy(liar)
    assert list(IssuerVersion.objects.filter(uid=UUID(ours)).values_list("content", flat=True)) == before
    assert not KeyVersion.objects.exists()
    assert not AccreditationVersion.objects.filter(quarantine=None).exists()
    assert Happening.objects.exclude(quarantine=None).count() == 4


def test_a_peer_may_use_an_id_of_ours_for_a_thing_of_its_own_and_both_stay_apart(liar: Peer) -> None:
    factories.open_register()
    ours = factories.make_issuer()
    ledgers.register(liar.ledger, ours, country="DE")
    with cast.following(liar):
        follow(liar.origin)
    cast.insist_on_copy(liar)
    logs = IssuerVersion.objects.filter(uid=UUID(ours), recorded_until=None).values_list("log__own", flat=True)
    assert sorted(logs) == [False, True]
    assert ARCADIA != ours != WIDE
