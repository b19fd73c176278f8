"""Holdings: the batches of one issuer in one ledger, as they lie in a directory, each brought to its end.

A batch without a record was sealed and perhaps posted; it is registered before anything new is. So an interrupted run
is finished by the next one, whatever it was doing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from deploy.cli.anchoring import AnchoringError
from deploy.cli.anchoring.gathering import Gathered
from deploy.cli.anchoring.handing_out import LINES_ENDING, Advance, write_files, write_lines
from deploy.cli.anchoring.registration import Countersigned, Registered, read_record
from deploy.cli.anchoring.sealing import Batch, list_batches, open_batch
from register.credentials.reading.parts import RECEIPT_ENDING

LOCK: Final = ".lock"

Register = Callable[[Batch], Countersigned]


@contextmanager
def hold(directory: Path) -> Iterator[None]:
    """Keep a directory of batches to oneself; raises AnchoringError when another run holds it."""
    import fcntl  # not on every system on which credentials are verified

    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(directory / LOCK, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise AnchoringError(f"another assay anchor works in {directory}; wait for its end") from error
        yield


@dataclass(slots=True)
class Holdings:
    """The batches, with what the ledger says of each; `register` brings one there, `news` are those it brought."""

    register: Register
    batches: list[tuple[Batch, Registered]] = field(default_factory=list)
    news: list[tuple[Batch, Countersigned]] = field(default_factory=list)
    _places: dict[bytes, tuple[int, int]] = field(default_factory=dict)

    def take_up(self, batch: Batch) -> None:
        """Add a batch; one without a record is registered first."""
        record = read_record(batch.path)
        if record is None:
            done = self.register(batch)
            self.news.append((batch, done))
            record = done.batch
        number = len(self.batches)
        self.batches.append((batch, record))
        for at, digest in enumerate(batch.digests):
            self._places.setdefault(digest, (number, at))

    def covers(self, digest: bytes) -> bool:
        """Tell whether a credential is in one of the batches."""
        return digest in self._places

    def hand_out(self, found: Gathered, output: Path, advance: Advance, *, lines: bool) -> int:
        """Write the receipts, of those that were found, that are not there yet; returns how many were written.

        With `lines` whole batches are written, each into one file.
        """
        wanted: dict[int, list[tuple[int, Path]]] = {}
        for name, digest in zip(found.names, found.digests, strict=True):
            if place := self._places.get(digest):
                wanted.setdefault(place[0], []).append((place[1], output / (name + RECEIPT_ENDING)))
        written = 0
        for number, places in wanted.items():
            batch, record = self.batches[number]
            if lines:
                written += write_lines(batch, record, output / (batch.path.stem + LINES_ENDING), advance)
            else:
                written += write_files(batch, record, places, advance)
        return written


def open_holdings(directory: Path, issuer: str, origin: str, register: Register) -> Holdings:
    """Take up all batches of a directory; raises AnchoringError for one of another issuer or ledger."""
    holdings = Holdings(register)
    for path in list_batches(directory):
        batch = open_batch(path)
        if (batch.terms.issuer, batch.terms.origin) != (issuer, origin):
            raise AnchoringError(
                f"{directory} holds batches of issuer {batch.terms.issuer} in {batch.terms.origin}; "
                "name another directory with --batches or --output"
            )
        holdings.take_up(batch)
    return holdings
