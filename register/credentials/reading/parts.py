"""Parts of a container, and which receipt belongs to which credential among them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

RECEIPT_ENDING: Final = ".receipt.json"


class Part(NamedTuple):
    """A file in a container; its name serves for finding its receipt and for nothing else."""

    name: str
    data: bytes


def pair_receipts(parts: Sequence[Part]) -> Iterator[tuple[Part, bytes | None]]:
    """Yield every part that is no receipt, with the receipt that belongs to it.

    `diploma.json` goes with `diploma.receipt.json` or `diploma.json.receipt.json`; a single receipt goes with a single
    other part, whatever their names.
    """
    receipts = {
        part.name[: -len(RECEIPT_ENDING)].lower(): part.data
        for part in parts
        if part.name.lower().endswith(RECEIPT_ENDING)
    }
    others = [part for part in parts if not part.name.lower().endswith(RECEIPT_ENDING)]
    alone = next(iter(receipts.values())) if len(receipts) == 1 == len(others) else None
    for part in others:
        name = part.name.lower()
        yield part, receipts.get(name, receipts.get(name.rpartition(".")[0], alone))
