"""Rows: what one version of a record looks like in its table, and by which claims and words it is found.

`COLUMNS` names each table's columns with their PostgreSQL types, `values_of` gives a record's values in that order
(after the five that all tables share). Values are ready for a binary COPY: ids as text, JSON as bytes, arrays as
tuples.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from psycopg.types.range import TimestamptzRange

from register.names import words_of_record
from register.records import (
    AccreditationRecord,
    AgencyRecord,
    BatchRecord,
    CredentialRecord,
    ForkRecord,
    IssuerRecord,
    KeyRecord,
    MandateRecord,
    PeerRecord,
    ProgrammeRecord,
    RegisterRecord,
    RelationRecord,
    WithdrawalRecord,
)
from register.records.credentials import CredentialState, spans_of

Columns = tuple[tuple[str, str], ...]

SHARED: Final[Columns] = (
    ("log_id", "int2"),
    ("uid", "uuid"),
    ("recorded_from", "int8"),
    ("recorded_until", "int8"),
    ("content", "json"),
)
_PERIOD: Final[Columns] = (("valid_from", "timestamptz"), ("valid_until", "timestamptz"))

COLUMNS: Final[Mapping[str, Columns]] = {
    "register": (),
    "agency": (("country", "text"), *_PERIOD, ("withdrawn_from", "timestamptz"), ("words", "text[]")),
    "issuer": (
        ("country", "text"),
        ("provider_type", "int2"),
        ("closed_from", "timestamptz"),
        ("quarantine", "text"),
        ("words", "text[]"),
    ),
    "relation": (("issuer", "uuid"), ("other", "uuid"), ("relation", "text"), *_PERIOD),
    "programme": (
        ("issuer", "uuid"),
        ("credential_type", "text"),
        ("eqf_level", "int2"),
        ("isced_f", "text[]"),
        *_PERIOD,
        ("closed_from", "timestamptz"),
        ("words", "text[]"),
    ),
    "key": (
        ("issuer", "uuid"),
        ("key_kind", "text"),
        ("value", "text"),
        *_PERIOD,
        ("revoked_from", "timestamptz"),
    ),
    "mandate": (("awarding_body", "uuid"), ("sealer", "uuid"), *_PERIOD, ("revoked_from", "timestamptz")),
    "accreditation": (
        ("issuer", "uuid"),
        ("agency", "uuid"),
        ("accreditation_kind", "text"),
        ("decision", "text"),
        *_PERIOD,
        ("revoked_from", "timestamptz"),
        ("suspended", "tstzrange[]"),
        ("quarantine", "text"),
        ("credential_types", "text[]"),
        ("eqf_levels", "int2[]"),
        ("isced_f", "text[]"),
        ("jurisdictions", "text[]"),
        ("programmes", "text[]"),
    ),
    "peer": (("origin", "text"), ("recognised", "int8"), ("withdrawn", "bool")),
    "fork": (("origin", "text"),),
    "batch": (("issuer", "uuid"), ("root", "text"), ("programme", "uuid")),
    "withdrawal": (("issuer", "uuid"),),
    "credential": (
        ("issuer", "uuid"),
        ("batch", "uuid"),
        ("revoked", "tstzrange[]"),
        ("suspended", "tstzrange[]"),
        ("status_list", "int4"),
        ("status_index", "int4"),
    ),
}


def register_uid(origin: str) -> str:
    """Return the uid of a register's own record, whose id is its origin (RFC 9562, name-based)."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, origin))


def values_of(kind: str, record: Any) -> tuple[Any, ...]:
    """Return a record's values for COLUMNS[kind]."""
    return _VALUES[kind](record)


def _register(record: RegisterRecord) -> tuple[Any, ...]:
    return ()


def _agency(record: AgencyRecord) -> tuple[Any, ...]:
    withdrawn = record.withdrawal.effective_from if record.withdrawal else None
    words = tuple(words_of_record(record))
    return (record.country, record.valid.valid_from, record.valid.valid_until, withdrawn, words)


def _issuer(record: IssuerRecord) -> tuple[Any, ...]:
    closed = record.closure.effective_from if record.closure else None
    return (record.country, record.provider_type, closed, record.quarantine, tuple(words_of_record(record)))


def _relation(record: RelationRecord) -> tuple[Any, ...]:
    return (record.issuer, record.other, record.relation, record.valid.valid_from, record.valid.valid_until)


def _programme(record: ProgrammeRecord) -> tuple[Any, ...]:
    closed = record.closure.effective_from if record.closure else None
    return (
        record.issuer, record.credential_type, record.eqf_level, record.isced_f, record.valid.valid_from,
        record.valid.valid_until, closed, tuple(words_of_record(record)),
    )  # fmt: skip


def _key(record: KeyRecord) -> tuple[Any, ...]:
    revoked = record.revocation.effective_from if record.revocation else None
    return (record.issuer, record.kind, record.value, record.valid.valid_from, record.valid.valid_until, revoked)


def _mandate(record: MandateRecord) -> tuple[Any, ...]:
    revoked = record.revocation.effective_from if record.revocation else None
    return (record.awarding_body, record.sealer, record.valid.valid_from, record.valid.valid_until, revoked)


def _accreditation(record: AccreditationRecord) -> tuple[Any, ...]:
    scope, valid = record.scope, record.valid
    suspended = [TimestamptzRange(span.effective_from, span.effective_until) for span in record.suspensions] or None
    return (
        record.issuer, record.agency, record.kind, record.decision, valid.valid_from, valid.valid_until,
        record.revocation.effective_from if record.revocation else None, suspended, record.quarantine,
        scope.credential_types, scope.eqf_levels, scope.isced_f, scope.jurisdictions,
        _programmes(record),
    )  # fmt: skip


def _programmes(record: AccreditationRecord) -> tuple[str, ...] | None:
    """Return the programmes that the newest or any former scope names: a question about the past needs them, too."""
    scopes = (record.scope, *(former.scope for former in record.former_scopes))
    named = dict.fromkeys(programme for scope in scopes for programme in scope.programmes or ())
    return tuple(named) or None


def _peer(record: PeerRecord) -> tuple[Any, ...]:
    return (record.origin, record.recognised.index, record.withdrawal is not None)


def _fork(record: ForkRecord) -> tuple[Any, ...]:
    return (record.origin,)


def _batch(record: BatchRecord) -> tuple[Any, ...]:
    return (record.issuer, record.root, record.programme)


def _withdrawal(record: WithdrawalRecord) -> tuple[Any, ...]:
    return (record.issuer,)


def _credential(record: CredentialRecord) -> tuple[Any, ...]:
    place = record.status
    number, index = (place.list, place.index) if place else (None, None)
    return (record.issuer, record.batch, _spans(record, "revoked"), _spans(record, "suspended"), number, index)


def _spans(record: CredentialRecord, state: CredentialState) -> list[TimestamptzRange] | None:
    return [TimestamptzRange(span.valid_from, span.valid_until) for span in spans_of(record, state)] or None


_VALUES: Final[Mapping[str, Callable[[Any], tuple[Any, ...]]]] = {
    "register": _register,
    "agency": _agency,
    "issuer": _issuer,
    "relation": _relation,
    "programme": _programme,
    "key": _key,
    "mandate": _mandate,
    "accreditation": _accreditation,
    "peer": _peer,
    "fork": _fork,
    "batch": _batch,
    "withdrawal": _withdrawal,
    "credential": _credential,
}
