"""Ledger keys: under which keys the checkpoint of a receipt counts, by what registers' own ledgers say.

Keys that were replaced count for what they signed in their time, save those reported stolen: a node, a bundle and the
command line ask here. The witness of every register that is recognised vouches for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from register.credentials.ports import LedgerKeys
from register.records import PeerRecord, RegisterRecord
from register.trust.facts import read_recognition

_NOTHING: Final[Mapping[str, RegisterRecord]] = MappingProxyType({})


def list_ledger_keys(
    own: RegisterRecord,
    origin: str,
    peers: Iterable[PeerRecord],
    told: Mapping[str, RegisterRecord] = _NOTHING,
) -> Mapping[str, LedgerKeys]:
    """Return by origin the keys of a register's own ledger (`origin`) and of those of the peers it recognises.

    `told` is what peers' ledgers, as far as they are at hand, say of themselves: a key that a peer reports stolen
    counts no more, also while our own ledger still names it.
    """
    recognised = [peer for peer in peers if read_recognition(own, peer).recognised]
    found = [_read_own(own, origin), *(_read_peer(peer, told.get(peer.origin)) for peer in recognised)]
    witnesses = tuple(dict.fromkeys(key for keys in found for key in keys.own_witnesses))
    return {keys.origin: replace(keys, witnesses=witnesses) for keys in reversed(found)}


def _read_own(register: RegisterRecord, origin: str) -> LedgerKeys:
    stolen = _list_stolen(register) - {register.vkey, register.witness_vkey}
    log, witness = (_list_keys(register, use) for use in ("log", "witness"))
    return _sort(origin, (register.vkey, *log), (register.witness_vkey, *witness), stolen)


def _read_peer(peer: PeerRecord, register: RegisterRecord | None) -> LedgerKeys:
    stolen = frozenset() if register is None else _list_stolen(register)
    log, witness = (*peer.vkeys, *peer.former_vkeys), (*peer.witness_vkeys, *peer.former_witness_vkeys)
    return _sort(peer.origin, log, witness, stolen)


def _sort(origin: str, log: Iterable[str], witness: Iterable[str], stolen: frozenset[str]) -> LedgerKeys:
    signing = tuple(dict.fromkeys(log))
    vouching = tuple(key for key in dict.fromkeys(witness) if key not in stolen)
    sound = tuple(key for key in signing if key not in stolen)
    return LedgerKeys(origin, sound, vouching, vouching, tuple(key for key in signing if key in stolen))


def _list_keys(register: RegisterRecord, use: str) -> tuple[str, ...]:
    return tuple(key.vkey for key in register.keys if key.use == use)


def _list_stolen(register: RegisterRecord) -> frozenset[str]:
    return frozenset(key.vkey for key in register.keys if key.reason == "compromised")
