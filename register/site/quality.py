"""How quality assurance works in a country, as far as the entries on record tell: who decides, on what, for how long.

Pure. Nothing is said of laws or procedures; the page leads to those who describe them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from register.records import AgencyRecord
from register.site.names import Name
from register.site.words import Standing, label

_STANDARDS: Final = 5

DUTIES: Final[Mapping[str, str | Promise]] = {
    "obligatory": _("required by law"),
    "voluntary": _("voluntary"),
    "": _("not stated"),
}
"""Whether a review was asked for by law, as accreditations state it, in words."""

DESCRIBED_BY: Final[Sequence[tuple[str, str, str | Promise]]] = (
    (
        "EQAR",
        "https://www.eqar.eu/kb/country-information/",
        _("external quality assurance in each country of the European Higher Education Area"),
    ),
    ("Eurydice", "https://eurydice.eacea.ec.europa.eu/", _("the education system, described by the country itself")),
    ("ENIC-NARIC", "https://www.enic-naric.net/", _("the national centre that recognises foreign qualifications")),
)
"""Who describes laws and procedures, country by country: name, address, what is found there."""


@dataclass(frozen=True, slots=True)
class ActiveAgency:
    """An agency and a country: how many of its accreditations are in force there, and whether it is at home abroad."""

    record: AgencyRecord
    name: Name
    number: int
    abroad: bool
    standing: Standing


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of accreditation: how many are in force, and of them how many by each duty, in words."""

    code: str
    words: str
    number: int
    duties: list[tuple[str | Promise, int]]


@dataclass(frozen=True, slots=True)
class Quality:
    """What can be said of a country; `years` and `since` are None where no accreditation in force has an end or start.

    `foreign` are the active agencies at home elsewhere, `abroad` how many accreditations these hold in force there;
    `recognised` counts the agencies at home there that are recognised, the first of them since `recognised_since`.
    `standards` leaves out those beyond the first few, of which `more_standards` counts the accreditations.
    """

    agencies: int
    foreign: list[ActiveAgency]
    abroad: int
    recognised: int
    recognised_since: datetime | None
    kinds: list[Kind]
    standards: list[tuple[str, int]]
    more_standards: int
    unstated_standard: int
    conditions: int
    open_ended: int
    ended: int
    years: int | None
    since: datetime | None


def describe_quality(
    counts: Mapping[str, Mapping[str, int]], active: Sequence[ActiveAgency], idle: Sequence[ActiveAgency]
) -> Quality:
    """Return what the counts of a country (`count_country`) and its agencies tell."""
    foreign = [one for one in active if one.abroad]
    home = [one.record for one in (*active, *idle) if not one.abroad and one.standing.tone == "good"]
    starts = [one.valid.valid_from for one in home if one.valid.valid_from is not None]
    standards = _rank(counts.get("standard", {}))
    named = [(name, number) for name, number in standards if name]
    years, since = next(iter(counts.get("years", {})), None), next(iter(counts.get("since", {})), None)
    held, open_ended = _one(counts, "held"), _one(counts, "open_ended")
    return Quality(
        agencies=len(active),
        foreign=foreign,
        abroad=sum(one.number for one in foreign),
        recognised=len(home),
        recognised_since=min(starts, default=None),
        kinds=[_describe_kind(counts, code, number) for code, number in _rank(counts.get("kind", {}))],
        standards=named[:_STANDARDS],
        more_standards=sum(number for _name, number in named[_STANDARDS:]),
        unstated_standard=counts.get("standard", {}).get("", 0),
        conditions=_one(counts, "conditions"),
        open_ended=open_ended,
        ended=held - open_ended,
        years=int(years) if years else None,
        since=datetime.fromisoformat(since).replace(tzinfo=UTC) if since else None,
    )


def _describe_kind(counts: Mapping[str, Mapping[str, int]], code: str, number: int) -> Kind:
    by_duty = counts.get("kind_duty", {})
    duties = [(words, by_duty.get(f"{code} {duty}", 0)) for duty, words in DUTIES.items()]
    return Kind(code, label("accreditation-kinds", code), number, [(words, count) for words, count in duties if count])


def _rank(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def _one(counts: Mapping[str, Mapping[str, Any]], name: str) -> int:
    return int(counts.get(name, {}).get("", 0))
