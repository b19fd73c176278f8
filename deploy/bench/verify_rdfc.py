"""Verify RDFC: whole reports on badges signed with eddsa-rdfc-2022, against PyLD bringing them into canonical form."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pyld import jsonld

from deploy.bench.result import Reach, Result, median
from deploy.bench.signed_badges import make_badge, open_issuer, sign, verify_all
from deploy.bench.timing import spend
from register.credentials.proofs.contexts import read_context

FULL = (400, 11)
QUICK = (10, 2)
"""Badges, rounds."""


def measure(quick: bool) -> Result:
    """Alternate: PyLD's canonical form of each badge without its proof, contexts at hand; then its whole report."""
    count, rounds = QUICK if quick else FULL
    open_issuer()
    documents = [make_badge(number) for number in range(count)]
    badges = [sign(document, "eddsa-rdfc-2022") for document in documents]
    verify_all(badges[:5])
    _normalise(documents[:5])
    pairs = [(spend(lambda: _normalise(documents)), spend(lambda: verify_all(badges))) for _ in range(rounds)]
    ratios = [bare.processor / whole.processor for bare, whole in pairs]
    bare_times, whole_times = ([pair[side].processor / count * 1e3 for pair in pairs] for side in (0, 1))
    return Result(
        f"badges verified a second of processor time, {count} of one issuer in one run, from bytes to report",
        "PyLD's normalisation (URDNA2015) of the same badges alone, contexts in memory",
        ratios,
        [Reach("ratio", "at_least", 0.8, median(ratios))],
        {"milliseconds_a_badge": median(whole_times)},
        {"milliseconds_a_badge": median(bare_times)},
    )


def _normalise(documents: Sequence[dict[str, Any]]) -> None:
    options = {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": _load}
    for document in documents:
        jsonld.normalize(document, options)


# PyLD completes addresses within the contexts it is given; the carried ones stay as they are.
_CONTEXTS: dict[str, Any] = {}


def _load(url: str, options: object) -> dict[str, Any]:
    document = _CONTEXTS.setdefault(url, json.loads(json.dumps(read_context(url))))
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": url,
        "document": document,
        "tag": "static",
    }
