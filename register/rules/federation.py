"""Rules for peers, for reports of forks, and for a register's own change of keys.

What they check rests on this ledger alone, so an audit of it can check it again: the keys of another register are
those that this one recorded for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ledger.tlog.checkpoint import Checkpoint, open_checkpoint
from ledger.tlog.errors import TlogError
from ledger.tlog.fork import SAME_SIZE, check_fork, parse_fork
from ledger.tlog.note import VerifierKey, parse_vkey
from register.errors import Conflict, NotEntitled, NotFound, Refused
from register.events import Event
from register.records import PeerRecord, RegisterRecord
from register.sentences import Coded, Said, Term, Written, cite, say
from register.state import State

_KEYS = frozenset({"vkeys", "witness_vkeys"})
"""All of a peer's record that the node itself may change, when it follows what the peer announced."""


def find_peer(state: State, origin: str) -> PeerRecord | None:
    """Return the last recognised peer of an origin, withdrawn or not; None where there never was one."""
    record_id = state.peer_of.get(origin)
    return None if record_id is None else state.peers[record_id]


def check_peer_recognised(event: Event, state: State) -> None:
    """A peer is another register, recognised once at a time, by keys that are its own."""
    data = event.data
    _must_be_operator(event)
    if data.origin == state.origin or data.address == event.source:
        field = "origin" if data.origin == state.origin else "address"
        raise Refused("same_party", field, say("expected another register; a register is no peer of itself"))
    known = find_peer(state, data.origin)
    if known is not None and known.withdrawal is None:
        sentence = say("{origin} is a peer already: {url}; amend that one", origin=data.origin, url=known.url)
        raise Conflict("peer_taken", "origin", sentence)
    _check_keys(data, data.origin, state)
    _check_remit(data.remit, data.territory)


def _must_be_operator(event: Event) -> None:
    if event.data.actor.role != "operator":
        raise NotEntitled("not_entitled", "actor", say("{type} may be said by operator; got node", type=event.type))


def _check_keys(data: Any, origin: str, state: State) -> None:
    ours = {key.public_key for key in _parse_keys(_all_keys(state.register))}
    for field in ("vkeys", "witness_vkeys"):
        for position, vkey in enumerate(getattr(data, field) or ()):
            key = parse_vkey(vkey)
            if field == "vkeys" and key.name != origin:
                raise Refused("key_of_another", f"vkeys.{position}", _say_whose(origin, key))
            if key.public_key in ours:
                sentence = say("expected a key of the peer, got one of this register")
                raise Refused("key_of_another", f"{field}.{position}", sentence)


def _say_whose(origin: str, key: VerifierKey) -> Said:
    return say("expected a key of {origin}, got {name}'s", origin=origin, name=key.name)


def _all_keys(register: RegisterRecord | None) -> list[str]:
    return [key.vkey for key in register.keys] if register else []


def _parse_keys(vkeys: Iterable[str]) -> list[VerifierKey]:
    """Read the keys that can be read; of an opening entry any text is taken as a key."""
    found = []
    for vkey in vkeys:
        try:
            found.append(parse_vkey(vkey))
        except TlogError:
            continue
    return found


def _check_remit(remit: Sequence[str] | None, territory: Sequence[str]) -> None:
    for position, country in enumerate(remit or ()):
        if country not in territory:
            sentence = say(
                "expected countries of the peer's territory, got {country}, for which it does not speak; leave it out",
                country=Coded(country, Term("countries", country)),
            )
            raise Refused("outside_territory", f"remit.{position}", sentence)


def check_peer_amended(event: Event, state: State) -> None:
    """An amendment changes something of a peer that is still recognised; the node itself only changes its keys."""
    data, peer = event.data, state.peers[event.subject_id]
    given = data.given()
    if data.actor.role == "node" and not given.keys() <= _KEYS:
        sentence = say("the node by itself follows a peer's keys and changes nothing else")
        raise NotEntitled("not_entitled", "actor", sentence)
    _must_be_recognised(peer)
    if not given:
        sentence = say("expected at least one field with a new value, got none; say what changes")
        raise Refused("nothing_changes", "", sentence)
    if given.get("address") == event.source:
        raise Refused("same_party", "address", say("expected the address of another register, got this one's own"))
    _check_keys(data, peer.origin, state)
    _check_remit(given.get("remit", peer.remit), given.get("territory", peer.territory))


