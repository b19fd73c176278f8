"""Verify JCS: a run over badges signed with eddsa-jcs-2022, from bytes to reports, against bare JCS and Ed25519."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import base58

from deploy.bench.result import Reach, Result, median
from deploy.bench.signed_badges import KEY, make_badge, open_issuer, sign, verify_all
from deploy.bench.timing import spend
from ledger.tlog import canonical

FULL = (10_000, 7)
QUICK = (40, 2)
"""Badges, rounds."""

Signed = tuple[dict[str, Any], dict[str, Any], bytes]


def measure(quick: bool) -> Result:
    """Alternate: canonical JSON, its digests and the signature of each badge; then its whole report. One core."""
    count, rounds = QUICK if quick else FULL
    open_issuer()
    badges = [sign(make_badge(number), "eddsa-jcs-2022") for number in range(count)]
    opened = [_open(badge) for badge in badges]
    verify_all(badges[:20])
    pairs = [(spend(lambda: _verify_bare(opened)), spend(lambda: verify_all(badges))) for _ in range(rounds)]
    ratios = [bare.processor / whole.processor for bare, whole in pairs]
    bare_times, whole_times = ([pair[side].processor / count * 1e6 for pair in pairs] for side in (0, 1))
    return Result(
        f"badges verified a second of processor time, {count} of one issuer in one run, from bytes to report",
        "JCS, SHA-256 and Ed25519 of the same badges, already parsed",
        ratios,
        [Reach("ratio", "at_least", 0.5, median(ratios))],
        {"microseconds_a_badge": median(whole_times)},
        {"microseconds_a_badge": median(bare_times)},
    )


def _open(badge: bytes) -> Signed:
    document = json.loads(badge)
    proof = document.pop("proof")
    return document, proof, base58.b58decode(proof.pop("proofValue")[1:])


def _verify_bare(opened: Sequence[Signed]) -> None:
    key, sha256 = KEY.public_key(), hashlib.sha256
    for document, proof, signature in opened:
        key.verify(signature, sha256(canonical.encode(proof)).digest() + sha256(canonical.encode(document)).digest())
