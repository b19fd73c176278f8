"""The benchmarks by name, and what each needs to stand on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Needs:
    """What a benchmark stands on: an opened register or an empty ledger, and how many web processes.

    `followers` are fresh nodes beside it, without processes of their own (`deploy.bench.elsewhere` gives them one); the
    tiny form gets by with `quick_followers`.
    """

    opened: bool = True
    web_workers: int = 0
    followers: int = 0
    quick_followers: int = 1


BENCHMARKS: Final[Mapping[str, Needs]] = {
    "bulk": Needs(),
    "writes": Needs(web_workers=2),
    "trust": Needs(web_workers=2),
    "proofs": Needs(opened=False),
    "audit": Needs(web_workers=2),
    "search": Needs(web_workers=2),
    "page_search": Needs(web_workers=2),
    "page_issuer": Needs(web_workers=2),
    "first_paint": Needs(opened=False),
    "memory": Needs(web_workers=1),
    "first_sync": Needs(web_workers=2, followers=3),
    "follow_bytes": Needs(web_workers=2, followers=1),
    "add_checkpoint": Needs(web_workers=2),
    "anchor": Needs(opened=False),
    "verify_jcs": Needs(),
    "verify_rdfc": Needs(),
    "verify_edc": Needs(web_workers=2),
    "visible": Needs(opened=False),
    "idle": Needs(opened=False),
    "bundle": Needs(web_workers=2),
    "dry_run": Needs(),
    "publish_rows": Needs(),
    "export": Needs(),
}
"""Name → needs; the benchmark itself is `measure(quick)` in the module of that name."""