def check_peer_withdrawn(event: Event, state: State) -> None:
    """A recognition is withdrawn once."""
    _must_be_operator(event)
    _must_be_recognised(state.peers[event.subject_id])


def _must_be_recognised(peer: PeerRecord) -> None:
    if peer.withdrawal:
        since = Written(peer.withdrawal.effective_from)
        sentence = say("the recognition is withdrawn already, since {since}; recognise it anew", since=since)
        raise Conflict("already_withdrawn", "", sentence)


def check_fork_reported(event: Event, state: State) -> None:
    """Both notes are checkpoints of the origin, signed by keys this register recorded for it, and proven to disagree.

    Two roots of one size show it by themselves; anything else needs the file that proves it.
    """
    data = event.data
    keys = _parse_keys(_recorded_keys(data.origin, state))
    older, newer = (_open(getattr(data, field), keys, data.origin, field) for field in ("older", "newer"))
    if data.proof is not None:
        _check_proof(data, keys)
    elif data.kind != SAME_SIZE or older.size != newer.size or older.root == newer.root:
        sentence = say(
            "expected two roots of one size, or a file that proves the fork, got sizes {older} and {newer} "
            "with {roots}; give the evidence file",
            older=older.size,
            newer=newer.size,
            roots=say("one root") if older.root == newer.root else say("two roots"),
        )
        raise Refused("evidence_unproven", "proof", sentence)


def _check_proof(data: Any, keys: Sequence[VerifierKey]) -> None:
    try:
        fork = parse_fork(data.proof.encode())
        check_fork(fork, keys)
    except TlogError as error:
        sentence = say("the file does not prove it: {why}", why=cite(error))
        raise Refused("evidence_unproven", "proof", sentence) from error
    said = (data.origin, data.kind, data.older.encode(), data.newer.encode())
    if said != (fork.origin, fork.kind, fork.older, fork.newer):
        sentence = say("expected a file about these two notes, got one about others")
        raise Refused("evidence_unproven", "proof", sentence)


def _recorded_keys(origin: str, state: State) -> list[str]:
    if origin == state.origin:
        return _all_keys(state.register)
    peer = find_peer(state, origin)
    if peer is None:
        sentence = say("expected the origin of a peer, got {origin}; recognise it first", origin=origin)
        raise NotFound("peer_unknown", "origin", sentence)
    return [*peer.vkeys, *peer.former_vkeys, *peer.witness_vkeys, *peer.former_witness_vkeys]


def _open(note: str, keys: Sequence[VerifierKey], origin: str, field: str) -> Checkpoint:
    try:
        return open_checkpoint(note.encode(), keys, origin).checkpoint
    except TlogError as error:
        sentence = say("no checkpoint that proves anything: {why}", why=cite(error))
        raise Refused("evidence_unproven", field, sentence) from error


def check_key_rotated(event: Event, state: State) -> None:
    """Each new key takes the place of the one in use, was never one before, and a log's is named like the log."""
    data, register = event.data, state.register
    assert register is not None  # or else the entry is refused for its place
    for use, change, present in (
        ("log", data.log, register.vkey),
        ("witness", data.witness, register.witness_vkey),
    ):
        if change is not None:
            _check_change(use, change, present, register)
    if any(key.valid_from > data.effective_from for key in register.keys if key.valid_until is None):
        raise Refused(
            "effective_outside_period",
            "effective_from",
            say("expected a date not before the present key came into use; give a later one"),
        )


def _check_change(use: str, change: Any, present: str, register: RegisterRecord) -> None:
    if change.former_vkey != present:
        raise Refused("key_not_present", f"{use}.former_vkey", say("expected the key in use, {key}", key=present))
    key = parse_vkey(change.vkey)
    if use == "log" and key.name != register.id:
        raise Refused("key_of_another", "log.vkey", _say_whose(register.id, key))
    if any(key.public_key == earlier.public_key for earlier in _parse_keys(_all_keys(register))):
        sentence = say("expected a new key, got one that this register has had before")
        raise Refused("key_used_before", f"{use}.vkey", sentence)
