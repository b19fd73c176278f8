"""Searching for issuers: what was asked, in one piece, for the page, its files and the addresses between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote_plus

from register.api.parameters import Parameter
from register.identifiers import Identifier, parse_identifier
from register.queries.cuts import Cut
from register.queries.filters import Filters
from register.queries.lists import list_issuers
from register.queries.selecting import Page
from register.records import IssuerRecord
from register.site.asked import (
    AGENCY,
    COUNTRY,
    CREDENTIAL,
    DATES,
    FIELD,
    KIND,
    LEVEL,
    PROVIDER,
    REGISTER,
    STATUS,
    Q,
    hear,
    read_instants,
    write_instants,
)
from register.site.links import with_query
from register.site.standing import Instants

CHOICES: Final = ("country", "provider_type", "agency", "level", "field", "type", "kind", "status")
"""What a search can be narrowed by; the parameters of the API with the same names."""

_ORDER: Final = ("q", *CHOICES, "register", "at", "known_at", "after")

ASKED: Final[tuple[Parameter, ...]] = (
    *(Q, COUNTRY, PROVIDER, AGENCY, LEVEL, FIELD, CREDENTIAL, KIND, STATUS, REGISTER),
    *DATES,
)
"""The parameters of a search, paging aside."""

_PLACE: Final = "\N{WHITE SQUARE}"
"""Stands in an address for values to come."""


@dataclass(frozen=True, slots=True)
class Search:
    """A search as it was asked; `identifier` is what the text names, where it is spelt as one."""

    q: str
    chosen: Mapping[str, str]
    instants: Instants
    cut: Cut
    filters: Filters
    identifier: Identifier | None

    def address(self, path: str | None = None, **changes: Any) -> str:
        """Return the address of this search, or of one that differs in some parameters; None takes one away."""
        given: dict[str, Any] = {"q": self.q, **self.chosen, **write_instants(self.instants), **changes}
        return with_query(path or "/issuers", **{name: given.get(name) for name in _ORDER})

    def narrow(self, name: str, values: Iterable[str]) -> list[str]:
        """Return the addresses of this search narrowed by each of some values; what they share is written once."""
        before, _, after = self.address(None, **{name: _PLACE}).partition(f"{name}={quote_plus(_PLACE)}")
        return [f"{before}{name}={quote_plus(value)}{after}" for value in values]

    def without(self, *names: str) -> str:
        """Return the address of this search without some of its parameters."""
        return self.address(None, **dict.fromkeys(names))

    @property
    def narrowed(self) -> bool:
        """Whether anything but a text was asked."""
        return bool(self.chosen)


def read_search(query: Mapping[str, Any]) -> Search:
    """Return what a query asks; raises NotUnderstood for a register that is not heard."""
    instants = read_instants(query)
    narrowed: dict[str, Any] = {name: query.get(name) for name in CHOICES}
    chosen = {name: str(query[name]) for name in (*CHOICES, "register") if name in query}
    q = query.get("q", "")
    filters = Filters(instants.at, q=q or None, **narrowed)
    return Search(q, chosen, instants, hear(instants, query), filters, _read_identifier(q))


def find_issuers(search: Search, after: str | None, limit: int) -> tuple[Page[IssuerRecord], bool]:
    """Return issuers that a search finds, and whether its text was an identifier of one rather than a name."""
    if search.identifier is not None:
        narrowed = {name: getattr(search.filters, name) for name in CHOICES}
        by_identifier = Filters(search.instants.at, identifier=search.identifier, **narrowed)
        found = list_issuers(search.cut, by_identifier, after, limit)
        if found.items:
            return found, True
    return list_issuers(search.cut, search.filters, after, limit), False


def _read_identifier(q: str) -> Identifier | None:
    try:
        return parse_identifier(q) if q else None
    except ValueError:
        return None
