"""A peer's entries: what may not stand is kept and set aside with its reason, and the rest goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings

from ledger import writer
from register import events
from register.ids import new_id
from register.models import VERSIONS, Cursor, Happening
from register.projection import catch_up, replaying
from register.queries.cuts import resolve_cut
from register.queries.peers import find_register, list_peers
from register.queries.single import read_history
from register.sentences import Said, from_text, say, to_text
from tests import factories
from tests.register import refusals_of_peers as peers

ORIGIN = "register.be.example/ledger"
SOURCE = "http://register.be.example"
OPENING = {
    "name": "Register BE", "territory": ["BE"], "operator": "Operator BE", "vkey": "v", "witness_vkey": "w",
    "statement_jwk": {"kty": "OKP"}, "actor": {"role": "node"},
}  # fmt: skip
OPERATOR = {"role": "operator"}
START = datetime(2026, 1, 1, tzinfo=UTC)


class Peer:
    """A peer's log as it arrives here: entries one after the other, each an hour later."""

    def __init__(self) -> None:
        self.size = 0
        writer.open_log(ORIGIN, own=False)

    def say(self, event_type: str, path: str, data: dict[str, Any], **envelope: Any) -> int:
        """Add an event; return its index."""
        time = envelope.pop("time", START + timedelta(hours=self.size))
        event_id = envelope.pop("event_id", new_id())
        return self.put(
            events.draft(event_type, event_id=event_id, source=SOURCE, subject=SOURCE + path, time=time, data=data)
        )

    def put(self, entry: bytes) -> int:
        """Add an entry's bytes."""
        writer.extend(ORIGIN, self.size, [entry])
        self.size += 1
        return self.size - 1

    def issuer(self, **fields: Any) -> str:
        """Register an issuer and return its id."""
        issuer = new_id()
        data = {"names": {"en": "Peer College"}, "country": "BE", "actor": OPERATOR, **fields}
        self.say("issuer.registered", f"/issuers/{issuer}", data)
        return issuer


@pytest.fixture
def peer(db: None) -> Peer:
    factories.open_register()
    peer = Peer()
    peer.say("register.opened", "", OPENING)
    return peer


def reasons() -> dict[int, str | None]:
    found = Happening.objects.filter(quarantine__isnull=False, log__origin=ORIGIN)
    return dict(found.values_list("index", "quarantine"))


def test_a_sound_ledger_is_projected_whole(peer: Peer) -> None:
    issuer = peer.issuer()
    assert catch_up(ORIGIN) == 2
    assert catch_up(ORIGIN) == 0
    assert VERSIONS["issuer"].objects.get(uid=issuer).country == "BE"
    assert reasons() == {}
    assert replaying.check() is None


def test_what_cannot_be_read_is_set_aside(peer: Peer) -> None:
    garbage = peer.put(b"not an event")
    unknown = peer.put(
        events.draft(
            "moon.landed", event_id=new_id(), source=SOURCE, subject=SOURCE, time=START, data={"actor": OPERATOR}
        )
    )
    issuer = peer.issuer()
    catch_up(ORIGIN)
    assert reasons() == {garbage: "malformed", unknown: "unknown_type"}
    assert VERSIONS["issuer"].objects.filter(uid=issuer).exists()
    assert Happening.objects.get(log__origin=ORIGIN, index=garbage).message
    assert replaying.check() is None


def test_a_field_name_that_no_database_takes_is_set_aside_like_any_other(peer: Peer) -> None:
    data = {"names": {"en": "Odd"}, "country": "BE", "actor": {**OPERATOR, "\x00": 1}}
    odd = peer.say("issuer.registered", f"/issuers/{new_id()}", data)
    catch_up(ORIGIN)
    assert reasons() == {odd: "malformed"}


def test_an_issuer_outside_the_territory_leaves_a_marked_record(peer: Peer) -> None:
    issuer = peer.issuer(country="NL", identifiers=[{"scheme": "pic", "value": "999974456"}])
    catch_up(ORIGIN)
    row = VERSIONS["issuer"].objects.get(uid=issuer)
    assert row.quarantine == "outside_territory"
    assert reasons() == {1: "outside_territory"}
    assert replaying.check() is None


def test_why_an_entry_was_set_aside_is_kept_as_a_sentence_and_older_rows_stay_as_they_are(peer: Peer) -> None:
    peer.issuer(country="NL")
    catch_up(ORIGIN)
    row = Happening.objects.get(log__origin=ORIGIN, index=1)
    told = from_text(str(row.message))
    assert isinstance(told, Said), "pages can tell it in any language"
    assert row.message != told
    Happening.objects.filter(log__origin=ORIGIN, index=1).update(message=f"{told}")
    assert replaying.check() is None, "a row of an older version says the same"
    Happening.objects.filter(log__origin=ORIGIN, index=1).update(message="Because.")
    found = replaying.check()
    assert found is not None
    assert (found.table, found.index, found.what) == ("register_happening", 1, "differs")
    Happening.objects.filter(log__origin=ORIGIN, index=1).update(message=to_text(say("Because.")))
    assert replaying.check() is not None, "nor may a sentence say anything else"


