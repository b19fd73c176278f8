"""Words for people: roles, ways to sign in, browsers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from register.access.roles import AGENCY, AUDITOR, ISSUER, OPERATOR

Words = str | Promise

ROLES: Final[Mapping[str, Words]] = {
    OPERATOR: _("Operator"),
    AGENCY: _("Agency officer"),
    ISSUER: _("Issuer officer"),
    AUDITOR: _("Auditor"),
}
APPROVERS: Final[Mapping[str, Words]] = {
    OPERATOR: _("Operator and approver"),
    AGENCY: _("Agency officer and approver"),
    ISSUER: _("Issuer officer and approver"),
}
MEANINGS: Final[Mapping[str, Words]] = {
    OPERATOR: _("Runs this register: agencies, peers, people."),
    AGENCY: _("Records decisions of the agency."),
    ISSUER: _("Keeps the issuer’s programmes, keys and batches."),
    AUDITOR: _("Reads what operators read, and changes nothing."),
}
FACTORS: Final[Mapping[str, Words]] = {
    "totp": _("Authenticator app"),
    "webauthn": _("Passkey or security key"),
    "recovery_codes": _("Recovery code"),
}
_BROWSERS: Final = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def name_role(role: str, approves: bool = False) -> Words:
    """Return a role in words."""
    return APPROVERS.get(role, ROLES.get(role, role)) if approves else ROLES.get(role, role)


def name_browser(agent: str) -> str:
    """Say which browser on which system a User-Agent names: `Firefox, Linux`; empty when neither is known."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return ", ".join(part for part in (browser, system) if part)
