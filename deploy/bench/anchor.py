"""Anchor: a million commitments, from salts to receipts on disk, as `assay anchor --lines` makes them of digests."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from deploy.bench.result import Numbers, Reach, Result, median
from deploy.bench.timing import Spent, spend, spend_about
from deploy.cli.anchoring.handing_out import extract, write_lines
from deploy.cli.anchoring.registration import Registered
from deploy.cli.anchoring.sealing import Batch, Terms, seal_batch
from ledger.tlog import canonical
from ledger.tlog.checkpoint import Checkpoint, sign_checkpoint
from ledger.tlog.merkle import hash_leaf
from ledger.tlog.note import COSIGNATURE, Signer
from ledger.tlog.proof import format_proof
from register.credentials.batch_paths import ALGORITHM
from register.credentials.commitments import LABEL, VERSION
from register.credentials.ports import LedgerKeys
from register.credentials.receipts import check_receipt

FULL = (1_000_000, 5)
QUICK = (3_000, 2)
"""Commitments, rounds."""
SHARE = 0.4
"""The yardstick of a round is repeated for this share of the time that anchoring took."""
CHECKED = 20
"""Receipts that are taken out of each round's file and checked, outside of the time taken."""

ORIGIN: Final = "register.bench.example/ledger"
SOURCE: Final = "https://register.bench.example"
ISSUER: Final = "0190f0a0-0000-7000-8000-000000000001"
LOG: Final = Signer.generate(ORIGIN, sha256(b"log of the benchmark").digest())
WITNESSES: Final = [
    Signer.generate(f"witness-{number}.bench.example/w", sha256(b"witness %d" % number).digest(), COSIGNATURE)
    for number in range(4)
]


def measure(quick: bool) -> Result:
    """Alternate: anchor digests into a file of receipts, then hash the same leaves and nodes in memory."""
    count, rounds = QUICK if quick else FULL
    names = [f"credential-{number:07d}.json" for number in range(count)]
    digests = [sha256(name.encode()).digest() for name in names]
    spent = [_run_round(names, digests) for _ in range(rounds)]
    ratios = [theirs.seconds / ours.seconds for ours, theirs, _ in spent]
    return Result(
        f"seconds to anchor {count} digests: salts, commitments, tree, batch file, and receipts with paths on disk",
        "SHA-256 of the same leaves and nodes, in memory",
        ratios,
        [Reach("ratio", "at_least", 0.1, median(ratios))],
        _describe([ours for ours, _, _ in spent])
        | {
            "processor_ratio": median([theirs.processor / ours.processor for ours, theirs, _ in spent]),
            "bytes_written": spent[-1][2],
        },
        _describe([theirs for _, theirs, _ in spent]),
    )


def _run_round(names: Sequence[str], digests: Sequence[bytes]) -> tuple[Spent, Spent, int]:
    """Return what anchoring took, what hashing took, and how many bytes were written."""
    made: list[Batch] = []
    with tempfile.TemporaryDirectory(prefix="assay-bench-anchor-") as directory:
        place = Path(directory)
        ours = spend(lambda: made.append(_anchor(names, digests, place)))
        written = sum(path.stat().st_size for path in place.iterdir())
        _check(made[0], place)
    leaves = [LABEL + VERSION + salt + digest for salt, digest in zip(made.pop().salts, digests, strict=True)]
    return ours, spend_about(ours.seconds * SHARE, lambda: _hash(leaves)), written


def _anchor(names: Sequence[str], digests: Sequence[bytes], place: Path) -> Batch:
    batch = seal_batch(place / "0001.batch", Terms(ISSUER, ORIGIN, {}), names, digests)
    write_lines(batch, _record(batch), place / "0001.receipts.jsonl", lambda count: None)
    return batch


def _record(batch: Batch) -> Registered:
    """Return what a node would answer: the batch's entry in a ledger of one, countersigned by four."""
    address = f"{SOURCE}/batches/{ISSUER}"
    entry = canonical.encode(
        {
            "specversion": "1.0",
            "type": "credentials.anchored",
            "source": SOURCE,
            "subject": address,
            "time": "2026-01-01T00:00:00Z",
            "data": {
                "issuer": ISSUER,
                "root": batch.tree.root.hex(),
                "count": batch.tree.count,
                "tree_algorithm": ALGORITHM,
            },
        }
    )
    note = sign_checkpoint(Checkpoint(ORIGIN, 1, hash_leaf(entry)), LOG, *WITNESSES, time=1_767_225_600)
    return Registered(address, entry.decode(), format_proof(0, [], note), [str(LOG.verifier)])


def _check(batch: Batch, place: Path) -> None:
    """Check some receipts of the file; raises BadReceipt when one does not hold."""
    keys = LedgerKeys(ORIGIN, (str(LOG.verifier),), tuple(str(witness.verifier) for witness in WITNESSES))
    chosen = random.Random(6).sample(range(batch.tree.count), CHECKED)
    digests = {batch.names[at]: batch.digests[at] for at in chosen}
    for name, receipt in extract(place / "0001.receipts.jsonl", list(digests)):
        check_receipt(receipt, digests[name], lambda origin: keys)


def _hash(leaves: Sequence[bytes]) -> None:
    digest = sha256
    row = [digest(leaf).digest() for leaf in leaves]
    while len(row) > 1:
        pairs = zip(row[::2], row[1::2], strict=False)
        row = [digest(left + right).digest() for left, right in pairs] + row[len(row) // 2 * 2 :]


def _describe(rounds: Sequence[Spent]) -> Numbers:
    return {
        "seconds": median([one.seconds for one in rounds]),
        "processor_seconds": median([one.processor for one in rounds]),
    }