def test_a_marked_identifier_does_not_keep_others_out(peer: Peer) -> None:
    claim = [{"scheme": "pic", "value": "999974456"}]
    peer.issuer(country="NL", identifiers=claim)
    rightful = peer.issuer(identifiers=claim)
    catch_up(ORIGIN)
    assert VERSIONS["issuer"].objects.get(uid=rightful).quarantine is None
    assert replaying.check() is None


@pytest.mark.parametrize(
    "path", ["/issuers/not-a-uuid", "/issuers/", "/agencies/00000000-0000-7000-8000-000000000000", "/issuers/x/y/z", ""]
)
def test_an_odd_address_is_set_aside(peer: Peer, path: str) -> None:
    peer.say("issuer.registered", path, {"names": {"en": "Odd"}, "country": "BE", "actor": OPERATOR})
    catch_up(ORIGIN)
    assert reasons() == {1: "source_not_own"}


def test_an_odd_programme_in_a_scope_does_not_stop_anything(peer: Peer) -> None:
    agency, issuer, accreditation = new_id(), peer.issuer(), new_id()
    terms = {"names": {"en": "Agency"}, "country": "BE", "valid_from": "2015-01-01", "actor": OPERATOR}
    peer.say("agency.recognised", f"/agencies/{agency}", terms)
    grant = {"issuer": issuer, "agency": agency, "valid_from": "2020-01-01", "actor": OPERATOR}
    grant["scope"] = {"programmes": ["'; --", "https://elsewhere.example/p"]}
    peer.say("accreditation.granted", f"/accreditations/{accreditation}", grant)
    catch_up(ORIGIN)
    assert reasons() == {3: "programme_unknown"}


def test_time_that_runs_back_is_set_aside_and_does_not_move_the_cut(peer: Peer) -> None:
    issuer = new_id()
    data = {"names": {"en": "Late"}, "country": "BE", "actor": OPERATOR}
    peer.say("issuer.registered", f"/issuers/{issuer}", data, time=START - timedelta(days=1))
    catch_up(ORIGIN)
    assert reasons() == {1: "time_before_last"}
    assert Happening.objects.get(log__origin=ORIGIN, index=1).time == START
    assert Cursor.objects.get(log__origin=ORIGIN).time == START


def test_a_relations_id_is_not_used_twice(peer: Peer) -> None:
    one, two, event_id = peer.issuer(), peer.issuer(), new_id()
    data = {"relation": "alliance", "valid_from": "2020-01-01", "actor": OPERATOR}
    peer.say("issuer.related", f"/issuers/{one}", {**data, "other": two}, event_id=event_id)
    again = peer.say("issuer.related", f"/issuers/{two}", {**data, "other": one}, event_id=event_id)
    catch_up(ORIGIN)
    assert reasons() == {again: "id_taken"}
    assert replaying.check() is None


def test_a_wider_scope_than_the_agencys_stands_for_the_decision_to_narrow(peer: Peer) -> None:
    agency, issuer, accreditation = new_id(), peer.issuer(), new_id()
    terms = {"names": {"en": "Agency"}, "country": "BE", "valid_from": "2015-01-01", "actor": OPERATOR}
    peer.say("agency.recognised", f"/agencies/{agency}", {**terms, "scope": {"eqf_levels": [5, 6]}})
    grant = {"issuer": issuer, "agency": agency, "valid_from": "2020-01-01", "actor": OPERATOR}
    peer.say("accreditation.granted", f"/accreditations/{accreditation}", {**grant, "scope": {"eqf_levels": [5, 6, 7]}})
    catch_up(ORIGIN)
    assert VERSIONS["accreditation"].objects.get(uid=accreditation).eqf_levels == [5, 6, 7]
    assert reasons() == {}


@pytest.mark.parametrize("step", [1, 2, 3, 7])
def test_the_rows_are_the_same_in_whatever_steps_they_come(peer: Peer, step: int) -> None:
    claim = [{"scheme": "pic", "value": "999974456"}]
    first = peer.issuer(identifiers=claim)
    peer.put(b"{}")
    peer.issuer(identifiers=claim)
    peer.issuer(country="NL")
    amendment = {"identifiers": [], "acronym": "X", "actor": OPERATOR}
    peer.say("issuer.amended", f"/issuers/{first}", amendment)
    peer.issuer(identifiers=claim)
    while catch_up(ORIGIN, step):
        pass
    assert reasons() == {2: "malformed", 3: "identifier_taken", 4: "outside_territory"}
    assert replaying.check() is None


