"""Search: an issuer among 100,000, by names with mistakes, without accents, by beginnings and identifiers."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime

from deploy.bench import filling
from deploy.bench.result import Reach, Result, median, percentile, spread
from ledger.database import fetch_one
from register.identifiers import Identifier
from register.queries.cuts import resolve_cut
from register.queries.filters import Filters
from register.queries.lists import list_issuers

FULL = (100_000, 9, 300)
QUICK = (60, 2, 10)
"""Issuers, rounds, and searches in each."""


def measure(quick: bool) -> Result:
    """Alternate, in process: single issuers by their ids through the index, then searches."""
    count, rounds, number = QUICK if quick else FULL
    issuers = filling.register_issuers(count)
    chance = random.Random(6)
    makers = list(SPELLINGS.values())
    found, selects, searches, by_kind = 0, [], [], {name: list[float]() for name in SPELLINGS}
    for _ in range(rounds):
        selects.append([_time(_select, issuer) for issuer, *_ in chance.choices(issuers, k=number)])
        drawn = chance.choices(issuers, k=number)
        searches.append([_time(_search, makers[n % len(makers)](issuer, chance)) for n, issuer in enumerate(drawn)])
        for n, milliseconds in enumerate(searches[-1]):
            by_kind[list(SPELLINGS)[n % len(makers)]].append(milliseconds)
    found = sum(_finds(makers[n % len(makers)](issuer, chance), issuer[0]) for n, issuer in enumerate(drawn))
    ratios = [percentile(ours, 95) / median(theirs) for ours, theirs in zip(searches, selects, strict=True)]
    return Result(
        f"milliseconds of a search among {count} issuers, 95th percentile, in process",
        "one issuer selected by its id through the index, median, in process",
        ratios,
        [Reach("ratio", "at_most", 20.0, median(ratios))],
        {
            "p95_milliseconds": median([percentile(part, 95) for part in searches]),
            "p50_milliseconds": median([percentile(part, 50) for part in searches]),
            "p95_by_kind": {name: round(percentile(times, 95), 2) for name, times in by_kind.items()},
            "among_the_first_20": round(found / number, 3),
        },
        {"p50_milliseconds": median([median(part) for part in selects]), "spread": spread(selects[-1])},
    )


def _name(q: str) -> Filters:
    return Filters(datetime.now(UTC), q=q)


def _mistype(issuer: tuple[str, str, str], chance: random.Random) -> Filters:
    name = issuer[1]
    place = chance.randrange(len(name) // 2, len(name) - 1)
    return _name(name[:place] + name[place + 1] + name[place] + name[place + 2 :])


def _flatten(issuer: tuple[str, str, str], chance: random.Random) -> Filters:
    plain = issuer[1].lower().translate(str.maketrans("äåéöłüó", "aaeoluo"))
    return _name(plain)


def _begin(issuer: tuple[str, str, str], chance: random.Random) -> Filters:
    return _name(" ".join(word[:5] for word in issuer[1].split()))


def _identify(issuer: tuple[str, str, str], chance: random.Random) -> Filters:
    return Filters(datetime.now(UTC), identifier=Identifier("pic", issuer[2]))


SPELLINGS: dict[str, Callable[[tuple[str, str, str], random.Random], Filters]] = {
    "mistyped": _mistype,
    "without accents": _flatten,
    "beginnings": _begin,
    "identifier": _identify,
}


def _search(filters: Filters) -> None:
    list_issuers(resolve_cut(), filters, limit=20)


def _finds(filters: Filters, issuer: str) -> bool:
    return issuer in [record.id for record in list_issuers(resolve_cut(), filters, limit=20).items]


def _select(issuer: str) -> None:
    fetch_one("SELECT content::text FROM register_issuer WHERE uid = %s AND recorded_until IS NULL", (issuer,))


def _time(act: Callable[..., None], what: object) -> float:
    start = time.perf_counter()
    act(what)
    return (time.perf_counter() - start) * 1000
