"""Entries for pages: rows of the read model joined with the exact bytes in the ledger, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ledger.logs import SignedCheckpointRow
from ledger.reader import Evidence, read_evidence
from register import events
from register.errors import RegisterError
from register.events import Event
from register.queries.lists import EventRow
from register.queries.selecting import Page
from register.queries.single import HistoryItem
from register.receipts import path_to_entry
from register.site import entry_words
from register.site.directory import Directory
from register.site.entry_words import EntryWords, Parties
from register.site.links import PATHS, carry, with_query
from register.site.reading import read_directory
from register.site.remembering import gettext
from register.site.words import spell_count

_NAMED: Final = ("agency.", "issuer.", "programme.")
"""Types of entries about a thing that has a name; what others are about is told by whose it is."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its row, what it says in words, and its bytes with a receipt that has been checked.

    `replaced` is the newest entry that corrects it, among those that were read.
    """

    row: EventRow
    words: EntryWords
    evidence: Evidence
    event: Event | None
    replaced: int | None = None

    @property
    def page(self) -> str:
        """The address of its page."""
        return path_to_entry(self.row.origin, self.row.index)

    @property
    def replacement(self) -> SafeString:
        """The sentence that names the entry that corrects it; nothing where there is none."""
        if self.replaced is None:
            return SafeString("")
        address, number = path_to_entry(self.row.origin, self.replaced), spell_count(self.replaced)
        words = gettext('Replaced by <a href="{address}">entry {number}</a>.')
        return format_html(words, address=address, number=number)


def read_entries(
    rows: Sequence[EventRow],
    checkpoint: SignedCheckpointRow | None,
    links: Mapping[str, SafeString] | None = None,
    later: Sequence[EventRow] = (),
) -> list[Entry]:
    """Return entries of the checkpoint's log in words; two or three queries however many they are.

    `links` to things by their ids spare the query for the names of these; `later` are entries that are not shown and
    may correct the ones that are (`list_later`): a whole history holds them itself. Rows that the checkpoint does not
    cover yet are left out: a page shows nothing that cannot be proven. Raises LedgerDamaged when stored bytes do not
    prove themselves.
    """
    if checkpoint is None or not rows:
        return []
    covered = [row for row in rows if row.index < checkpoint.size]
    read = [*covered, *(row for row in later if row.index < checkpoint.size)]
    proven = read_evidence(checkpoint.origin, [row.index for row in read], checkpoint)
    parsed = {row.index: _parse(proven[row.index].data) for row in read}
    known = dict(links or {})
    unknown = [thing for thing in _find_ids(covered, parsed.values()) if thing not in known]
    directory = Directory(read_directory(unknown, checkpoint.origin).listed, known)
    replaced = _find_replaced(read, parsed)
    return [
        Entry(
            row,
            _tell(parsed[row.index], row, directory),
            proven[row.index],
            parsed[row.index],
            replaced.get((row.uid, row.index)),
        )
        for row in covered
    ]


def find_older(kind: str, record_id: str, history: Page[HistoryItem], origin: str) -> str | None:
    """Return the address of those entries of a history that a page leaves out; None where it shows all.

    Those of our own ledger are listed by the explorer, those of a peer's copy by the API.
    """
    if history.next is None:
        return None
    if origin == settings.ASSAY_ORIGIN:
        return with_query("/ledger", subject=record_id, before=history.next)
    path = f"/api/v1/{PATHS[kind]}/{record_id}/history"
    return None if kind == "programme" else carry(path, register=origin, after=history.next)


def _find_replaced(
    rows: Iterable[EventRow], parsed: Mapping[int, Event | None]
) -> Mapping[tuple[str | None, int], int]:
    """Return the newest correction of each entry that has one, by its thing and index; what is set aside is none."""
    found: dict[tuple[str | None, int], int] = {}
    for row in rows:
        event = parsed[row.index]
        corrects = getattr(event.data, "corrects", None) if event is not None and row.quarantine is None else None
        if corrects is not None:
            found[row.uid, corrects] = max(row.index, found.get((row.uid, corrects), 0))
    return found


def _parse(data: bytes) -> Event | None:
    try:
        return events.parse(data)
    except RegisterError:
        return None


def _tell(event: Event | None, row: EventRow, directory: Directory) -> EntryWords:
    if event is None:
        return entry_words.UNREADABLE
    parties = Parties(row.uid, row.issuer, row.agency, row.origin)
    return entry_words.tell(event, parties, directory)


def _find_ids(rows: Iterable[EventRow], parsed: Iterable[Event | None]) -> Iterator[str | None]:
    """Yield the ids of things that entries name and that have a name."""
    for row in rows:
        yield from (row.uid if row.type.startswith(_NAMED) else None, row.issuer, row.agency)
    for event in parsed:
        data: Any = event.data if event else None
        yield from (getattr(data, name, None) for name in ("other", "sealer", "awarding_body", "programme"))
