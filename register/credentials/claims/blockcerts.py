"""Blockcerts v2 and v3: issuer, dates and title; of level, field and type they say nothing.

Version 2 is an Open Badge 2.0 with everything inside (Blockcerts v2 schema); its issuer keeps the list of what is
revoked beside its profile. Version 3 is a W3C credential.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from register.credentials.claims import vc
from register.credentials.errors import NotGenuine
from register.credentials.presented import Claims, Presented, StatusEntry
from register.sentences import say

REVOKED_BY_ISSUER: Final = "BlockcertsRevocationList"
"""Our name for the list of revoked certificates in the profile of an issuer of version 2."""


def read_claims(presented: Presented) -> Claims:
    """Return what a certificate says; raises NotGenuine for an issuer or dates that cannot be read."""
    if presented.format == "blockcerts_v2":
        return _read_v2(presented.document)
    document = presented.document
    dates, issuer = vc.read_dates(document), vc.read_issuer(document)
    return Claims(
        model="blockcerts",
        issuers=vc.read_issuers(document, [issuer.get("url")]),
        issuer_name=vc.read_name(issuer.get("name")),
        title=vc.read_name(document.get("name")) or _find_title(document),
        issued_at=dates.issued_at,
        valid_from=dates.valid_from,
        valid_until=dates.valid_until,
        status=vc.read_status_entries(document),
    )


def _find_title(document: Mapping[str, Any]) -> str | None:
    for subject in vc.as_list(document.get("credentialSubject")):
        claim = subject.get("claim") if isinstance(subject, Mapping) else None
        if isinstance(claim, Mapping):
            return vc.read_name(claim.get("name"))
    return None


def _read_v2(document: Mapping[str, Any]) -> Claims:
    badge = document.get("badge")
    issuer = badge.get("issuer") if isinstance(badge, Mapping) else None
    if not isinstance(badge, Mapping) or not isinstance(issuer, Mapping):
        raise NotGenuine(
            "malformed_issuer", say("This certificate is not whole: expected a badge that names its issuer.")
        )
    identifier = issuer.get("id")
    if not isinstance(identifier, str):
        raise NotGenuine("malformed_issuer", say('This certificate is not whole: expected its issuer to have an "id".'))
    issued_at = vc.read_moment(document, "issuedOn")
    return Claims(
        model="blockcerts",
        issuers=vc.read_identifiers([identifier, issuer.get("url")]),
        issuer_name=vc.read_name(issuer.get("name")),
        title=vc.read_name(badge.get("name")),
        issued_at=issued_at,
        valid_from=issued_at,
        valid_until=vc.read_moment(document, "expires"),
        status=(StatusEntry(REVOKED_BY_ISSUER, {"id": issuer.get("revocationList", identifier)}),),
    )
