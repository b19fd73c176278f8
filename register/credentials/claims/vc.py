"""W3C Verifiable Credentials 1.1 and 2.0: issuer, dates, status; of what is awarded they say nothing themselves.

Sources: VC Data Model 2.0, sections 4.7 (issuer), 4.9 (validity), 4.10 (status); 1.1, sections 4.5, 4.6, 4.9.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from register.credentials.errors import NotGenuine
from register.credentials.presented import Claims, Presented, StatusEntry
from register.identifiers import parse_identifier
from register.moments import parse_moment
from register.sentences import say

_LONGEST_NAME: Final = 300
_ISSUED: Final = ("issued", "issuanceDate")
_STARTS: Final = ("validFrom", "issuanceDate")
_ENDS: Final = ("validUntil", "expirationDate")


def read_claims(presented: Presented) -> Claims:
    """Return what a plain credential says; raises NotGenuine for an issuer or dates that cannot be read."""
    document, dates = presented.document, read_dates(presented.document)
    return Claims(
        model="vc",
        issuers=read_issuers(document),
        issuer_name=read_name(read_issuer(document).get("name")),
        title=read_name(document.get("name")),
        status=read_status_entries(document),
        issued_at=dates.issued_at,
        valid_from=dates.valid_from,
        valid_until=dates.valid_until,
    )


def list_types(document: Mapping[str, Any]) -> frozenset[str]:
    """Return the types a node of a document states, one or many."""
    return frozenset(one for one in as_list(document.get("type")) if isinstance(one, str))


def as_list(value: Any) -> list[Any]:
    """Return what JSON-LD writes as one value or as a list of them as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def read_issuer(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the issuer as an object, also where the document names it by its id alone.

    Raises NotGenuine(`malformed_issuer`) when it is neither, or several.
    """
    issuer = document.get("issuer")
    if isinstance(issuer, str):
        return {"id": issuer}
    if isinstance(issuer, Mapping):
        return issuer
    raise NotGenuine("malformed_issuer", say("The credential must name one issuer; it names none, or several."))


def read_issuers(document: Mapping[str, Any], others: Sequence[Any] = ()) -> tuple[str, ...]:
    """Return identifiers of the issuer that a register can read: its id, then `others` in their order."""
    return read_identifiers([read_issuer(document).get("id"), *others])


def read_identifiers(candidates: Sequence[Any]) -> tuple[str, ...]:
    """Return those of many texts that are identifiers, each once; the rest is left out."""
    return tuple(dict.fromkeys(_keep_readable(candidates)))


def _keep_readable(candidates: Sequence[Any]) -> Iterator[str]:
    for candidate in candidates:
        if isinstance(candidate, str) and _is_readable(candidate):
            yield candidate.strip()


@lru_cache(maxsize=4096)  # a batch names the same issuer again and again
def _is_readable(candidate: str) -> bool:
    try:
        parse_identifier(candidate)
    except ValueError:
        return False
    return True


def read_name(value: Any) -> str | None:
    """Return a name in one line: text, a language map (English first), or a list of language-tagged values."""
    if isinstance(value, Mapping):
        value = value.get("en") or value.get("@value") or next(iter(value.values()), None)
    for one in as_list(value):
        text = one if isinstance(one, str) else read_name(one) if isinstance(one, Mapping) else None
        if text and text.strip():
            return " ".join(text.split())[:_LONGEST_NAME]
    return None


class Dates(NamedTuple):
    """The dates a credential states, None where it does not."""

    issued_at: datetime | None
    valid_from: datetime | None
    valid_until: datetime | None


def read_dates(document: Mapping[str, Any]) -> Dates:
    """Return the dates a credential states; raises NotGenuine(`malformed_date`)."""
    return Dates(*(read_moment(document, *names) for names in (_ISSUED, _STARTS, _ENDS)))


def read_moment(document: Mapping[str, Any], *names: str) -> datetime | None:
    """Return the first of several dates that is stated; raises NotGenuine(`malformed_date`)."""
    for name in names:
        if document.get(name) is not None:
            try:
                return parse_moment(document[name])
            except (ValueError, OverflowError):
                raise NotGenuine(
                    "malformed_date", say("The credential's {name} is not a date and time.", name=name)
                ) from None
    return None


def read_status_entries(document: Mapping[str, Any]) -> tuple[StatusEntry, ...]:
    """Return every place where the credential says that its status is kept, under either name seen in the wild.

    Raises NotGenuine(`malformed_status`).
    """
    entries = [*as_list(document.get("credentialStatus")), *as_list(document.get("status"))]
    found = []
    for entry in entries:
        types = list_types(entry) if isinstance(entry, Mapping) else frozenset()
        if not types:
            raise NotGenuine("malformed_status", say("The credential's status entry cannot be read: it has no type."))
        found.append(StatusEntry(_pick_type(types), entry))
    return tuple(found)


def _pick_type(types: frozenset[str]) -> str:
    telling = sorted(one for one in types if "Status" in one or "Revocation" in one)
    return telling[0] if telling else sorted(types)[0]
