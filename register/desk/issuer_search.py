"""Finding the issuer that a decision is about, as one types: names in any language, identifiers, typing errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils import timezone

from register.identifiers import Identifier, parse_identifier
from register.queries.cuts import Cut, resolve_cut
from register.queries.filters import Filters
from register.queries.lists import list_issuers
from register.queries.selecting import is_uid
from register.queries.single import find_records
from register.records import IssuerRecord
from register.site.names import Name, name_record, order_names
from register.site.words import label, label_place

MOST: Final = 8
"""So many are shown; whoever sees too many types on."""

LONGEST: Final = 200
"""Letters of a query that are looked at."""


@dataclass(frozen=True, slots=True)
class Found:
    """An issuer to choose: its names, where it is, what tells it from its namesakes."""

    id: str
    name: Name
    other: Name | None
    country: str
    identifiers: tuple[str, ...]
    closed: bool


def find_issuers(q: str, cut: Cut | None = None) -> list[Found]:
    """Return issuers of this register that a text may mean, the best first; an identifier names exactly one."""
    text, known = q.strip()[:LONGEST], cut or resolve_cut()
    if len(text) < 2:
        return []
    now = timezone.now()
    identifier = read_identifier(text)
    if identifier is not None:
        found = list_issuers(known, Filters(now, identifier=identifier), limit=MOST)
        if found.items:
            return [show_issuer(one) for one in found.items]
    return [show_issuer(one) for one in list_issuers(known, Filters(now, q=text), limit=MOST).items]


def find_issuer(issuer: str, cut: Cut | None = None) -> IssuerRecord | None:
    """Return an issuer of this register by its id, None where there is none."""
    found: dict[str, Any] = find_records("issuer", [issuer], cut or resolve_cut()) if is_uid(issuer) else {}
    return found.get(issuer.lower())


def show_issuer(record: IssuerRecord) -> Found:
    """Return an issuer as a list to choose from shows it."""
    name = name_record(record)
    others: Sequence[Name] = [one for one in order_names(record.names, record.country) if one.text != name.text]
    schemes = (label("identifier-schemes", one.scheme).partition(" (")[0] for one in record.identifiers[:2])
    spelt = tuple(f"{scheme}: {one.value}" for scheme, one in zip(schemes, record.identifiers, strict=False))
    closed = record.closure is not None and record.closure.effective_from <= timezone.now()
    return Found(record.id, name, others[0] if others else None, label_place(record.country), spelt, closed)


def read_identifier(text: str) -> Identifier | None:
    """Return what a text names as an identifier, None where it is none: a name."""
    try:
        return parse_identifier(text)
    except ValueError:
        return None
