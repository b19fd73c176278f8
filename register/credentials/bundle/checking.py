"""Checking a bundle from end to end, as whoever downloads one does once: every entry, every place in the index.

The index is a function of the entries, so it is made anew and compared. Of a bundle that holds whole ledgers this shows
that nothing is left out: what an index of all entries names is all there is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest

from register.credentials.bundle.index import Sorter, list_postings
from register.credentials.bundle.ledger import Ledger
from register.credentials.bundle.registers import BundleRegisters
from register.credentials.bundle.writing import OUTSIDE_TERRITORY, Filed, file_entry, to_microseconds
from register.credentials.errors import BadBundle
from register.errors import MalformedEvent
from register.events import parse


@dataclass(frozen=True, slots=True)
class Checked:
    """What was checked of one ledger. `set_aside` entries of a peer count for nothing, by the word of the node."""

    origin: str
    size: int
    entries: int
    set_aside: int

    @property
    def whole(self) -> bool:
        """Whether every entry of the ledger is in the bundle."""
        return self.entries == self.size


def check_whole(bundle: BundleRegisters, advance: Callable[[int], None]) -> list[Checked]:
    """Prove every entry, and that the index names exactly what it must; `advance` is told how many entries are done.

    Raises BadBundle.
    """
    return [_check(ledger, advance, own=number == 0) for number, ledger in enumerate(bundle.ledgers)]


def _check(ledger: Ledger, advance: Callable[[int], None], *, own: bool) -> Checked:
    count = set_aside = 0
    with Sorter() as sorter:
        for index, entry in ledger.read_all():
            postings = _expect(ledger, index, entry, own=own)
            sorter.add(postings)
            count += 1
            set_aside += not postings
            if count % 1000 == 0:
                advance(1000)
        if any(expected != got for expected, got in zip_longest(sorter.read_sorted(), ledger.index.read_all())):
            raise BadBundle("incomplete", f"the index of {ledger.origin} in the bundle does not fit its entries")
    if count != ledger.count:
        raise BadBundle("incomplete", f"expected {ledger.count} entries of {ledger.origin} in the bundle, got {count}")
    advance(count % 1000)
    return Checked(ledger.origin, ledger.size, count, 0 if own else set_aside)


def _expect(ledger: Ledger, index: int, entry: bytes, *, own: bool) -> list[bytes]:
    """Return the postings an entry must have: all of its own, for a peer's entry that was set aside none or marked."""
    try:
        event = parse(entry)
    except MalformedEvent as error:
        if own:
            raise BadBundle("damaged", f"entry {index} of {ledger.origin} cannot be read: {error}") from None
        return []
    plain = list_postings(event, index)
    if not own and not any(map(ledger.index.holds, plain)):
        return []
    marked = list_postings(event, index, marked=True)
    if not own and ledger.index.holds(marked[-1]):
        return file_entry(Filed(index, entry, OUTSIDE_TERRITORY))
    if ledger.read_time(index) != to_microseconds(event.time):
        raise BadBundle("damaged", f"the bundle gives entry {index} of {ledger.origin} another time than its own")
    return plain
