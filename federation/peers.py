"""The peers this node follows, as its own code sees them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from federation.cosigners import read_vkey
from federation.errors import UnknownPeer
from federation.models import Following
from ledger.tlog.note import VerifierKey
from register.queries import peers as recorded
from register.records import PeerRecord

FOLLOWING = "following"
PAUSED = "paused"
FROZEN = "frozen"
WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Peer:
    """A recognised peer. `keys` verify its log's new checkpoints, `witness_keys` its cosignatures on any log.

    `former_keys`, of log and witness, verify only what was stored while they were in use: to a new checkpoint they say
    nothing, since whoever finds a key long retired could sign another history with it. `url` is its base address
    without a trailing slash; its ledger lies below `url` + `/ledger`.
    """

    id: UUID
    origin: str
    name: str
    url: str
    keys: tuple[VerifierKey, ...]
    witness_keys: tuple[VerifierKey, ...]
    territory: tuple[str, ...]
    remit: tuple[str, ...] | None
    max_age_seconds: int | None
    status: str
    former_keys: tuple[VerifierKey, ...] = ()

    @property
    def all_keys(self) -> tuple[VerifierKey, ...]:
        """Every key that ever verified something of it: for opening again what is stored here, and for nothing else."""
        return (*self.keys, *self.witness_keys, *self.former_keys)


def list_peers(*statuses: str) -> list[Peer]:
    """Return the peers in these statuses (all, if none is named), by origin."""
    rows = Following.objects.filter(status__in=statuses) if statuses else Following.objects.all()
    return [read_peer(row) for row in rows.order_by("origin")]


def find_peer(origin: str) -> Peer:
    """Return the peer of an origin; raises `UnknownPeer`."""
    row = Following.objects.filter(origin=origin).first()
    if row is None:
        raise UnknownPeer(f"expected the origin of a recognised peer, got {origin[:80]!r}; see /federation")
    return read_peer(row)


def read_peer(row: Following) -> Peer:
    """Return a peer out of its row, the keys parsed."""
    return Peer(
        id=row.peer,
        origin=row.origin,
        name=row.name,
        url=row.url,
        keys=tuple(map(read_vkey, row.vkeys)),
        witness_keys=tuple(map(read_vkey, row.witness_vkeys)),
        territory=tuple(row.territory),
        remit=None if row.remit is None else tuple(row.remit),
        max_age_seconds=row.max_age_seconds,
        status=row.status,
        former_keys=tuple(map(read_vkey, row.former_vkeys)),
    )


def refresh() -> None:
    """Make the rows of `Following` say what our own ledger says of its peers; what only the rows know stays.

    Of several recognitions of one origin the last counts. May run at any time, twice, and beside a follower.
    """
    rows = {row.origin: row for row in Following.objects.defer("pending")}
    for record in _last_recognised(recorded.list_peers()):
        row = rows.get(record.origin)
        if row is None:
            status = WITHDRAWN if record.withdrawal else FOLLOWING
            Following.objects.get_or_create(origin=record.origin, defaults={**_fields(record), "status": status})
        elif changes := _find_changes(record, row):
            # By its id, too: of two who find it recognised anew, the later one must not thaw what froze in between.
            Following.objects.filter(origin=record.origin, peer=row.peer).update(**changes)


def _last_recognised(records: Iterable[PeerRecord]) -> Iterable[PeerRecord]:
    return {record.origin: record for record in sorted(records, key=lambda one: one.recognised.index)}.values()


def _find_changes(record: PeerRecord, row: Following) -> dict[str, Any]:
    fields = {name: value for name, value in _fields(record).items() if getattr(row, name) != value}
    if record.withdrawal and row.status != WITHDRAWN:
        fields |= {"status": WITHDRAWN, "status_reason": record.withdrawal.reason, "pending": None}
    elif not record.withdrawal and row.peer != UUID(record.id):  # recognised anew
        fields |= {"status": FOLLOWING, "status_reason": "", "failures": 0, "next_attempt": None}
        fields |= {"error_code": "", "error_message": ""}
    return fields


def _fields(record: PeerRecord) -> dict[str, Any]:
    return {
        "peer": UUID(record.id),
        "name": record.name,
        "url": record.address,
        "vkeys": list(record.vkeys),
        "witness_vkeys": list(record.witness_vkeys),
        "former_vkeys": [*record.former_vkeys, *record.former_witness_vkeys],
        "territory": list(record.territory),
        "remit": None if record.remit is None else list(record.remit),
        "max_age_seconds": record.max_age_seconds,
    }
