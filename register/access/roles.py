"""Roles and verbs: which role may say what through the API. Pure.

The rules (register/rules.py) remain the judge of every event; this table refuses early, before anything is read, and
documents itself in the API's description. A test holds the two against each other.
"""

from __future__ import annotations

from typing import Final

OPERATOR: Final = "operator"
AGENCY: Final = "agency"
ISSUER: Final = "issuer"
ROLES: Final = (OPERATOR, AGENCY, ISSUER)
"""Roles that may speak: `operator` for the node, the others for one agency or issuer."""

AUDITOR: Final = "auditor"
MEMBER_ROLES: Final = (*ROLES, AUDITOR)
"""Roles a person may have; an auditor reads what operators read, and says nothing."""

_OPERATOR: Final = frozenset({OPERATOR})
_DECIDING: Final = frozenset({OPERATOR, AGENCY})
_ISSUING: Final = frozenset({OPERATOR, ISSUER})
_ANYBODY: Final = frozenset(ROLES)

VERBS: Final[dict[str, frozenset[str]]] = {
    "recognise_agency": _OPERATOR,
    "amend_agency": _OPERATOR,
    "withdraw_agency": _OPERATOR,
    "register_issuer": _DECIDING,
    "amend_issuer": _DECIDING,
    "close_issuer": _DECIDING,
    "relate_issuer": _DECIDING,
    "bind_key": _ANYBODY,
    "revoke_key": _ANYBODY,
    "register_programme": _ANYBODY,
    "amend_programme": _ANYBODY,
    "close_programme": _ANYBODY,
    "grant_mandate": _ANYBODY,
    "revoke_mandate": _ANYBODY,
    "grant_accreditation": _DECIDING,
    "amend_accreditation": _DECIDING,
    "suspend_accreditation": _DECIDING,
    "reinstate_accreditation": _DECIDING,
    "revoke_accreditation": _DECIDING,
    "anchor_batch": _ISSUING,
    "revoke_credentials": _ISSUING,
    "suspend_credentials": _ISSUING,
    "reinstate_credentials": _ISSUING,
    "recognise_peer": _OPERATOR,
    "amend_peer": _OPERATOR,
    "withdraw_peer": _OPERATOR,
}
"""Verb (a function of register.commands) → the roles that may say it."""

READ: Final = "read"
WRITE: Final = "write"
"""Scopes of a token: `read` allows no verb, `write` all verbs of its role; else verbs are listed one by one."""

SCOPES: Final = (READ, WRITE, *VERBS)


def allowed_verbs(role: str, scope: tuple[str, ...]) -> frozenset[str]:
    """Return the verbs that a role may say within the scope of a token."""
    of_role = frozenset(verb for verb, roles in VERBS.items() if role in roles)
    return of_role if WRITE in scope else of_role & frozenset(scope)
