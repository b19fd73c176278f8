"""Commitments as an issuer tells them: typed, or taken from the receipts kept beside credentials.

A receipt says which commitment it is for and by which path that leads to the root of its batch; the path is folded and
held against the root that this register has on record, so that a receipt of another issuer, another register or a
forger's names nothing here. No credential is asked for, and nothing of a receipt is kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext

from register.credentials.batch_paths import find_position, fold_path
from register.credentials.errors import BadReceipt
from register.credentials.receipts import Receipt, parse_receipt
from register.errors import NotUnderstood
from register.queries.cuts import resolve_cut
from register.queries.single import find_records
from register.sentences import say

_LINE: Final = re.compile(r"([0-9a-fA-F]{64})(?:[\s,;]+([0-9]{1,5})[\s,;]+([0-9]{1,6}))?")


@dataclass(frozen=True, slots=True)
class Told:
    """Commitments (64 hex digits), the batch they are all of where that is known, and their places in status lists."""

    commitments: tuple[str, ...]
    batch: str | None = None
    places: tuple[tuple[int, int], ...] = ()


def read_lines(text: str) -> Told:
    """Return the commitments of some lines, each with or without list number and place.

    Raises NotUnderstood (field `commitments`) naming the line.
    """
    commitments, places = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            sentence = gettext(
                "Line %(number)d: expected 64 hexadecimal digits, with list number and place behind them."
            )
            raise _refuse("commitments", sentence % {"number": number})
        commitments.append(match[1].lower())
        if match[2]:
            places.append((int(match[2]), int(match[3])))
    if places and len(places) != len(commitments):
        told = gettext("Give list number and place for every commitment, or for none of them.")
        raise _refuse("commitments", told)
    return Told(tuple(commitments), None, tuple(places))


def read_receipts(issuer: str, files: Sequence[tuple[str, bytes]]) -> Told:
    """Return the commitments of receipts (file name and bytes) of one batch of an issuer, each checked against it.

    Raises NotUnderstood (field `receipts`) naming the file.
    """
    receipts = [(name, _parse(name, data)) for name, data in files]
    ids = {receipt.batch.rstrip("/").rpartition("/")[2] for _, receipt in receipts}
    if len(ids) > 1:
        raise _refuse(
            "receipts", gettext("These receipts are of several batches. Hand in those of one batch at a time.")
        )
    batches = find_records("batch", sorted(ids), resolve_cut())
    for name, receipt in receipts:
        batch = next((one for one in batches.values() if one.url == receipt.batch), None)
        if batch is None or batch.issuer != issuer:
            sentence = gettext("%(file)s is for a batch that this institution has not anchored here.")
            raise _refuse("receipts", sentence % {"file": name})
        _check_path(name, receipt, batch.root, batch.count)
    found = dict.fromkeys(receipt.target.hex() for _, receipt in receipts)
    return Told(tuple(found), next(iter(ids), None))


def _parse(name: str, data: bytes) -> Receipt:
    try:
        return parse_receipt(data)
    except BadReceipt as error:
        raise _refuse("receipts", say("{name}: {fault}", name=name, fault=error.message)) from None


def _check_path(name: str, receipt: Receipt, root: str, count: int) -> None:
    try:
        find_position(receipt.path, count)
        proven = fold_path(receipt.target, receipt.path).hex() == root
    except BadReceipt:
        proven = False
    if not proven:
        sentence = gettext("%(file)s does not lead to the root of its batch: it was damaged or altered.")
        raise _refuse("receipts", sentence % {"file": name})


def _refuse(field: str, sentence: str) -> NotUnderstood:
    return NotUnderstood("invalid", field, sentence)
