"""Receipts, commitments and trees as they were made once are read the same for ever."""

from __future__ import annotations

import json
from datetime import datetime
from hashlib import sha256
from typing import Any

import pytest

from register.credentials.batch_paths import ALGORITHM
from register.credentials.batch_tree import build_tree
from register.credentials.commitments import commit
from register.credentials.errors import BadReceipt
from register.credentials.ports import LedgerKeys
from register.credentials.receipts import Anchor, check_receipt, format_receipt, parse_receipt
from tests.register.credentials.receipt_vectors import FILE, make_vectors

VECTORS: dict[str, Any] = json.loads(FILE.read_text())


def check(receipt: str) -> Anchor:
    keys = LedgerKeys("", tuple(VECTORS["log"]), tuple(VECTORS["witnesses"]))
    return check_receipt(parse_receipt(receipt.encode()), bytes.fromhex(VECTORS["digest"]), lambda origin: keys)


def test_a_receipt_made_once_still_proves_its_time() -> None:
    found = check(VECTORS["receipt"])
    assert found.anchored_at == datetime.fromisoformat(VECTORS["anchored_at"])
    assert (found.position, found.trusted) == (VECTORS["position"], True)
    assert format_receipt(parse_receipt(VECTORS["receipt"].encode())).decode() == VECTORS["receipt"]


@pytest.mark.parametrize("forged", VECTORS["forged"], ids=lambda forged: forged["name"])
def test_a_forgery_made_once_is_still_refused(forged: dict[str, str]) -> None:
    with pytest.raises(BadReceipt) as refusal:
        check(forged["receipt"])
    assert refusal.value.code == forged["code"]


def test_commitments_are_what_they_were() -> None:
    for one in VECTORS["commitments"]:
        digest, salt = bytes.fromhex(one["digest"]), bytes.fromhex(one["salt"])
        assert commit(digest, salt).hex() == one["commitment"]
        assert sha256(bytes.fromhex(VECTORS["prefix"]) + salt + digest).hexdigest() == one["commitment"]


@pytest.mark.parametrize("size", VECTORS["roots"])
def test_trees_are_what_they_were(size: str) -> None:
    assert VECTORS["tree_algorithm"] == ALGORITHM
    leaves = [sha256(str(number).encode()).digest() for number in range(int(size))]
    assert build_tree(leaves).root.hex() == VECTORS["roots"][size]


def test_the_file_holds_as_many_cases_as_are_made() -> None:
    made = make_vectors()
    assert made.keys() == VECTORS.keys()
    assert [one["name"] for one in made["forged"]] == [one["name"] for one in VECTORS["forged"]]
