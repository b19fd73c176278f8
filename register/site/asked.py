"""What pages may be asked: their query parameters, read as the API reads them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

from register import vocabularies
from register.api.parameters import Parameter, one_of, whole_number
from register.errors import NotUnderstood
from register.identifiers import parse_identifier
from register.moments import format_moment, parse_moment
from register.queries.cuts import Cut, read_known_at
from register.queries.filters import ACCREDITATION_STATES, AGENCY_STATES, ISSUER_STATES
from register.queries.hearing import hear_peers
from register.queries.selecting import NO_ID, read_uid
from register.sentences import say
from register.site.entry_words import TYPE_TITLES
from register.site.standing import Instants
from register.texts import check_line
from register.trust import TreeSize


def _read_known_at(text: str) -> datetime | TreeSize:
    return read_known_at(text)


def _read_name(text: str) -> str:
    if len(text) > 200:
        raise ValueError(say("expected at most 200 characters"))
    return check_line(text)


def _read_agency(text: str) -> str:
    try:
        return read_uid(text, "agency")
    except NotUnderstood:
        raise ValueError(NO_ID) from None


def _read_cursor(text: str) -> str:
    if len(text) > 60 or not text.isascii():
        raise ValueError(say("expected the cursor of an earlier page"))
    return text


def _read_origin(text: str) -> str:
    if len(text) > 300:
        raise ValueError(say("expected at most 300 characters"))
    return check_line(text)


AT: Final = Parameter("at", "The instant that matters.", parse_moment)
KNOWN_AT: Final = Parameter("known_at", "Only entries recorded till then.", _read_known_at)
Q: Final = Parameter("q", "A name in any language, or an identifier.", _read_name)
COUNTRY: Final = Parameter("country", "Country.", lambda text: vocabularies.load("countries").get(text).code)
IDENTIFIER: Final = Parameter("identifier", "Any identifier.", parse_identifier)
PROVIDER: Final = Parameter("provider_type", "1: formal education, 2: other.", whole_number(1, 2))
CREDENTIAL: Final = Parameter("type", "Credential type.", vocabularies.parse_credential_type)
LEVEL: Final = Parameter("level", "EQF level.", vocabularies.parse_eqf)
FIELD: Final = Parameter("field", "Field of study.", vocabularies.parse_isced_f)
KIND: Final = Parameter("kind", "Kind.", lambda text: vocabularies.load("accreditation-kinds").get(text).code)
AGENCY: Final = Parameter("agency", "Id of an agency.", _read_agency)
STATUS: Final = Parameter("status", "How issuers stand.", one_of(*ISSUER_STATES))
ACCREDITATION_STATUS: Final = Parameter("status", "How accreditations stand.", one_of(*ACCREDITATION_STATES))
AGENCY_STATUS: Final = Parameter("status", "How agencies stand.", one_of(*AGENCY_STATES))
AFTER: Final = Parameter("after", "Cursor.", _read_cursor)
BEFORE: Final = Parameter("before", "Only entries below this index.", whole_number(0, 10**15))
TYPE: Final = Parameter("type", "Type of entry.", one_of(*TYPE_TITLES))

REGISTER: Final = Parameter("register", "Origin of a register.", _read_origin)

DATES: Final = (AT, KNOWN_AT)
THIS: Final = (*DATES, REGISTER)
"""What the page of one thing may be asked."""


def read_instants(query: Mapping[str, Any]) -> Instants:
    """Return the two dates of a page: now and everything known, unless the address says otherwise.

    A form sends both dates whenever it is sent: today's date means today, and knowledge up to its end all there is.
    """
    now, known = timezone.now(), query.get("known_at")
    at: datetime = query.get("at", now)
    today = "at" not in query or at == now.replace(hour=0, minute=0, second=0, microsecond=0)
    return Instants(
        at=now if today else at,
        now=now,
        today=today,
        known_instant=known if isinstance(known, datetime) and known < now else None,
        known_size=known if isinstance(known, TreeSize) else None,
    )


def hear(instants: Instants, query: Mapping[str, Any]) -> Cut:
    """Return the registers that a page looks into, as they were known: ours and the peers', or the one named."""
    return hear_peers(instants.known_instant or instants.known_size, query.get("register"))


def write_instants(instants: Instants) -> dict[str, str | None]:
    """Return the dates as parameters of an address; what is not pinned is left out."""
    known = f"{instants.known_size.origin}@{instants.known_size.size}" if instants.known_size else None
    if instants.known_instant is not None:
        known = instants.known_instant.date().isoformat()
    return {"at": None if instants.today else format_moment(instants.at), "known_at": known}


def write_dates(query: Mapping[str, Any]) -> Mapping[str, str | None]:
    """Return the dates that a query asks for as parameters of an address; those of today are left out."""
    return write_instants(read_instants(query)) if "at" in query or "known_at" in query else {}