@pytest.mark.parametrize("step", [1, 2, 99])
def test_a_refusal_names_the_same_holder_in_whatever_steps_it_comes(peer: Peer, step: int) -> None:
    def claim(start: str, end: str | None) -> list[dict[str, Any]]:
        return [{"scheme": "pic", "value": "999974456", "valid_from": start, "valid_until": end}]

    late = peer.issuer()
    peer.issuer(identifiers=claim("2010-01-01", "2020-01-01"))
    amendment = {"identifiers": claim("2020-01-01", None), "actor": OPERATOR}
    peer.say("issuer.amended", f"/issuers/{late}", amendment)
    peer.issuer(identifiers=claim("2015-01-01", None))
    while catch_up(ORIGIN, step):
        pass
    assert reasons() == {4: "identifier_taken"}
    assert replaying.check() is None


def test_whom_a_peer_recognises_is_its_own_business(peer: Peer) -> None:
    told, own = {**peers.terms(), "actor": OPERATOR}, VERSIONS["peer"].objects
    theirs = {"vkeys": [str(peers.ELSE.verifier)], "origin": "else.example/ledger"}
    peer.say("peer.recognised", f"/peers/{new_id()}", {**told, **theirs})
    itself = peer.say("peer.recognised", f"/peers/{new_id()}", told)
    twice = peer.say("peer.recognised", f"/peers/{new_id()}", {**told, **theirs})
    catch_up(ORIGIN)
    assert reasons() == {itself: "same_party", twice: "peer_taken"}
    assert [row.origin for row in own.all()] == ["else.example/ledger"]
    assert list_peers() == []
    assert replaying.check() is None


@pytest.mark.parametrize("step", [1, 2, 99])
def test_a_peers_peers_come_and_go_in_whatever_steps_they_come(peer: Peer, step: int) -> None:
    first, second = new_id(), new_id()
    terms = {**peers.terms(origin="else.example/ledger", vkeys=[str(peers.ELSE.verifier)]), "actor": OPERATOR}
    peer.say("peer.recognised", f"/peers/{first}", terms)
    peer.say("peer.withdrawn", f"/peers/{first}", {"reason": "closed", "actor": OPERATOR})
    peer.say("peer.recognised", f"/peers/{second}", terms)
    late = peer.say("peer.amended", f"/peers/{first}", {"name": "X", "actor": OPERATOR})
    twice = peer.say("peer.recognised", f"/peers/{new_id()}", terms)
    while catch_up(ORIGIN, step):
        pass
    assert reasons() == {late: "already_withdrawn", twice: "peer_taken"}
    assert replaying.check() is None


def test_a_peers_own_change_of_key_is_a_version_of_its_register(peer: Peer) -> None:
    change = {"vkey": str(peers.LOG.verifier), "former_vkey": "v"}
    told = {"log": change, "reason": "scheduled", "effective_from": "2026-02-01", "actor": {"role": "node"}}
    peer.say("register.key_rotated", "", told)
    wrong = peer.say("register.key_rotated", "", told)
    catch_up(ORIGIN)
    assert reasons() == {wrong: "key_not_present"}
    register = find_register(ORIGIN)
    assert register is not None
    assert (register.vkey, register.entries) == (str(peers.LOG.verifier), (0, 1))
    assert replaying.check() is None


def test_a_peer_that_speaks_in_our_name_says_nothing(db: None) -> None:
    factories.open_register()
    ours, own = factories.make_issuer(), settings.ASSAY_BASE_URL
    false = Peer()
    claim = {"names": {"en": "False"}, "country": "BE", "actor": OPERATOR}
    for event_type, path, data in (("register.opened", "", OPENING), ("issuer.registered", f"/issuers/{ours}", claim)):
        said = events.draft(event_type, event_id=new_id(), source=own, subject=own + path, time=START, data=data)
        false.put(said)
    catch_up(ORIGIN)
    assert reasons() == {0: "source_not_own", 1: "source_not_own"}
    assert [row.log.origin for row in VERSIONS["issuer"].objects.filter(uid=ours)] == [settings.ASSAY_ORIGIN]
    assert replaying.check() is None


def test_an_id_of_ours_used_by_a_peer_does_not_get_into_our_history(peer: Peer) -> None:
    ours = factories.make_issuer()
    for _ in range(3):
        factories.make_issuer()
    data = {"names": {"en": "Same id"}, "country": "BE", "actor": OPERATOR}
    peer.say("issuer.registered", f"/issuers/{new_id()}", data)
    peer.say("issuer.registered", f"/issuers/{new_id()}", data)
    peer.say("issuer.registered", f"/issuers/{ours}", data)
    catch_up(ORIGIN)
    assert reasons() == {}
    history = read_history("issuer", ours, resolve_cut()).items
    assert [item.event.index for item in history] == [1]
