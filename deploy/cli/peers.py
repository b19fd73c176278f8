"""Peers: what an answer proves from the ledgers of registers that the node's own ledger recognises.

Nothing is taken from the node but bytes: which keys a peer signs with, what it is heard about and how old its word may
be stands in entries of the node's own ledger, which were proven before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deploy.cli.evidence import Proven, Unproven, check_evidence, check_own_keys, check_transaction_time, list_origins
from deploy.cli.keys import Keys
from ledger.tlog.note import parse_vkey
from register.knowledge import recognise, replay_proven
from register.records import PeerRecord
from register.state import State
from register.trust import AskedQuestion
from register.trust.facts import Recognition


@dataclass(frozen=True, slots=True)
class Witnessed:
    """What is known of one ledger: its state out of proven entries, and how the node's own ledger stands to it."""

    state: State
    proven: Proven
    recognition: Recognition


def check_peers(answer: Mapping[str, Any], own: State, asked: AskedQuestion) -> list[Witnessed]:
    """Verify the evidence from ledgers other than the node's own; raises Unproven, or a TlogError or RegisterError."""
    return [_check_peer(answer, origin, own, asked) for origin in list_origins(answer) if origin != own.origin]


def _check_peer(answer: Mapping[str, Any], origin: str, own: State, asked: AskedQuestion) -> Witnessed:
    recognition = recognise(own, origin)
    if not recognition.recognised:
        raise Unproven(f"evidence from {origin[:100]!r}, which the node's own ledger does not show to be recognised")
    keys = _read_keys(own.peers[own.peer_of[origin]])
    proven = check_evidence(answer, keys)
    check_transaction_time(proven, asked, origin)
    state = replay_proven(origin, proven.entries, proven.size)
    check_own_keys(state.register, keys)
    return Witnessed(state, proven, recognition)


def _read_keys(peer: PeerRecord) -> Keys:
    log = tuple(parse_vkey(vkey) for vkey in peer.vkeys)
    witness = tuple(parse_vkey(vkey) for vkey in peer.witness_vkeys)
    former = frozenset((*peer.former_vkeys, *peer.former_witness_vkeys))
    return Keys(peer.origin, log, witness, pinned=True, former=former)
