"""Accreditations at the desk: an agency's own (an operator sees all), narrowed, sorted, page by page; one of them.

Two queries a page, three with a name. States are those of the public lists; `expiring` are those in force that end
within `SOON`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from register.access.acting import Acting
from register.access.roles import AGENCY, ISSUER
from register.errors import NotFound
from register.queries.cuts import Cut, resolve_cut
from register.queries.filters import Filters, accreditation_state
from register.queries.lists import list_issuers
from register.queries.selecting import MOST, Conditions, known_only, select
from register.queries.single import find_records
from register.records import AccreditationRecord, load
from register.site.accreditation_rows import AccreditationRow, show_records
from register.site.names import Name, first_name

SOON: Final = timedelta(days=90)
"""An accreditation that ends within this time has to be looked at."""

PAGE: Final = 30

STATES: Final[Mapping[str, str | Promise]] = {
    "in_force": _("in force"),
    "expiring": _("ending within 90 days"),
    "suspended": _("suspended"),
    "not_yet_valid": _("not yet in force"),
    "expired": _("expired"),
    "revoked": _("revoked"),
}
SORTS: Final[Mapping[str, tuple[str | Promise, str]]] = {
    "recorded": (_("Recorded last"), "v.recorded_from DESC"),
    "until": (_("Ends first"), "v.valid_until ASC NULLS LAST, v.uid"),
    "from": (_("Begins last"), "v.valid_from DESC NULLS LAST, v.uid"),
}
"""Code of an order → its words and what it is in SQL."""


@dataclass(frozen=True, slots=True)
class Held:
    """An accreditation in the list: the row that public lists show, and whose it is."""

    row: AccreditationRow
    issuer: Name

    @property
    def record(self) -> AccreditationRecord:
        """The accreditation."""
        return self.row.record


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list is narrowed by."""

    q: str = ""
    state: str = ""
    sort: str = "recorded"
    page: int = 1


def list_held(acting: Acting, asked: Asked, now: datetime) -> tuple[list[Held], bool]:
    """Return a page of the accreditations that who acts may change, and whether there are more."""
    cut = resolve_cut()
    conditions = _conditions(acting, cut)
    conditions.parameters["at"] = now
    if asked.q:
        found = list_issuers(cut, Filters(now, q=asked.q), limit=MOST).items
        conditions.add("v.issuer = ANY(%(issuers)s::uuid[])", issuers=[one.id for one in found])
    if asked.state:
        _require_state(conditions, asked.state, now)
    rows = _select(conditions, SORTS[asked.sort][1], PAGE + 1, (asked.page - 1) * PAGE)
    return _show(rows[:PAGE], now), len(rows) > PAGE


def list_expiring(acting: Acting, now: datetime, limit: int) -> list[Held]:
    """Return what ends soon, the first to end first (one query); of an issuer what was granted to it."""
    conditions = _conditions(acting, resolve_cut())
    conditions.parameters["at"] = now
    _require_state(conditions, "expiring", now)
    return _show(_select(conditions, SORTS["until"][1], limit, 0), now)


def find_held(acting: Acting, accreditation: str) -> AccreditationRecord:
    """Return an accreditation that who acts may change; raises NotFound for anybody else's."""
    found = find_records("accreditation", [accreditation], resolve_cut()).get(accreditation.lower())
    if found is None or (acting.role == AGENCY and found.agency != acting.organisation):
        raise NotFound("accreditation_unknown", "", gettext("There is no such accreditation on your desk."))
    record: AccreditationRecord = found
    return record


def _conditions(acting: Acting, cut: Cut) -> Conditions:
    conditions = known_only("v", cut)
    if acting.role == AGENCY:
        conditions.add("v.agency = %(agency)s::uuid", agency=acting.organisation)
    if acting.role == ISSUER:
        conditions.add("v.issuer = %(issuer)s::uuid", issuer=acting.organisation)
    return conditions


def _require_state(conditions: Conditions, state: str, now: datetime) -> None:
    if state != "expiring":
        conditions.add(accreditation_state("v", state))
        return
    conditions.add(accreditation_state("v", "in_force"))
    conditions.add("v.valid_until <= %(soon)s AND v.decision LIKE 'positive%%'", soon=now + SOON)


def _select(conditions: Conditions, order: str, limit: int, offset: int) -> list[tuple[Any, ...]]:
    sql = (
        "SELECT v.content::text, i.content->>'names', i.country FROM register_accreditation v "
        "LEFT JOIN register_issuer i ON i.uid = v.issuer AND i.log_id = v.log_id AND i.recorded_until IS NULL "
        f"WHERE {conditions.joined()} ORDER BY {order} LIMIT %(limit)s OFFSET %(offset)s"
    )
    return select(sql, {**conditions.parameters, "limit": limit, "offset": offset})


def _show(rows: list[tuple[Any, ...]], now: datetime) -> list[Held]:
    records = [load("accreditation", content) for content, _names, _country in rows]
    shown = show_records(records, now)
    named = [first_name(json.loads(names), country) if names else Name("–") for _content, names, country in rows]
    return [Held(row, name) for row, name in zip(shown, named, strict=True)]
