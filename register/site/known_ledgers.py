"""Ledgers whose keys this page brings along, for checks of receipts in the browser: our own and those we follow."""

from __future__ import annotations

from typing import NamedTuple

from django.conf import settings

from register.queries.peers import list_peers
from register.records import RegisterRecord


class KnownLedger(NamedTuple):
    """A ledger with all keys under which its checkpoints counted; `register` is its origin unless it is ours."""

    origin: str
    register: str
    vkeys: str


def list_ledgers(own: RegisterRecord | None) -> list[KnownLedger]:
    """Return our own ledger and those of the peers that are recognised now; one query."""
    found = []
    if own is not None:
        keys = [key.vkey for key in own.keys if key.use == "log"]
        found.append(KnownLedger(settings.ASSAY_ORIGIN, "", " ".join(dict.fromkeys([own.vkey, *keys]))))
    for peer in list_peers():
        if peer.withdrawal is None:
            found.append(KnownLedger(peer.origin, peer.origin, " ".join((*peer.vkeys, *peer.former_vkeys))))
    return found
