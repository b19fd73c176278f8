"""Bundles made of ledgers in memory, honest ones and altered ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from joserfc.jwk import OKPKey

from ledger.tlog.checkpoint import Checkpoint, sign_checkpoint
from ledger.tlog.merkle import hash_leaves
from ledger.tlog.note import Signer
from ledger.tlog.tiles import WIDTH, Tile
from register.credentials.bundle.manifest import Manifest, sign_manifest
from register.credentials.bundle.writing import Filed, LedgerSource, Order, write_bundle
from register.events import parse
from tests import ledgers, peers, reference
from tests.ledgers import Ledger

NOW: Final = datetime(2026, 9, 1, 12, tzinfo=UTC)
STATEMENT: Final = OKPKey.generate_key("Ed25519", auto_kid=False)
STRANGER: Final = OKPKey.generate_key("Ed25519", auto_kid=False)
OPENING: Final = {**peers.OPENING, "statement_jwk": STATEMENT.as_dict(private=False)}


@dataclass(frozen=True)
class Source:
    """A ledger as a node would hand it to a bundle; each field but the first can be a lie."""

    ledger: Ledger
    signed_at: datetime = NOW
    log: Signer = peers.LOG
    witness: Signer = peers.WITNESS
    origin: str = ledgers.ORIGIN
    chosen: tuple[int, ...] | None = None
    issuers: tuple[str, ...] | None = None
    rewrite: Callable[[Filed], Filed | None] = field(default=lambda filed: filed)

    @property
    def size(self) -> int:
        return len(self.ledger.entries)

    @property
    def note(self) -> bytes:
        head = Checkpoint(self.origin, self.size, reference.mth(self.ledger.entries))
        return sign_checkpoint(head, self.log, self.witness, time=int(self.signed_at.timestamp()))

    def read_entries(self) -> Iterator[Filed]:
        for index in range(self.size) if self.chosen is None else self.chosen:
            filed = self.rewrite(Filed(index, self.ledger.entries[index]))
            if filed is not None:
                yield filed

    def read_times(self) -> Iterator[datetime]:
        return (parse(entry).time for entry in self.ledger.entries)

    def read_tile(self, tile: Tile) -> bytes:
        step, first = WIDTH**tile.level, tile.index * WIDTH
        if tile.level == 0:
            return b"".join(hash_leaves(self.ledger.entries)[first : first + tile.width])
        rows = [self.ledger.entries[(first + i) * step : (first + i + 1) * step] for i in range(tile.width)]
        return b"".join(map(reference.mth, rows))


def open_ledger() -> Ledger:
    """The cast of tests/ledgers.py, in a register whose keys are at hand."""
    return ledgers.open_ledger(opening=OPENING)


def draft(*sources: LedgerSource, **fields: Any) -> Order:
    """An order for a bundle of some ledgers, made now."""
    return Order("https://register.nl.example", NOW, None, 86_400, sources)._replace(**fields)


def make(order: Order, key: OKPKey = STATEMENT, alter: Callable[[Manifest], Manifest] = lambda said: said) -> bytes:
    """The bytes of a bundle, signed with a key, its manifest altered before that."""
    return b"".join(write_bundle(order, lambda manifest: sign_manifest(alter(manifest), key)))
