"""Makes the test vectors in `fixtures/vectors/receipts.json`: `python -m tests.register.credentials.receipt_vectors`.

They were made once and stay as they are: a receipt that somebody keeps has to hold in ten years. Others may check their
own software with them. `codes` are those of `BadReceipt`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from register.credentials.batch_paths import ALGORITHM, Step
from register.credentials.batch_tree import build_tree
from register.credentials.commitments import LABEL, VERSION, commit
from register.credentials.receipts import Receipt, format_receipt
from tests.anchored import KNOWN, Batch, anchor, make_digests, make_salt
from tests.peers import open_peer

FILE: Final = Path(__file__).parents[3] / "fixtures" / "vectors" / "receipts.json"
SIGNED_AT: Final = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
COUNT: Final = 11
CHOSEN: Final = 5
SIZES: Final = (1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33)


def make_batch(of: str) -> Batch:
    """Return a batch of eleven in a ledger of its own."""
    peer = open_peer()
    peer.signed_at = SIGNED_AT
    return anchor(peer, make_digests(COUNT, of=of))


def forge(good: Receipt, other: Receipt) -> dict[str, tuple[str, Receipt]]:
    """Return what is no receipt of the credential, each with the code of its refusal."""
    node = sha256(
        good.target + good.path[0].sibling if good.path[0].side == "right" else good.path[0].sibling + good.target
    )
    turned = Step("left" if good.path[0].side == "right" else "right", good.path[0].sibling)
    count = good.entry.replace(b'"count":11', b'"count":12')
    return {
        "an inner node as leaf": ("other_credential", replace(good, target=node.digest(), path=good.path[1:])),
        "the salt of another": ("other_credential", replace(good, salt=other.salt)),
        "a path of another batch": ("other_root", replace(good, path=other.path)),
        "a path with a step turned": ("other_root", replace(good, path=(turned, *good.path[1:]))),
        "a path with a step left out": ("other_root", replace(good, path=good.path[1:])),
        "a path with a step too many": ("other_root", replace(good, path=(*good.path, turned))),
        "the entry of another batch": ("other_batch", replace(good, entry=other.entry, tlog_proof=other.tlog_proof)),
        "an entry that was altered": ("not_proven", replace(good, entry=count)),
    }


def make_vectors() -> dict[str, Any]:
    """Return all vectors."""
    batch, other = make_batch("credential"), make_batch("another batch's credential")
    good, digest = batch.receipt(CHOSEN), batch.digests[CHOSEN]
    forged = forge(good, other.receipt(CHOSEN))
    return {
        "origin": "made by tests/register/credentials/receipt_vectors.py with the test keys of tests/peers.py",
        "prefix": (LABEL + VERSION).hex(),
        "commitments": [
            {"digest": one.hex(), "salt": make_salt(one).hex(), "commitment": commit(one, make_salt(one)).hex()}
            for one in batch.digests
        ],
        "tree_algorithm": ALGORITHM,
        "leaves": "SHA-256 of the decimal number of the leaf",
        "roots": {
            str(size): build_tree([sha256(b"%d" % n).digest() for n in range(size)]).root.hex() for size in SIZES
        },
        "log": list(KNOWN.log),
        "witnesses": list(KNOWN.witnesses),
        "digest": digest.hex(),
        "position": CHOSEN,
        "anchored_at": SIGNED_AT.isoformat(),
        "receipt": format_receipt(good).decode(),
        "forged": [
            {"name": name, "code": code, "receipt": format_receipt(receipt).decode()}
            for name, (code, receipt) in forged.items()
        ],
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(make_vectors(), indent=1) + "\n")
