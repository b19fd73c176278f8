"""Our witness's signature under a checkpoint that we fetched ourselves, since the peer's submission did not arrive.

It goes through the same door as a submission: the witness wants a proof from what it cosigned last, and our verified
copy gives it.
"""

from __future__ import annotations

import logging

from federation import forks, witness
from federation.models import Cosigned
from federation.sync.targets import Target
from ledger.reader import DatabaseNodeReader, get_log
from ledger.tlog.errors import TlogError
from ledger.tlog.merkle import prove_consistency, read_root
from ledger.tlog.witness import WitnessRefusal, format_add_checkpoint

log = logging.getLogger(__name__)


def countersign(origin: str, target: Target) -> None:
    """Have our witness cosign a checkpoint whose entries we hold, unless it did or knows a larger one.

    A witness that cannot sign right now is logged: the copy does not depend on it. Raises `PeerFrozen` when the witness
    cosigned another history than the one copied here.
    """
    last = Cosigned.objects.filter(origin=origin).first()
    size = last.size if last else 0
    if size > target.size or (last and size == target.size and _signed_this(last, target)):
        return
    copy = DatabaseNodeReader(get_log(origin).id, target.size, target.root)
    if last and size and read_root(size, copy) != bytes(last.root):
        forks.examine(origin, bytes(last.note), target.note, copy)
        return
    try:
        witness.cosign(format_add_checkpoint(size, prove_consistency(size, target.size, copy), target.note))
    except (WitnessRefusal, witness.WitnessUnavailable, TlogError) as error:
        log.warning("our witness does not cosign %s at size %d: %s", origin, target.size, error)


def _signed_this(last: Cosigned, target: Target) -> bool:
    """Tell whether the witness's last signature is of this tree and no earlier than the peer's own."""
    return bytes(last.root) == target.root and last.time >= target.time.replace(microsecond=0)
