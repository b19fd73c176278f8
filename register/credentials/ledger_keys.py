"""Ledger keys: under which keys the checkpoint of a receipt counts, by what a register's own ledger says.

Keys that were replaced count for what they signed in their time, save those reported stolen. The witness of every
register that is recognised vouches for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from register.credentials.ports import LedgerKeys
from register.records import PeerRecord, RegisterRecord


def list_ledger_keys(own: RegisterRecord, origin: str, peers: Iterable[PeerRecord]) -> Mapping[str, LedgerKeys]:
    """Return by origin the keys of a register's own ledger (`origin`) and of those of the peers it recognises."""
    recognised = [peer for peer in peers if peer.withdrawal is None]
    vouching = (key for peer in recognised for key in (*peer.witness_vkeys, *peer.former_witness_vkeys))
    witnesses = tuple(dict.fromkeys([*_list_own(own, "witness"), *vouching]))
    found = {origin: LedgerKeys(origin, _list_own(own, "log"), witnesses)}
    return found | {
        peer.origin: LedgerKeys(peer.origin, (*peer.vkeys, *peer.former_vkeys), witnesses) for peer in recognised
    }


def _list_own(register: RegisterRecord, use: str) -> tuple[str, ...]:
    present = register.vkey if use == "log" else register.witness_vkey
    sound = [key.vkey for key in register.keys if key.use == use and key.reason != "compromised"]
    return tuple(dict.fromkeys((present, *sound)))
