"""Tables: which kinds of records are given away, and how each becomes one line of CSV. Pure.

In CSV a name stands as text in its first language and all of them as JSON beside it; codes of a list are separated by
blanks; absent is empty; periods are half-open and dates ISO 8601. JSON Lines hold the whole record instead
(register.records), so CSV may leave out what does not fit into cells: histories, suspensions, former names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from register.moments import format_instant, format_moment
from register.records import BatchRecord, KeyRecord, MandateRecord, Period, RelationRecord
from register.sentences import say
from register.site.names import first_name
from register.trust.links import find_state

Cells = dict[str, Any]


def _agency(record: Any, at: datetime) -> Cells:
    return {
        "acronym": record.acronym,
        "country": record.country,
        **_name(record.names, record.country),
        "identifiers": _identifiers(record),
        "website": record.website,
        **_scope(record.scope),
        **_period(record.valid),
        "withdrawn_from": _end(record.withdrawal),
        "status": _judge(record.valid, record.withdrawal, at, "recognised", "withdrawn"),
        **_source(record),
    }


def _issuer(record: Any, at: datetime) -> Cells:
    closed = record.closure is not None and record.closure.effective_from <= at
    return {
        "acronym": record.acronym,
        "country": record.country,
        **_name(record.names, record.country),
        "provider_type": record.provider_type,
        "sites": "; ".join(record.sites),
        "identifiers": _identifiers(record),
        "website": record.website,
        "closed_from": _end(record.closure),
        "status": "closed" if closed else "registered",
        **_source(record),
    }


def _programme(record: Any, at: datetime) -> Cells:
    return {
        "issuer": record.issuer,
        **_name(record.titles, ""),
        "credential_type": record.credential_type,
        "eqf_level": record.eqf_level,
        "isced_f": _list(record.isced_f),
        "ects": record.ects,
        "hours": record.hours,
        "awarding_bodies": _list(record.awarding_bodies),
        **_period(record.valid),
        "closed_from": _end(record.closure),
        "status": _judge(record.valid, record.closure, at, "in_force", "closed"),
        **_source(record),
    }


def _accreditation(record: Any, at: datetime) -> Cells:
    return {
        "issuer": record.issuer,
        "agency": record.agency,
        "kind": record.kind,
        "standard": record.standard,
        "decision": record.decision,
        **_scope(record.scope),
        **_period(record.valid),
        "revoked_from": _end(record.revocation),
        "revocation_reason": record.revocation.reason if record.revocation else None,
        "status": find_state(record, at),
        "report": record.report.url if record.report else None,
        "report_sha256": record.report.sha256 if record.report else None,
        "local_identifier": record.local_identifier,
        "granted_at": format_instant(record.granted.time),
        **_source(record),
    }


def _key(record: KeyRecord, at: datetime) -> Cells:
    ended = record.revocation
    return {
        "issuer": record.issuer,
        "kind": record.kind,
        "value": record.value,
        **_period(record.valid),
        "revoked_from": _end(ended),
        "revocation_reason": ended.reason if ended else None,
        "compromised_since": format_moment(ended.since) if ended and ended.since else None,
        **_source(record),
    }


def _relation(record: RelationRecord, at: datetime) -> Cells:
    return {
        "issuer": record.issuer,
        "relation": record.relation,
        "other": record.other,
        **_period(record.valid),
        "accreditations_pass_on": str(record.accreditations_pass_on).lower(),
        **_source(record),
    }


def _mandate(record: MandateRecord, at: datetime) -> Cells:
    return {
        "awarding_body": record.awarding_body,
        "sealer": record.sealer,
        **_scope(record.scope),
        **_period(record.valid),
        "revoked_from": _end(record.revocation),
        "status": _judge(record.valid, record.revocation, at, "in_force", "revoked"),
        **_source(record),
    }


def _batch(record: BatchRecord, at: datetime) -> Cells:
    return {
        "issuer": record.issuer,
        "root": record.root,
        "count": record.count,
        "tree_algorithm": record.tree_algorithm,
        "credential_type": record.credential_type,
        "issued_from": format_moment(record.issued_from) if record.issued_from else None,
        "issued_until": format_moment(record.issued_until) if record.issued_until else None,
        "anchored_at": format_instant(record.recorded.time),
        **_source(record),
    }


TABLES: Final[Mapping[str, tuple[str, Callable[[Any, datetime], Cells]]]] = {
    "agencies": ("agency", _agency),
    "issuers": ("issuer", _issuer),
    "relations": ("relation", _relation),
    "programmes": ("programme", _programme),
    "accreditations": ("accreditation", _accreditation),
    "keys": ("key", _key),
    "mandates": ("mandate", _mandate),
    "batches": ("batch", _batch),
}
"""Name of a table → kind of its records, and what its lines hold beside `id` and `url`."""

COLUMNS: Final[Mapping[str, str]] = {
    "id": say("Id of the thing (UUIDv7); it never changes"),
    "url": say("Permanent address of the thing"),
    "name": say("Name in the first official language of its country, else English, else any"),
    "name_language": say("Language of that name (BCP 47; und: not stated)"),
    "names": say("All names by language, as JSON"),
    "identifiers": say("Identifiers as scheme:value, separated by blanks"),
    "status": say("How it stood on the day of the export"),
    "valid_from": say("First instant of validity (a bare date is its first instant, UTC)"),
    "valid_until": say("End of validity, not included; empty: open"),
    "recorded_in": say("Indexes of the ledger entries that it rests on, separated by blanks"),
    "demonstration": say("true for demonstration data"),
    "credential_types": say("Limits of the scope: types; empty: no limit"),
    "eqf_levels": say("Limits of the scope: EQF levels"),
    "isced_f": say("Fields of ISCED-F 2013"),
    "jurisdictions": say("Limits of the scope: countries and regions (ISO 3166)"),
    "programmes": say("Limits of the scope: ids of programmes"),
    "activities": say("Limits of the scope: activities of an agency"),
}
"""What columns mean that do not explain themselves; their words are at /api/v1/vocabularies."""

_SCOPE: Final = "credential_types eqf_levels isced_f jurisdictions programmes activities"
_NAME: Final = "name name_language names"
_VALID: Final = "valid_from valid_until"
_SOURCE: Final = "recorded_in demonstration"
HEADS: Final[Mapping[str, tuple[str, ...]]] = {
    table: tuple(f"id url {columns} {_SOURCE}".split())
    for table, columns in {
        "agencies": f"acronym country {_NAME} identifiers website {_SCOPE} {_VALID} withdrawn_from status",
        "issuers": f"acronym country {_NAME} provider_type sites identifiers website closed_from status",
        "relations": f"issuer relation other {_VALID} accreditations_pass_on",
        "programmes": (
            f"issuer {_NAME} credential_type eqf_level isced_f ects hours awarding_bodies {_VALID} closed_from status"
        ),
        "accreditations": (
            f"issuer agency kind standard decision {_SCOPE} {_VALID} revoked_from revocation_reason status report "
            "report_sha256 local_identifier granted_at"
        ),
        "keys": f"issuer kind value {_VALID} revoked_from revocation_reason compromised_since",
        "mandates": f"awarding_body sealer {_SCOPE} {_VALID} revoked_from status",
        "batches": "issuer root count tree_algorithm credential_type issued_from issued_until anchored_at",
    }.items()
}
"""Table → its columns in CSV, in their order."""

CHANGES: Final = ("index", "time", "type", "subject", "issuer", "agency")
"""Columns of the change feed in CSV."""


def flatten(table: str, record: Any, at: datetime) -> Cells:
    """Return a record as the cells of one line, by column, in the order of columns; the state is that at an instant."""
    _, make = TABLES[table]
    return {"id": record.id, "url": getattr(record, "url", None), **make(record, at)}


def _name(names: Mapping[str, str], country: str) -> Cells:
    first = first_name(names, country, "en")
    return {
        "name": first.text,
        "name_language": first.language,
        "names": json.dumps(dict(names), ensure_ascii=False, sort_keys=True),
    }


def _identifiers(record: Any) -> str:
    return " ".join(f"{one.scheme}:{one.value}".replace(" ", "%20") for one in record.identifiers)


def _list(values: Any) -> str | None:
    return None if values is None else " ".join(str(value) for value in values)


def _scope(scope: Any) -> Cells:
    names = ("credential_types", "eqf_levels", "isced_f", "jurisdictions", "programmes", "activities")
    return {name: _list(scope.limit(name)) for name in names}


def _period(period: Period) -> Cells:
    start, end = period.valid_from, period.valid_until
    return {"valid_from": format_moment(start) if start else None, "valid_until": format_moment(end) if end else None}


def _end(ending: Any) -> str | None:
    return format_moment(ending.effective_from) if ending is not None else None


def _judge(valid: Period, ending: Any, at: datetime, holding: str, ended: str) -> str:
    if ending is not None and ending.effective_from <= at:
        return ended
    if valid.valid_until is not None and valid.valid_until <= at:
        return "expired"
    return "not_yet_valid" if valid.valid_from is not None and at < valid.valid_from else holding


def _source(record: Any) -> Cells:
    entries = " ".join(map(str, record.entries))
    demonstration = getattr(record, "demonstration", False)
    return {"recorded_in": entries, "demonstration": "true" if demonstration else "false"}
