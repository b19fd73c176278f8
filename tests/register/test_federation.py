"""Peers, forks and keys of registers: what the entries say, what is refused, what follows, who may say it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import ValidationError

from ledger.tlog.checkpoint import open_checkpoint
from ledger.tlog.fork import format_fork, prove_fork
from ledger.tlog.merkle import Node
from register import payloads
from register.errors import Conflict, NotEntitled, NotFound, Refused
from register.events import first_fault
from register.rules.federation import find_peer
from tests import ledgers, reference
from tests.ledgers import NODE, ORIGIN, SOURCE, Ledger
from tests.register.refusals_of_peers import (
    LOG,
    NEXT,
    OPENING,
    OWN,
    OWN_NEXT,
    OWN_WITNESS,
    PEER_ORIGIN,
    PEER_SOURCE,
    WITNESS,
    A,
    B,
    fork_terms,
    rotation,
    sign,
    terms,
)  # fmt: skip


class Nodes:
    """The nodes of a tree, hashed the slow way."""

    def __init__(self, entries: list[bytes]) -> None:
        self.entries = entries

    def read_nodes(self, nodes: Sequence[Node]) -> list[bytes]:
        return [reference.mth(self.entries[n.index << n.level : (n.index + 1) << n.level]) for n in nodes]


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(opening=OPENING)


@pytest.fixture
def recognised(ledger: Ledger) -> Ledger:
    ledger.say("peer.recognised", A, terms(remit=["BE"], max_age_seconds=3600))
    return ledger


def refuse(ledger: Ledger, event_type: str, subject: str, data: dict[str, Any]) -> Refused:
    with pytest.raises(Refused) as refusal:
        ledger.say(event_type, subject, data)
    return refusal.value


def test_a_peer_is_recorded_with_what_is_accepted_from_it(recognised: Ledger) -> None:
    peer = recognised.state.peers[A]
    assert (peer.origin, peer.remit, peer.max_age_seconds) == (PEER_ORIGIN, ("BE",), 3600)
    assert (peer.url, peer.entries, peer.recognised.index) == (f"{SOURCE}/peers/{A}", (1,), 1)
    assert find_peer(recognised.state, PEER_ORIGIN) == peer
    assert find_peer(recognised.state, "nobody.example/ledger") is None


def test_a_withdrawn_peer_can_be_recognised_anew_but_not_amended(recognised: Ledger) -> None:
    recognised.say("peer.withdrawn", A, {"reason": "forked", "note": "Two trees of size 7."})
    gone = recognised.state.peers[A].withdrawal
    assert gone is not None
    assert gone.effective_from == recognised.time
    assert refuse(recognised, "peer.amended", A, {"name": "X"}).code == "already_withdrawn"
    assert refuse(recognised, "peer.withdrawn", A, {"reason": "forked"}).code == "already_withdrawn"
    recognised.say("peer.recognised", B, terms())
    again = find_peer(recognised.state, PEER_ORIGIN)
    assert again is not None
    assert again.id == B


def test_keys_given_up_are_remembered_and_null_empties(recognised: Ledger) -> None:
    recognised.say("peer.amended", A, {"vkeys": [str(NEXT.verifier)], "remit": None, "name": None})
    peer = recognised.state.peers[A]
    assert (peer.vkeys, peer.former_vkeys) == ((str(NEXT.verifier),), (str(LOG.verifier),))
    assert (peer.remit, peer.name) == (None, "Register BE")
    recognised.say("peer.amended", A, {"vkeys": [str(LOG.verifier), str(NEXT.verifier)]})
    assert recognised.state.peers[A].former_vkeys == ()


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"origin": ORIGIN, "vkeys": [str(OWN_NEXT.verifier)]}, "same_party", "origin"),
        ({"address": SOURCE}, "same_party", "address"),
        ({"vkeys": [str(LOG.verifier), str(OWN_NEXT.verifier)]}, "key_of_another", "vkeys.1"),
        ({"witness_vkeys": [str(OWN_WITNESS.verifier)]}, "key_of_another", "witness_vkeys.0"),
        ({"remit": ["BE", "NL"]}, "outside_territory", "remit.1"),
        ({"actor": NODE}, "not_entitled", "actor"),
        ({"actor": ledgers.as_agency(ledgers.WIDE)}, "not_entitled", "actor"),
    ],
)
def test_is_no_peer(ledger: Ledger, fields: dict[str, Any], code: str, field: str) -> None:
    refusal = refuse(ledger, "peer.recognised", A, terms(**fields))
    assert (refusal.code, refusal.field) == (code, field)
    assert ledger.state.peers == {}


def test_a_register_is_recognised_once_at_a_time(recognised: Ledger) -> None:
    refusal = refuse(recognised, "peer.recognised", B, terms(address="https://else.example"))
    assert isinstance(refusal, Conflict)
    assert (refusal.code, refusal.field) == ("peer_taken", "origin")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "nothing_changes"),
        ({"name": None}, "nothing_changes"),
        ({"remit": ["FR"]}, "outside_territory"),
        ({"territory": ["LU"]}, "outside_territory"),
        ({"address": SOURCE}, "same_party"),
        ({"vkeys": [str(OWN.verifier)]}, "key_of_another"),
        ({"name": "X", "actor": NODE}, "not_entitled"),
        ({"remit": None, "vkeys": [str(NEXT.verifier)], "actor": NODE}, "not_entitled"),
    ],
)
def test_an_amendment_is_refused(recognised: Ledger, changes: dict[str, Any], code: str) -> None:
    assert refuse(recognised, "peer.amended", A, changes).code == code


def test_the_node_itself_may_follow_a_peers_keys(recognised: Ledger) -> None:
    recognised.say("peer.amended", A, {"vkeys": [str(LOG.verifier), str(NEXT.verifier)], "actor": NODE})
    assert len(recognised.state.peers[A].vkeys) == 2
    assert isinstance(refuse(recognised, "peer.withdrawn", A, {"reason": "forked", "actor": NODE}), NotEntitled)


def test_an_unknown_peer_is_neither_amended_nor_withdrawn(ledger: Ledger) -> None:
    assert isinstance(refuse(ledger, "peer.amended", A, {"name": "X"}), NotFound)
    assert refuse(ledger, "peer.withdrawn", A, {"reason": "closed"}).code == "peer_unknown"


def test_two_roots_of_one_size_are_a_fork(recognised: Ledger) -> None:
    recognised.say("fork.reported", B, fork_terms(sign(5), sign(5, leaf="other"), shown_by="https://x.example"))
    fork = recognised.state.forks[B]
    assert (fork.origin, fork.kind, fork.shown_by) == (PEER_ORIGIN, "same_size", "https://x.example")
    assert fork.recorded.index == recognised.last


def test_a_fork_signed_with_a_key_given_up_is_still_one(recognised: Ledger) -> None:
    recognised.say("peer.amended", A, {"vkeys": [str(NEXT.verifier)]})
    recognised.say("peer.withdrawn", A, {"reason": "key_compromised"})
    recognised.say("fork.reported", B, fork_terms(sign(5), sign(5, leaf="other", by=NEXT)))


def test_another_kind_of_fork_needs_the_file_that_proves_it(recognised: Ledger) -> None:
    keys = [LOG.verifier, WITNESS.verifier]
    entries = [f"other {index}".encode() for index in range(9)]
    proof = prove_fork(open_checkpoint(sign(5), keys), open_checkpoint(sign(9, leaf="other"), keys), Nodes(entries))
    told = fork_terms(proof.older, proof.newer, kind=proof.kind, proof=format_fork(proof).decode())
    assert refuse(recognised, "fork.reported", B, {**told, "proof": None}).field == "proof"
    assert refuse(recognised, "fork.reported", B, {**told, "newer": sign(9).decode()}).field == "proof"
    assert refuse(recognised, "fork.reported", B, {**told, "kind": "rolled_back"}).field == "proof"
    recognised.say("fork.reported", B, told)
    assert recognised.state.forks[B].proof == format_fork(proof).decode()


@pytest.mark.parametrize(
    ("older", "newer", "field"),
    [
        (sign(5), sign(5), "proof"),
        (sign(5), sign(6, leaf="other"), "proof"),
        (sign(5), b"no note at all\n", "newer"),
        (sign(5, by=NEXT), sign(5, leaf="other"), "older"),
        (sign(5), sign(5, leaf="other").replace(b"\n5\n", b"\n6\n"), "newer"),
        (sign(5), sign(5, leaf="other", by=OWN, origin=ORIGIN), "newer"),
    ],
)
def test_what_proves_no_fork_is_refused(recognised: Ledger, older: bytes, newer: bytes, field: str) -> None:
    refusal = refuse(recognised, "fork.reported", B, fork_terms(older, newer))
    assert (refusal.code, refusal.field) == ("evidence_unproven", field)


def test_a_fork_of_a_stranger_or_by_an_operator_is_refused(ledger: Ledger) -> None:
    told = fork_terms(sign(5), sign(5, leaf="other"))
    assert refuse(ledger, "fork.reported", B, told).code == "peer_unknown"
    assert refuse(ledger, "fork.reported", B, {**told, "actor": ledgers.OPERATOR}).code == "not_entitled"


def test_our_own_fork_can_be_reported_under_any_key_we_had(ledger: Ledger) -> None:
    ledger.say("register.key_rotated", "", rotation())
    notes = (sign(5, by=OWN, origin=ORIGIN), sign(5, leaf="other", by=OWN_NEXT, origin=ORIGIN))
    ledger.say("fork.reported", B, fork_terms(*notes, origin=ORIGIN))


def test_a_rotation_gives_the_register_a_new_key_and_a_history(ledger: Ledger) -> None:
    ledger.say("register.key_rotated", "", rotation(overlap_until="2023-03-01"))
    register = ledger.state.register
    assert register is not None
    assert (register.vkey, register.witness_vkey) == (str(OWN_NEXT.verifier), str(OWN_WITNESS.verifier))
    history = [(key.use, key.vkey == register.vkey, key.reason, key.recorded.index) for key in register.keys]
    assert history == [("log", False, "scheduled", 0), ("witness", False, None, 0), ("log", True, None, 1)]
    former, _, new = register.keys
    assert former.valid_from == former.recorded.time
    assert former.valid_until is not None
    assert former.valid_until.isoformat()[:10] == "2023-03-01"
    assert new.valid_from.isoformat()[:10] == "2023-02-01"
    assert register.entries == (0, 1)


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"log": {"vkey": str(OWN_NEXT.verifier), "former_vkey": str(NEXT.verifier)}}, "key_not_present",
         "log.former_vkey"),
        ({"log": {"vkey": str(OWN.verifier), "former_vkey": str(OWN.verifier)}}, "key_used_before", "log.vkey"),
        ({"log": {"vkey": str(NEXT.verifier), "former_vkey": str(OWN.verifier)}}, "key_of_another", "log.vkey"),
        ({"effective_from": "2022-12-31"}, "effective_outside_period", "effective_from"),
        ({"actor": ledgers.OPERATOR}, "not_entitled", "actor"),
    ],
)  # fmt: skip
def test_a_rotation_is_refused(ledger: Ledger, fields: dict[str, Any], code: str, field: str) -> None:
    refusal = refuse(ledger, "register.key_rotated", "", rotation(**fields))
    assert (refusal.code, refusal.field) == (code, field)


def test_a_key_given_up_never_comes_back(ledger: Ledger) -> None:
    ledger.say("register.key_rotated", "", rotation())
    back = {"vkey": str(OWN.verifier), "former_vkey": str(OWN_NEXT.verifier)}
    assert refuse(ledger, "register.key_rotated", "", rotation(log=back)).code == "key_used_before"


@pytest.mark.parametrize(
    ("model", "data", "field"),
    [
        (payloads.PeerTerms, terms(vkeys=[]), "vkeys"),
        (payloads.PeerTerms, terms(vkeys=["garbage"]), "vkeys.0"),
        (payloads.PeerTerms, terms(vkeys=[str(WITNESS.verifier)]), "vkeys.0"),
        (payloads.PeerTerms, terms(witness_vkeys=[str(LOG.verifier)]), "witness_vkeys.0"),
        (payloads.PeerTerms, terms(origin="with space/ledger"), "origin"),
        (payloads.PeerTerms, terms(address=PEER_SOURCE + "/"), "address"),
        (payloads.PeerTerms, terms(address="file:///etc/passwd"), "address"),
        (payloads.PeerTerms, terms(remit=[]), "remit"),
        (payloads.PeerTerms, terms(remit=["ATLANTIS"]), "remit.0"),
        (payloads.PeerTerms, terms(max_age_seconds=0), "max_age_seconds"),
        (payloads.PeerTerms, terms(max_age_seconds="3600"), "max_age_seconds"),
        (payloads.PeerEnding, {"reason": "no such reason"}, "reason"),
        (payloads.ForkTerms, fork_terms(sign(5), sign(6), kind="odd"), "kind"),
        (payloads.ForkTerms, fork_terms(sign(5), sign(6), proof="\n" * 40_000), ""),
        (payloads.ForkTerms, fork_terms(sign(5), sign(6), proof="a\x00b"), "proof"),
        (payloads.KeyRotationTerms, rotation(log=None), ""),
        (payloads.KeyRotationTerms, rotation(reason="compromised", overlap_until="2023-03-01"), ""),
        (payloads.KeyRotationTerms, rotation(overlap_until="2023-02-01"), ""),
        (payloads.KeyRotationTerms, rotation(log={"vkey": "x", "former_vkey": "y"}), "log.vkey"),
    ],
)
def test_is_refused_at_its_field(model: type[payloads.Payload], data: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        model.model_validate(data)
    assert first_fault(refusal.value)[0] == field


def test_the_longest_evidence_fits_into_an_entry(recognised: Ledger) -> None:
    told = fork_terms(sign(5), sign(5, leaf="other"))
    room = payloads.federation.MAX_EVIDENCE - sum(
        len(told[name].encode()) + told[name].count("\n") for name in ("older", "newer")
    )
    entry = recognised.draft("fork.reported", B, {**told, "proof": "—" * (room // 3)})
    assert len(entry) < 0xFFFF
    payloads.ForkTerms.model_validate({**told, "proof": "—" * (room // 3)})
    with pytest.raises(ValidationError):
        payloads.ForkTerms.model_validate({**told, "proof": "—" * (room // 3 + 1)})
