"""Search over HTTP: an issuer among 100,000, by names with mistakes, without accents, by beginnings and identifiers."""

from __future__ import annotations

import random
from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings

from deploy.bench import filling
from deploy.bench.clients import ask, get
from deploy.bench.result import Reach, Result, median, percentile, spread
from register.names import split_words

FULL = (100_000, 11, 100)
QUICK = (60, 2, 10)
"""Issuers, rounds, and searches of each kind in a round."""

Issuer = tuple[str, str, str]
"""Id, name and PIC."""


def measure(quick: bool) -> Result:
    """Alternate, one client: single issuers by their ids from a bare view, then searches of each kind."""
    count, rounds, number = QUICK if quick else FULL
    issuers, chance = filling.register_issuers(count), random.Random(6)
    rows, searches = list[list[float]](), {name: list[list[float]]() for name in SPELLINGS}
    for _ in range(rounds):
        drawn = chance.choices(issuers, k=number)
        rows.append(_time([get(f"/bench/issuers/{issuer}") for issuer, *_ in drawn]))
        for name, spell in SPELLINGS.items():
            queries = [{**spell(issuer, chance), "limit": 20} for issuer in drawn]
            searches[name].append(_time([get(f"/api/v1/issuers?{urlencode(query)}") for query in queries]))
    together = [[time for part in searches.values() for time in part[n]] for n in range(rounds)]
    ratios = [percentile(ours, 95) / median(theirs) for ours, theirs in zip(together, rows, strict=True)]
    return Result(
        f"milliseconds of a search among {count} issuers over HTTP, 95th percentile, one client",
        "a bare DRF view that selects one issuer through the index, on the same server, median",
        ratios,
        [Reach("ratio", "at_most", 20.0, median(ratios))],
        {
            **{f"p{percent}_milliseconds": median([percentile(p, percent) for p in together]) for percent in (50, 95)},
            "p95_by_kind": {name: median([percentile(p, 95) for p in parts]) for name, parts in searches.items()},
        },
        {"p50_milliseconds": median([median(part) for part in rows]), "spread": spread([median(p) for p in rows])},
    )


def _time(requests: list[tuple[str, str]]) -> list[float]:
    """Return the milliseconds of each request, asked one after the other."""
    return ask(settings.ASSAY_BASE_URL, requests, 1, 0, count=len(requests)).milliseconds


def _mistype(issuer: Issuer, chance: random.Random) -> dict[str, str]:
    """Exchange two neighbouring letters of the second half of the name."""
    name = issuer[1]
    place = chance.randrange(len(name) // 2, len(name) - 1)
    return {"q": name[:place] + name[place + 1] + name[place] + name[place + 2 :]}


def _flatten(issuer: Issuer, chance: random.Random) -> dict[str, str]:
    return {"q": " ".join(split_words(issuer[1]))}


def _begin(issuer: Issuer, chance: random.Random) -> dict[str, str]:
    return {"q": " ".join(word[:5] for word in issuer[1].split())}


def _identify(issuer: Issuer, chance: random.Random) -> dict[str, str]:
    return {"identifier": f"pic:{issuer[2]}"}


SPELLINGS: dict[str, Callable[[Issuer, random.Random], dict[str, str]]] = {
    "mistyped": _mistype,
    "without accents": _flatten,
    "beginnings": _begin,
    "identifier": _identify,
}
"""Kind of search → how a query for an issuer is spelt."""
