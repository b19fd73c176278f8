"""Facets in words: beside a search, how many issuers each further choice would leave, as links."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from register.queries.facets import GROUPS, Facets, count_facets
from register.queries.kept import keep
from register.queries.search import is_capped
from register.queries.turns import DATED, TODAY
from register.site.names import Name, name_record
from register.site.searching import CHOICES, Search
from register.site.words import label, label_field

Candidates = list[tuple[str, int]] | None

_SHOWN: Final = 8
_MOST_OPTIONS: Final = 100
_OPEN: Final = 3

TITLES: Final[Mapping[str, str | Promise]] = {
    "status": _("Status"),
    "country": _("Country"),
    "provider_type": _("Type of provider"),
    "agency": _("Agency"),
    "level": _("Level"),
    "field": _("Field of study"),
    "type": _("Credential type"),
    "kind": _("Kind of accreditation"),
}
"""Facet → its title, in the order in which they are shown."""

STATUS_WORDS: Final[Mapping[str, str | Promise]] = {
    "accredited": _("Accredited"),
    "not_accredited": _("Not accredited"),
    "registered": _("Not closed"),
    "closed": _("Closed"),
}
_PROVIDERS: Final[Mapping[str, str | Promise]] = {
    "1": _("Formal education (type 1)"),
    "2": _("Other provider (type 2)"),
}


@dataclass(frozen=True, slots=True)
class Option:
    """One choice: its words, how many issuers it leaves (None where that was not counted), and its address."""

    words: str | Promise | Name
    number: int | None
    address: str


@dataclass(frozen=True, slots=True)
class Group:
    """One facet: the choices shown at once and those behind "all"; `chosen` leads back.

    `open`: its choices stand there without a click where there is room.
    """

    title: str | Promise
    options: list[Option]
    more: list[Option]
    chosen: Option | None = None
    open: bool = False

    def limits(self, total: int) -> bool:
        """Whether some choice leaves fewer than all that were found."""
        return any(option.number is not None and option.number < total for option in (*self.options, *self.more))


def count_found(search: Search, candidates: Candidates) -> Facets:
    """Count what a search found: those that a search by name ranked, or all that match, whose counts are kept.

    Of one issuer nothing is counted: there is nothing to tell apart. Raises Busy while others are counting.
    """
    if candidates is not None and len(candidates) < 2:
        return Facets(len(candidates), False, {name: {} for name in GROUPS})
    if candidates is not None:
        counted = count_facets(search.cut, search.filters, candidates)
        return replace(counted, capped=is_capped(candidates, search.cut))
    name = repr(("facets", sorted(search.chosen.items()), None if search.instants.today else search.instants.at))
    lane = TODAY if search.instants.today else DATED
    facets: Facets = keep(name, search.cut, lambda: count_facets(search.cut, search.filters, None), lane).value
    return facets


def list_groups(search: Search, facets: Facets, agencies: Mapping[str, Name]) -> list[Group]:
    """Return the facets that have a choice; of a field chosen, the fields within it.

    The first few that tell issuers apart stand open. One whose choices all leave all of them is there, and folded: that
    accreditations limit nothing in it is worth knowing, and not worth a screen.
    """
    shown, before = list[Group](), 0
    for group in (_group(name, search, facets, agencies) for name in TITLES):
        telling = group.limits(facets.total)
        if telling or len(group.options) > 1:
            shown.append(replace(group, open=telling and (before < _OPEN or group.chosen is not None)))
        before += telling
    return shown


def list_chosen(search: Search, agencies: Mapping[str, Name]) -> list[Option]:
    """Return what was chosen, each with the address of the search without it."""
    return [
        Option(_say(name, search.chosen[name], agencies), None, search.without(name))
        for name in CHOICES
        if name in search.chosen
    ]


def _group(name: str, search: Search, facets: Facets, agencies: Mapping[str, Name]) -> Group:
    counts = facets.counts[name]
    chosen = search.chosen.get(name)
    back = None if chosen is None else Option(_say(name, chosen, agencies), None, search.without(name))
    if chosen is not None and name != "field":
        return Group(TITLES[name], [], [])
    codes = sorted(code for code in counts if code != chosen)
    codes.sort(key=_ORDER.get(name, lambda code: -counts[code]))
    codes = codes[:_MOST_OPTIONS]
    addresses = search.narrow(name, codes)
    options = [
        Option(_say(name, code, agencies), counts[code], address)
        for code, address in zip(codes, addresses, strict=True)
    ]
    return Group(TITLES[name], options[:_SHOWN], options[_SHOWN:], back)


_ORDER: Final[Mapping[str, Callable[[str], Any]]] = {
    "level": lambda code: code,
    "provider_type": lambda code: code,
    "status": lambda code: list(STATUS_WORDS).index(code),
}


def _say(name: str, code: str, agencies: Mapping[str, Name]) -> str | Promise | Name:
    """Return a choice in words."""
    if name == "agency":
        return agencies.get(code, Name(code[:8]))
    if name == "level":
        return gettext("EQF level %(level)s") % {"level": code}
    if name == "field":
        return label_field(code)
    if name in ("status", "provider_type"):
        return (STATUS_WORDS if name == "status" else _PROVIDERS)[code]
    return label({"country": "countries", "type": "credential-types", "kind": "accreditation-kinds"}[name], code)


def name_agencies(records: Mapping[str, object]) -> dict[str, Name]:
    """Return the names of agencies by id."""
    return {uid: name_record(record) for uid, record in records.items()}
