"""Events: the envelope of a ledger entry, and the catalogue of types.

An entry's bytes are a CloudEvents 1.0 JSON object in RFC 8785 canonical form. `parse` turns them into an `Event`;
`draft` builds one and gives its bytes. The time is set by the node inside the ledger's lock and never decreases.
Sources: CloudEvents 1.0.2 (CNCF), RFC 8785, RFC 9562 (UUIDv7).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from ledger.tlog import canonical
from ledger.tlog.errors import CanonicalFormError
from register import payloads
from register.errors import MalformedEvent, UnknownEventType
from register.moments import format_instant, parse_moment
from register.payloads import Said
from register.texts import check_line, check_url

SPEC_VERSION: Final = "1.0"
SCHEMA_VERSION: Final = "1"

CATALOGUE: Final[Mapping[str, type[Said]]] = {
    "register.opened": payloads.RegisterOpened,
    "agency.recognised": payloads.AgencyRecognised,
    "agency.amended": payloads.AgencyAmended,
    "agency.withdrawn": payloads.AgencyWithdrawn,
    "issuer.registered": payloads.IssuerRegistered,
    "issuer.amended": payloads.IssuerAmended,
    "issuer.closed": payloads.IssuerClosed,
    "issuer.related": payloads.IssuerRelated,
    "programme.registered": payloads.ProgrammeRegistered,
    "programme.amended": payloads.ProgrammeAmended,
    "programme.closed": payloads.ProgrammeClosed,
    "key.bound": payloads.KeyBound,
    "key.revoked": payloads.KeyRevoked,
    "mandate.granted": payloads.MandateGranted,
    "mandate.revoked": payloads.MandateRevoked,
    "accreditation.granted": payloads.AccreditationGranted,
    "accreditation.amended": payloads.AccreditationAmended,
    "accreditation.suspended": payloads.AccreditationSuspended,
    "accreditation.reinstated": payloads.AccreditationReinstated,
    "accreditation.revoked": payloads.AccreditationRevoked,
    "peer.recognised": payloads.PeerRecognised,
    "peer.amended": payloads.PeerAmended,
    "peer.withdrawn": payloads.PeerWithdrawn,
    "fork.reported": payloads.ForkReported,
    "register.key_rotated": payloads.RegisterKeyRotated,
    "credentials.anchored": payloads.CredentialsAnchored,
    "credential.revoked": payloads.CredentialRevoked,
    "credential.suspended": payloads.CredentialSuspended,
    "credential.reinstated": payloads.CredentialReinstated,
}
"""Event type → the model of its data. What is not here is unknown and quarantined when it comes from a peer."""

_VALIDATE: Final[Mapping[str, Callable[[object], Said]]] = {
    event_type: model.__pydantic_validator__.validate_python for event_type, model in CATALOGUE.items()
}
"""What `model_validate` calls, at two thirds of the price for small data."""

_PLAIN_WORDS: Final = {
    "missing": "expected a value, got none; the field is required",
    "tuple_type": "expected a list",
    "dict_type": "expected an object of names and values",
    "model_type": "expected an object",
    "dataclass_type": "expected an object",
    "string_type": "expected a text",
    "int_type": "expected an integer",
    "bool_type": "expected true or false",
}
"""Faults that pydantic names in Python's words, in JSON's."""

_ATTRIBUTES: Final = ("id", "source", "type", "subject", "time", "schemaversion")
_EVENT_ID: Final = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ENVELOPE: Final = {
    "specversion",
    "id",
    "source",
    "type",
    "subject",
    "time",
    "schemaversion",
    "data",
    "datacontenttype",
}


_KIND_OF: Final = {"credentials": "batch", "credential": "withdrawal"}
"""First part of a type → the kind of its subject, where that is not the same word."""


def kind_of(event_type: str) -> str:
    """Return the kind of record that is the subject of events of a type."""
    first = event_type.partition(".")[0]
    return _KIND_OF.get(first, first)


class Event(NamedTuple):
    """One parsed entry. `subject` is the address of the thing; `time` aware UTC.

    `kind` is what kind of thing it is about, see `kind_of`; `subject_id` the last part of the address.
    """

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    data: Any
    schemaversion: str
    kind: str
    subject_id: str


def parse(entry: bytes) -> Event:
    """Parse an entry's bytes into an event.

    Raises MalformedEvent when they are no canonical CloudEvent with data of the catalogue, and UnknownEventType when
    the envelope is sound but its type or schema version is not known here.
    """
    try:
        envelope = canonical.decode(entry)
    except CanonicalFormError as error:
        raise MalformedEvent(f"expected canonical JSON (RFC 8785): {error}") from error
    return _read_envelope(envelope)


def _read_envelope(envelope: object) -> Event:
    if not isinstance(envelope, dict) or envelope.get("specversion") != SPEC_VERSION:
        raise MalformedEvent(f"expected a CloudEvents object of specversion {SPEC_VERSION!r}")
    event_id, source, event_type, subject, time, version = _read_attributes(envelope)
    model = CATALOGUE.get(event_type)
    if model is None or version != SCHEMA_VERSION:
        raise UnknownEventType(f"event type {event_type[:80]!r} in schema version {version[:20]!r} is not known here")
    try:
        moment = _read_addresses_and_time(event_id, source, subject, time)
    except ValueError as error:
        raise MalformedEvent(f"{event_type}: {error}") from error
    data = _read_data(event_type, envelope.get("data"))
    kind, subject_id = kind_of(event_type), subject.rpartition("/")[2]
    return Event(event_id, source, event_type, subject, moment, data, version, kind, subject_id)


def _read_attributes(envelope: dict[str, Any]) -> tuple[str, ...]:
    texts: tuple[Any, ...] = tuple(map(envelope.get, _ATTRIBUTES))
    for text in texts:
        if type(text) is not str or not 0 < len(text) <= 2000:
            name = _ATTRIBUTES[texts.index(text)]
            raise MalformedEvent(f"expected a text of 1 to 2000 characters as {name}, got {type(text).__name__}")
    return texts


def _read_addresses_and_time(event_id: str, source: str, subject: str, time: str) -> datetime:
    if not _EVENT_ID.fullmatch(event_id):
        raise ValueError("expected an id such as urn:uuid:0190f0a0-0000-7000-8000-000000000000 (RFC 9562)")
    _check_address(source)
    if subject != source and not subject.startswith(source + "/"):
        raise ValueError("expected a subject that is the source's address or lies below it")
    check_line(subject)
    if len(time) == 10:
        raise ValueError("expected a time (RFC 3339) such as 2024-01-31T12:00:00Z, got a bare date")
    return parse_moment(time)


@lru_cache(maxsize=1024)  # a ledger has one source; peers add theirs
def _check_address(source: str) -> None:
    if check_url(source).endswith("/") or "?" in source or "#" in source:
        raise ValueError("expected a source without slash at its end, query and fragment")


def _read_data(event_type: str, data: object) -> Said:
    try:
        return _VALIDATE[event_type](data)
    except ValidationError as error:
        raise MalformedEvent(f"{event_type}: {describe(error)}") from error


def describe(error: ValidationError) -> str:
    """Say in one line what a validation found: the first fault's field and what was expected, never the input."""
    field, sentence = first_fault(error)
    return f"{field or 'data'}: {sentence}"


