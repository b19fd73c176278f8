"""What terms say, value by value in words; of an amendment as it was, and as it will be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext

from register.desk.inputs import PROVIDER_TYPES, mark_language
from register.payloads import Amending, DocumentTerms, LearningOutcome
from register.queries.cuts import resolve_cut
from register.queries.single import find_records
from register.records import Document, Period
from register.scope import Scope
from register.site.dates import last_day, spell_day
from register.site.field_words import FIELDS
from register.site.names import name_record
from register.site.words import join_words, label, label_field, spell_scope


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that changes: its field, what that is called, and both values in words, empty for none."""

    field: str
    name: str | Promise
    before: str
    after: str


def find_differences(changes: Amending, record: Any) -> list[Difference]:
    """Return what changes in a record, in the order of the terms; a value set to what it is already is left out."""
    found = []
    for field, value in changes.given().items():
        before, after = spell(field, _held(record, field)), spell(field, value)
        if before != after:
            found.append(Difference(field, FIELDS.get(field, field.replace("_", " ").capitalize()), before, after))
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
        return ", ".join(mark_language(text, language) for language, text in value.items())
    if isinstance(value, (tuple, list)):
        return ", ".join(_spell_plain(one) for one in value)
    scheme = getattr(value, "scheme", None)
    return f"{label('identifier-schemes', scheme)}: {value.value}" if scheme else str(value)


def _spell_outcomes(value: Sequence[LearningOutcome | Mapping[str, Any]]) -> str:
    told = [one if isinstance(one, Mapping) else one.model_dump() for one in value]
    return "; ".join(" ".join([_spell_plain(one["text"]), *one.get("esco", ())]) for one in told)


def _spell_bodies(value: Sequence[str]) -> str:
    found = find_records("issuer", list(value), resolve_cut())
    return join_words([name_record(found[one]).text if one in found else one for one in value], len(value))


def _label_by(vocabulary: str) -> Callable[[Any], str]:
    return lambda value: label(vocabulary, value)


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
    "issued_from": spell_day,
    "issued_until": spell_day,
    "valid_until": lambda value: spell_day(last_day(value)),
    "report": _spell_report,
    "decision_document": _spell_report,
    "status": lambda value: gettext("required by law") if value == "obligatory" else gettext("voluntary"),
    "contributing_agencies": lambda value: str(len(value)),
    "provider_type": lambda value: str(PROVIDER_TYPES[int(value)]),
    "credential_type": _label_by("credential-types"),
    "isced_f": lambda value: join_words(map(label_field, value), len(value)),
    "learning_outcomes": _spell_outcomes,
    "eqf_level": lambda value: gettext("EQF level %(level)d") % {"level": value},
    "assessment_type": _label_by("assessment-types"),
    "participation": _label_by("modes"),
    "supervision": _label_by("supervision"),
    "stackability": _label_by("stackability"),
    "awarding_bodies": _spell_bodies,
    "accreditations_pass_on": lambda value: gettext("They pass on") if value else gettext("They do not pass on"),
}
