"""What the pages about the federation read: peers with our copies of them, who cosigned what, forks, alerts.

Reading only, a fixed number of queries however many peers there are. Lines of witnesses are matched by name and key
ID to the keys of recognised peers; they were verified before they were stored (federation.sync, federation.witness).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, LiteralString
from uuid import UUID

from django.conf import settings

from federation.models import Alert, Cosigned, Evidence, Following, Submission
from federation.peers import WITHDRAWN, Peer, read_peer
from ledger.database import fetch_all
from ledger.logs import SignedCheckpointRow
from ledger.tlog.note import COSIGNATURE, VerifierKey, parse_note, parse_vkey
from register.queries.lists import EVENT_COLUMNS, EventRow

COUNTED: Final = 1_000
"""So many entries set aside are counted, no more: a hostile peer may have millions of them."""
NEWEST: Final = 50
"""So many forks and alerts are shown."""
_COSIGNATURE_BYTES: Final = 8 + 64

KeyName = tuple[str, bytes]
"""What a signature line names a key by: its name and key ID."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Our copy of a peer's log: its size, its newest checkpoint, how many of its entries were set aside (≤ COUNTED)."""

    size: int = 0
    checkpoint: SignedCheckpointRow | None = None
    quarantined: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """A witness's line under a checkpoint: whose, when, and which peer that is (None: no peer of ours)."""

    name: str
    time: datetime | None
    peer: UUID | None


@dataclass(frozen=True, slots=True)
class Followed:
    """A peer with all that its row on the page says.

    `given` is what our witness cosigned of it last, `asked` how far its witness has cosigned us; `received` its line
    under our newest checkpoint; `lines` those of others under its newest one. `forks` and `alerts` are about its log.
    """

    peer: Peer
    row: Following
    copy: Copy
    given: Cosigned | None
    asked: Submission | None
    received: Line | None
    lines: tuple[Line, ...]
    forks: tuple[Evidence, ...]
    alerts: tuple[Alert, ...]

    @property
    def lag(self) -> int:
        """Entries that the peer has signed, as far as we heard, and that our copy lacks."""
        return max(0, self.row.seen_size - self.copy.size)

    @property
    def mirror(self) -> str:
        """The path below which our copy is served: hex SHA-256 of the origin, as in C2SP tlog-mirror."""
        return f"/mirror/{sha256(self.peer.origin.encode()).hexdigest()}"

    @property
    def limit_seconds(self) -> int:
        """How old its newest checkpoint may be before its word no longer counts as fresh."""
        return self.peer.max_age_seconds or settings.ASSAY_FRESHNESS_SECONDS


@dataclass(frozen=True, slots=True)
class Board:
    """All peers by name, withdrawn ones last; lines under our own newest checkpoint, forks of any log, open alerts."""

    peers: tuple[Followed, ...]
    lines: tuple[Line, ...]
    forks: tuple[Evidence, ...]
    alerts: tuple[Alert, ...]

    def find(self, peer: UUID) -> Followed | None:
        """Return the peer with this id, if there is one."""
        return next((followed for followed in self.peers if followed.peer.id == peer), None)

    def name(self, line: Line) -> str:
        """Return the name of the peer whose line it is, else the name on the line."""
        found = self.find(line.peer) if line.peer else None
        return found.peer.name if found else line.name


def read_board(own: SignedCheckpointRow | None, own_witnesses: Iterable[str] = ()) -> Board:
    """Return everything about all peers; lines of our own witness, by its vkeys now and before, are left out."""
    rows = sorted(Following.objects.defer("pending"), key=lambda row: (row.status == WITHDRAWN, row.name, row.origin))
    peers = [read_peer(row) for row in rows]
    known = {_name(key): peer.id for peer in peers for key in _witness_keys(peer)}
    ours = {_name(parse_vkey(vkey)) for vkey in own_witnesses}
    copies = _read_copies([peer.origin for peer in peers])
    given = {row.origin: row for row in Cosigned.objects.defer("note", "root")}
    asked = {row.peer: row for row in Submission.objects.all()}
    forks = tuple(Evidence.objects.defer("older", "newer", "proof").order_by("-found_at")[:NEWEST])
    alerts = tuple(Alert.objects.filter(settled_at=None).order_by("-raised_at")[:NEWEST])
    lines = read_lines(own, known, ours)
    received = {line.peer: line for line in lines if line.peer}
    followed = []
    for row, peer in zip(rows, peers, strict=True):
        origin, copy = peer.origin, copies.get(peer.origin, Copy())
        theirs = read_lines(copy.checkpoint, known, ours | set(map(_name, _witness_keys(peer))))
        of_forks = tuple(fork for fork in forks if fork.origin == origin)
        of_alerts = tuple(alert for alert in alerts if alert.origin == origin)
        cosigned, submitted, line = given.get(origin), asked.get(peer.id), received.get(peer.id)
        followed.append(Followed(peer, row, copy, cosigned, submitted, line, theirs, of_forks, of_alerts))
    return Board(tuple(followed), lines, forks, alerts)