def first_fault(error: ValidationError) -> tuple[str, str]:
    """Return the first fault's field (dotted path, empty when no single one) and a sentence on what was expected."""
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    field = ".".join(_printable(str(part)[:80]) for part in fault["loc"][:8])
    if fault["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return field, f"unknown field {field!r}; remove it, or check how it is spelled"
    plain = _PLAIN_WORDS.get(fault["type"])
    return field, plain or fault["msg"].removeprefix("Value error, ")


def _printable(name: str) -> str:
    """A stranger chose the names of unknown fields; the sentence goes into a database, a log and a terminal."""
    return "".join(c if c.isprintable() else "\ufffd" for c in name)


def draft(
    event_type: str, *, event_id: str, source: str, subject: str, time: datetime, data: Mapping[str, Any]
) -> bytes:
    """Return the canonical bytes of an event; `data` is JSON-ready and was validated by its payload's model."""
    return canonical.encode(
        {
            "specversion": SPEC_VERSION,
            "id": f"urn:uuid:{event_id}",
            "source": source,
            "type": event_type,
            "subject": subject,
            "time": format_instant(time),
            "schemaversion": SCHEMA_VERSION,
            "datacontenttype": "application/json",
            "data": data,
        }
    )


def identity(source: str, event_id: str) -> bytes:
    """Return the 256-bit identity of an event: CloudEvents makes `source` and `id` together unique (section 3.1.1)."""
    return hashlib.sha256(b"assay event identity v1\x00" + source.encode() + b"\x00" + event_id.encode()).digest()


def json_schema(event_type: str) -> dict[str, Any]:
    """Return the published JSON Schema (2020-12) of a whole entry of this type and the current version."""
    data = CATALOGUE[event_type].model_json_schema(mode="validation", ref_template="#/$defs/{model}")
    definitions = data.pop("$defs", {})
    text = {"type": "string", "minLength": 1}
    properties = {name: dict(text) for name in sorted(_ENVELOPE - {"data"})}
    properties |= {"specversion": {"const": SPEC_VERSION}, "type": {"const": event_type}, "data": data}
    properties |= {"schemaversion": {"const": SCHEMA_VERSION}, "time": {"type": "string", "format": "date-time"}}
    properties["id"] = {"type": "string", "pattern": f"^{_EVENT_ID.pattern}$"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": event_type,
        "type": "object",
        "required": sorted(_ENVELOPE - {"datacontenttype"}),
        "properties": properties,
        "$defs": definitions,
    }
