"""Pages as a reader gets them over HTTP, against the least that a Django view with a template can be.

The yardstick (`deploy.bench.urls.Bare`) selects one issuer and shows it in the frame that all pages have, with the same
middleware, on the same server. Issuers are drawn evenly, so no page is asked for twice but by chance.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from django.conf import settings

from deploy.bench import filling
from deploy.bench.clients import ask, get
from deploy.bench.result import Reach, Result, median, percentile, spread
from deploy.bench.stand import WEB_PROCESS
from deploy.bench.timing import processor_time_below

FULL = (100_000, 890_000, 9, 150)
QUICK = (60, 120, 2, 6)
"""Issuers, accreditations, rounds, and pages in a round."""


class Asked(NamedTuple):
    """A round: the milliseconds of each page, and the seconds of processor time that the web took for all of them."""

    milliseconds: list[float]
    processor: float


Issuer = tuple[str, str, str]
"""Id, name and PIC."""
Spell = Callable[[Issuer, random.Random], str]
"""Gives the address of a page about an issuer."""


def fill(quick: bool) -> list[Issuer]:
    """Register issuers and grant accreditations, a million entries in all."""
    count, grants, *_ = QUICK if quick else FULL
    agencies, issuers = filling.register_agencies(), filling.register_issuers(count)
    ids = [issuer for issuer, *_ in issuers]
    filling.grant(filling.draft_grants(ids, agencies, grants))
    return issuers


def compare(what: str, issuers: Sequence[Issuer], spell: Spell, quick: bool) -> Result:
    """Alternate, one client: the bare view, then the page, each of issuers drawn anew."""
    _, _, rounds, number = QUICK if quick else FULL
    chance = random.Random(7)
    bare, pages = list[Asked](), list[Asked]()
    for _ in range(rounds + 1):
        drawn = chance.choices(issuers, k=number)
        bare.append(_ask([f"/bench/pages/{issuer}" for issuer, *_ in drawn]))
        pages.append(_ask([spell(issuer, chance) for issuer in drawn]))
    # The first round fills the caches of programs and templates in every process.
    bare, pages = bare[1:], pages[1:]
    ratios = [median(theirs.milliseconds) / median(ours.milliseconds) for ours, theirs in zip(pages, bare, strict=True)]
    processor = [theirs.processor / ours.processor for ours, theirs in zip(pages, bare, strict=True)]
    return Result(
        f"{what} over HTTP, one client: answers a second by the median, {len(issuers)} issuers",
        "a bare Django template view with one select, in the same frame, on the same server",
        ratios,
        [Reach("ratio", "at_least", 0.25, median(ratios))],
        {f"p{percent}_milliseconds": _rank(pages, percent) for percent in (50, 95)}
        | {"processor_ratio": median(processor), "processor_spread": spread(processor)}
        | {"processor_milliseconds": median([one.processor * 1000 / number for one in pages])},
        {
            "p50_milliseconds": _rank(bare, 50),
            "spread": spread([median(one.milliseconds) for one in bare]),
            "processor_milliseconds": median([one.processor * 1000 / number for one in bare]),
        },
    )


def _rank(rounds: Sequence[Asked], percent: int) -> float:
    return median([percentile(one.milliseconds, percent) for one in rounds])


def _ask(paths: Sequence[str]) -> Asked:
    """Ask for pages one after the other as a browser asks."""
    requests = [get(path, Accept="text/html") for path in paths]
    web = int(os.environ[WEB_PROCESS])
    before = processor_time_below(web)
    milliseconds = ask(settings.ASSAY_BASE_URL, requests, 1, 0, count=len(requests)).milliseconds
    return Asked(milliseconds, processor_time_below(web) - before)


def path_to_search(issuer: Issuer, chance: random.Random) -> str:
    """Return the address of a search for an issuer's name as people type it: beginnings of words."""
    return "/issuers?" + urlencode({"q": " ".join(word[:5] for word in issuer[1].split())})


def path_to_issuer(issuer: Issuer, chance: random.Random) -> str:
    """Return the address of an issuer's page."""
    return f"/issuers/{issuer[0]}"