def _witness_keys(peer: Peer) -> tuple[VerifierKey, ...]:
    """Return the keys of a peer's witness, those it has replaced among them: for a while both sign."""
    return (*peer.witness_keys, *(key for key in peer.former_keys if key.type == COSIGNATURE))


def _name(key: VerifierKey) -> KeyName:
    return key.name, key.key_id


def read_lines(
    head: SignedCheckpointRow | None, known: Mapping[KeyName, UUID], left_out: Collection[KeyName]
) -> tuple[Line, ...]:
    """Return the witnesses' lines under a checkpoint but those of the keys in `left_out`, one a witness."""
    if head is None:
        return ()
    found: dict[UUID | KeyName, Line] = {}
    for signature in parse_note(head.note).signatures:
        key = (signature.name, signature.key_id)
        if signature.name != head.origin and key not in left_out:
            dated = len(signature.blob) == _COSIGNATURE_BYTES
            time = datetime.fromtimestamp(signature.time, UTC) if dated else None
            found[known.get(key, key)] = Line(signature.name, time, known.get(key))
    return tuple(found.values())


_COPIES: Final[LiteralString] = """
    SELECT l.origin, l.size, l.id, c.size, c.root, c.time, c.note, (
        SELECT count(*) FROM (
            SELECT FROM register_happening h WHERE h.log_id = l.id AND h.quarantine IS NOT NULL LIMIT %(counted)s
        ) aside)
    FROM ledger_log l LEFT JOIN LATERAL (
        SELECT size, root, time, note FROM ledger_checkpoint WHERE log_id = l.id ORDER BY size DESC, time DESC LIMIT 1
    ) c ON true
    WHERE l.origin = ANY(%(origins)s)
"""


def _read_copies(origins: Sequence[str]) -> dict[str, Copy]:
    rows = fetch_all(_COPIES, {"origins": list(origins), "counted": COUNTED})
    return {origin: Copy(size, _checkpoint(origin, *parts), aside) for origin, size, *parts, aside in rows}


def _checkpoint(
    origin: str, log_id: int, size: int | None, root: bytes, time: datetime, note: bytes
) -> SignedCheckpointRow | None:
    return None if size is None else SignedCheckpointRow(size, root, time, note, log_id, origin)


_ASIDE: Final[LiteralString] = f"""
    SELECT l.origin, {EVENT_COLUMNS} FROM register_happening h JOIN ledger_log l ON l.id = h.log_id
    WHERE l.origin = %(origin)s AND h.quarantine IS NOT NULL AND h.index < %(before)s
    ORDER BY h.index DESC LIMIT %(limit)s
"""
_CHECKPOINTS: Final[LiteralString] = """
    SELECT c.size, c.root, c.time, c.note, l.id, l.origin FROM ledger_checkpoint c JOIN ledger_log l ON l.id = c.log_id
    WHERE l.origin = %(origin)s ORDER BY c.size DESC, c.time DESC LIMIT %(limit)s
"""
_SAID: Final[LiteralString] = f"""
    SELECT l.origin, {EVENT_COLUMNS} FROM register_happening h JOIN ledger_log l ON l.id = h.log_id
    WHERE l.origin = %(own)s AND h.uid IN (
        SELECT uid FROM register_peer WHERE log_id = l.id AND origin = %(about)s
        UNION SELECT uid FROM register_fork WHERE log_id = l.id AND origin = %(about)s
    ) ORDER BY h.index DESC LIMIT %(limit)s
"""


def list_aside(origin: str, before: int, limit: int) -> list[EventRow]:
    """Return the newest entries of a log below an index that were set aside, with their reasons."""
    rows = fetch_all(_ASIDE, {"origin": origin, "before": before, "limit": limit})
    return [EventRow(*row) for row in rows]


def list_checkpoints(origin: str, limit: int) -> list[SignedCheckpointRow]:
    """Return the newest checkpoints that we hold of a log."""
    return [SignedCheckpointRow(*row) for row in fetch_all(_CHECKPOINTS, {"origin": origin, "limit": limit})]


def list_said(origin: str, limit: int) -> list[EventRow]:
    """Return our own ledger's newest entries about a peer, however often recognised, and about forks of its log."""
    asked = {"own": settings.ASSAY_ORIGIN, "about": origin, "limit": limit}
    return [EventRow(*row) for row in fetch_all(_SAID, asked)]
