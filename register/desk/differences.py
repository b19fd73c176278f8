"""What an amendment changes, value by value: as it was, and as it will be. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from register.payloads import Amending, DocumentTerms
from register.records import Document, Period
from register.scope import Scope
from register.site.dates import last_day, spell_day
from register.site.words import label, spell_scope

FIELDS: Final[Mapping[str, str | Promise]] = {
    "kind": _("Kind"),
    "scope": _("Scope"),
    "decision": _("Decision"),
    "valid_from": _("Valid from"),
    "valid_until": _("Valid until"),
    "report": _("Report"),
    "decision_document": _("Decision to recognise it"),
    "summary": _("Summary"),
    "standard": _("Standard"),
    "status": _("Kind of review"),
    "legal_basis": _("Legal basis"),
    "local_identifier": _("Reference of the agency"),
    "contributing_agencies": _("Agencies that contributed"),
    "names": _("Names"),
    "titles": _("Titles"),
    "country": _("Country"),
    "website": _("Website"),
    "identifiers": _("Identifiers"),
    "acronym": _("Acronym"),
    "sites": _("Sites"),
    "provider_type": _("Type of provider"),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that changes: its name, and both values in words, empty for none."""

    name: str | Promise
    before: str
    after: str


def find_differences(changes: Amending, record: Any) -> list[Difference]:
    """Return what changes in a record, in the order of the terms; a value set to what it is already is left out."""
    found = []
    for field, value in changes.given().items():
        before, after = spell(field, _held(record, field)), spell(field, value)
        if before != after:
            found.append(Difference(FIELDS.get(field, field.replace("_", " ").capitalize()), before, after))
    return found


def _held(record: Any, field: str) -> Any:
    if field in ("valid_from", "valid_until"):
        period = getattr(record, "valid", None)
        return getattr(period, field) if isinstance(period, Period) else None
    return getattr(record, field, None)


def spell(field: str, value: Any) -> str:
    """Return a value of a record, or of what is said of it, in words."""
    if value is None or value in ((), {}, ""):
        return ""
    return _SPELLED.get(field, _spell_plain)(value)


def _spell_plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{text} ({language})" for language, text in value.items())
    if isinstance(value, (tuple, list)):
        return ", ".join(_spell_plain(one) for one in value)
    scheme = getattr(value, "scheme", None)
    return f"{scheme}: {value.value}" if scheme else str(value)


def _spell_report(value: Document | DocumentTerms) -> str:
    return value.url + (f" (SHA-256 {value.sha256})" if value.sha256 else "")


def _spell_scope(value: Scope) -> str:
    return spell_scope(value)


_SPELLED: Final[Mapping[str, Callable[[Any], str]]] = {
    "scope": _spell_scope,
    "kind": lambda value: label("accreditation-kinds", value),
    "decision": lambda value: label("decisions", value),
    "country": lambda value: label("countries", value),
    "valid_from": spell_day,
    "valid_until": lambda value: spell_day(last_day(value)),
    "report": _spell_report,
    "decision_document": _spell_report,
    "status": lambda value: gettext("required by law") if value == "obligatory" else gettext("voluntary"),
    "contributing_agencies": lambda value: str(len(value)),
}
