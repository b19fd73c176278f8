"""Topics and codes: what one may follow, and what there is to hear of it. Pure.

A topic is a text: `everything`, `issuer:ID`, `agency:ID`, `country:NL`; and for members of the register
`desk:ROLE:ORGANISATION` (their organisation's list) and `user:NUMBER` (one person).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

EVERYTHING: Final = "everything"

CODE_OF: Final[Mapping[str, str]] = {
    "accreditation.granted": "granted",
    "accreditation.amended": "amended",
    "accreditation.suspended": "suspended",
    "accreditation.reinstated": "reinstated",
    "accreditation.revoked": "revoked",
    "issuer.registered": "registered",
    "issuer.amended": "registered",
    "issuer.closed": "closed",
    "issuer.related": "related",
    "programme.registered": "programme",
    "programme.amended": "programme",
    "programme.closed": "programme",
    "key.bound": "key",
    "key.revoked": "key",
    "mandate.granted": "mandate",
    "mandate.revoked": "mandate",
    "agency.recognised": "agency",
    "agency.amended": "agency",
    "agency.withdrawn": "agency",
    "peer.recognised": "federation",
    "peer.amended": "federation",
    "peer.withdrawn": "federation",
    "register.key_rotated": "federation",
    "fork.reported": "fork",
}
"""Type of entry → code of its notice. Batches and withdrawals of single credentials are no news: there are millions."""

EXPIRING: Final = "expiring"
IMPORT_DONE: Final = "import_done"
APPROVAL: Final = "approval"
DRAFT_DECIDED: Final = "draft_decided"

CODES: Final[Mapping[str, str | Promise]] = {
    "granted": _("Accreditations granted or refused"),
    "amended": _("Accreditations amended or corrected"),
    "suspended": _("Accreditations suspended"),
    "reinstated": _("Suspensions ended"),
    "revoked": _("Accreditations revoked"),
    EXPIRING: _("Accreditations that expire in 90 and in 30 days"),
    "registered": _("Issuers registered, or their names and details changed"),
    "closed": _("Issuers closed"),
    "related": _("Mergers, successions and other relations"),
    "programme": _("Programmes and micro-credentials"),
    "key": _("Keys bound or revoked"),
    "mandate": _("Mandates to seal for another organisation"),
    "agency": _("Agencies recognised, amended or withdrawn"),
    "federation": _("Other registers recognised, and keys of registers"),
    "fork": _("A register that showed two histories"),
}
"""Codes that one may choose among, in the order in which they are offered."""

MEMBER_CODES: Final[Mapping[str, str | Promise]] = {
    IMPORT_DONE: _("Import finished"),
    APPROVAL: _("A draft waits for a second person"),
    DRAFT_DECIDED: _("A colleague approved, returned or discarded your draft"),
    "fork": _("A register showed two histories"),
}
"""Codes told to members of the register."""


def about_issuer(issuer: str) -> str:
    """Return the topic of an issuer."""
    return f"issuer:{issuer}"


def about_agency(agency: str) -> str:
    """Return the topic of an agency."""
    return f"agency:{agency}"


def about_country(country: str) -> str:
    """Return the topic of a country (ISO 3166-1 alpha-2)."""
    return f"country:{country}"


def of_members(role: str, organisation: str) -> str:
    """Return the topic of the members of an organisation in a role."""
    return f"desk:{role}:{organisation}"


def of_user(user: int) -> str:
    """Return the topic of one person."""
    return f"user:{user}"
