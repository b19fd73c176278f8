"""Bundling: the ledgers as an offline bundle takes them, read in small steps from the ledger and the read model.

Every row read is of entries below a signed checkpoint and never changes, so that no transaction stays open while a
bundle is sent. Names of tables are those of the ledger and of register/models.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, LiteralString

from ledger.database import fetch_all
from ledger.tile_files import read_tile
from ledger.tlog.tiles import Tile
from register.credentials.bundle.writing import Filed, split_every
from register.errors import NotFound
from register.identifiers import Identifier
from register.queries.facts import Gathered, gather_many
from register.state import claims_of
from register.trust import AskedQuestion, Question, RegisterFacts

_CHUNK: Final = 256
_QUESTIONS: Final = 200

_LEDGERS: Final[LiteralString] = """
    SELECT l.id, l.origin, k.size, k.note FROM ledger_log l JOIN register_cursor c ON c.log_id = l.id
    JOIN LATERAL (
        SELECT size, note FROM ledger_checkpoint WHERE log_id = l.id AND size <= c.size AND size > 0
        ORDER BY size DESC, time DESC LIMIT 1
    ) k ON true
    WHERE l.origin = %(own)s OR EXISTS (
        SELECT FROM register_peer p JOIN ledger_log o ON o.id = p.log_id
        WHERE o.origin = %(own)s AND p.origin = l.origin
            AND p.recorded_from < (SELECT max(size) FROM ledger_checkpoint WHERE log_id = o.id)
    )
    ORDER BY l.origin <> %(own)s, l.id
"""
_ENTRIES: Final[LiteralString] = """
    SELECT e.index, e.data, h.quarantine FROM ledger_entry e
    JOIN register_happening h ON h.log_id = e.log_id AND h.index = e.index
    WHERE e.log_id = %s AND e.index = ANY(%s::bigint[]) ORDER BY e.index
"""
_TIMES: Final[LiteralString] = (
    "SELECT time FROM register_happening WHERE log_id = %s AND index >= %s AND index < %s ORDER BY index"
)
_OF_REGISTER: Final[LiteralString] = """
    SELECT index FROM register_happening WHERE log_id = %s AND index < %s AND quarantine IS NULL
    AND (type LIKE 'register.%%' OR type LIKE 'peer.%%')
"""
_OF_CREDENTIALS: Final[LiteralString] = """
    SELECT recorded_from FROM register_batch WHERE log_id = %(log)s AND issuer = ANY(%(issuers)s::uuid[])
    UNION SELECT recorded_from FROM register_withdrawal WHERE log_id = %(log)s AND issuer = ANY(%(issuers)s::uuid[])
"""


@dataclass(frozen=True, slots=True)
class StoredLedger:
    """A log kept here, as far as its newest checkpoint that the read model has reached (writing.LedgerSource).

    `indexes` are the entries chosen, `issuers` those whom they are chosen for; None: all.
    """

    log_id: int
    origin: str
    size: int
    note: bytes
    indexes: tuple[int, ...] | None = None
    issuers: tuple[str, ...] | None = None

    def read_entries(self) -> Iterator[Filed]:
        """Yield the entries that go into the bundle, ascending."""
        wanted: Iterable[int] = range(self.size) if self.indexes is None else self.indexes
        for chunk in split_every(wanted, _CHUNK):
            rows = fetch_all(_ENTRIES, (self.log_id, chunk))
            if len(rows) != len(chunk):
                raise NotFound("not_found", "", f"expected {len(chunk)} entries of {self.origin}, found {len(rows)}")
            yield from (Filed(*row) for row in rows)

    def read_times(self) -> Iterator[datetime | None]:
        """Yield the time of every entry."""
        for start in range(0, self.size, _CHUNK * 16):
            rows = fetch_all(_TIMES, (self.log_id, start, min(start + _CHUNK * 16, self.size)))
            yield from (row[0] for row in rows)

    def read_tile(self, tile: Tile) -> bytes:
        """Return a hash tile; raises as ledger.tile_files does."""
        return read_tile(self.origin, tile)


def list_ledgers(own: str) -> list[StoredLedger]:
    """Return every log kept here that has a checkpoint and that our own ledger names, or has named; our own first."""
    return [StoredLedger(*row) for row in fetch_all(_LEDGERS, {"own": own})]


@dataclass(slots=True)
class _Chosen:
    """What was found in one log so far: entries, and the issuers that were asked for."""

    indexes: set[int] = field(default_factory=set)
    issuers: set[str] = field(default_factory=set)

    def add(self, facts: RegisterFacts) -> None:
        """Take in every entry of every record."""
        records: list[Any] = [*facts.accreditations, *facts.keys, *facts.relations, *facts.mandates]
        records += [*facts.agencies.values(), *facts.issuers.values(), *facts.programmes.values()]
        self.indexes.update(index for record in records for index in record.entries)


def choose(ledgers: Sequence[StoredLedger], asked: Sequence[Identifier], now: datetime) -> list[StoredLedger]:
    """Return the ledgers with just the entries that questions about some issuers may need.

    Those are what a question about each reads, and what one about every identifier and key of these issuers reads: who
    else held it. Raises NotFound (`issuer_unknown`) for an issuer that no register knows.
    """
    chosen: dict[str, _Chosen] = defaultdict(_Chosen)
    claims: dict[Identifier, None] = {}
    for identifier, gathered in zip(asked, _gather(asked, now), strict=True):
        if not any(gathered.facts.asked.values()):
            raise NotFound("issuer_unknown", "", f"no register here knows {identifier.scheme}:{identifier.value}")
        for register in gathered.facts.registers:
            chosen[register.origin].add(register)
            chosen[register.origin].issuers.update(_list_reached(gathered, register))
            claims |= dict.fromkeys(_list_claims(register, chosen[register.origin].issuers))
    for gathered in _gather(list(claims), now):
        for register in gathered.facts.registers:
            chosen[register.origin].add(register)
    return [_narrow(ledger, chosen[ledger.origin]) for ledger in ledgers]


def _gather(asked: Sequence[Identifier], now: datetime) -> Iterator[Gathered]:
    for some in split_every(asked, _QUESTIONS):
        questions = [Question(one, now, key=one.value) for one in some]
        yield from gather_many([AskedQuestion(question) for question in questions], now)


def _list_reached(gathered: Gathered, register: RegisterFacts) -> set[str]:
    """Return the issuers a question is about: those named, and all that relations lead to."""
    facts, origin = gathered.facts, register.origin
    named = {*facts.asked.get(origin, ()), *facts.shared.get(origin, ())}
    return named | {issuer for relation in register.relations for issuer in (relation.issuer, relation.other)}


def _list_claims(register: RegisterFacts, issuers: Iterable[str]) -> list[Identifier]:
    records = [register.issuers[issuer] for issuer in issuers if issuer in register.issuers]
    held = [claim for record in records for claim in claims_of(record)]
    held += [claim for key in register.keys if key.issuer in issuers for claim in claims_of(key)]
    return [Identifier(*claim) for claim in held]


def _narrow(ledger: StoredLedger, chosen: _Chosen) -> StoredLedger:
    found = {index for (index,) in fetch_all(_OF_REGISTER, (ledger.log_id, ledger.size))}
    issuers = sorted(chosen.issuers)
    rows = fetch_all(_OF_CREDENTIALS, {"log": ledger.log_id, "issuers": issuers}) if issuers else []
    found |= chosen.indexes | {index for (index,) in rows}
    indexes = tuple(sorted(index for index in found if index < ledger.size))
    return StoredLedger(ledger.log_id, ledger.origin, ledger.size, ledger.note, indexes, tuple(issuers))
