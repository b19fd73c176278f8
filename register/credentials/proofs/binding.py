"""Binding: whether the key that signed is one with which the named issuer makes assertions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from register.credentials.errors import NotGenuine
from register.credentials.proofs.dids import VerificationMethod
from register.credentials.report import Finding
from register.sentences import say


def read_issuer(credential: Mapping[str, Any]) -> str:
    """Return the DID or address by which a credential names its issuer; raises NotGenuine(`issuer_missing`)."""
    issuer = credential.get("issuer")
    named = issuer.get("id") if isinstance(issuer, Mapping) else issuer
    if not isinstance(named, str) or not named:
        raise NotGenuine("issuer_missing", say("The credential names no issuer by a DID or an address."))
    return named


def check_method(method: VerificationMethod, signed_at: datetime | None, now: datetime) -> tuple[Finding, ...]:
    """Raise unless the controller lists the key for assertions and has not withdrawn it; return remarks.

    A key that ended after the signing time keeps what it signed before; whether that time can be believed is a matter
    of anchors and of the register. Raises NotGenuine(`key_not_for_assertions`, `key_revoked`, `key_expired`).
    """
    if "assertionMethod" not in method.purposes:
        raise NotGenuine(
            "key_not_for_assertions", say("The key is the controller's, but not one to issue credentials with.")
        )
    if method.revoked is not None and method.revoked <= now:
        raise NotGenuine("key_revoked", say("The controller of the signing key has revoked it."))
    findings = []
    if method.expires is not None and method.expires <= now:
        if signed_at is None or signed_at >= method.expires:
            raise NotGenuine("key_expired", say("The signing key had ended before the credential says it was signed."))
        text = say("The signing key has ended since; that it was used before its end is the credential's own word.")
        findings.append(Finding("key_expired", "warning", text))
    if not method.proven:
        controller = method.controller[:120]
        text = say("The signature holds, but {controller} was not seen to list the key.", controller=controller)
        findings.append(Finding("key_not_listed", "not_checked", text, {"controller": method.controller}))
    return tuple(findings)


def check_controller(controller: str, issuer: str) -> tuple[Finding, ...]:
    """Raise NotGenuine(`signed_by_another`) when a DID is the issuer and another holds the key; return remarks.

    An issuer named by a web address is bound by a key below that address; one host may serve many issuers, so that a
    key elsewhere on it is anybody's.
    """
    if controller == issuer:
        return ()
    if issuer.startswith("did:"):
        raise NotGenuine(
            "signed_by_another",
            say("The credential was signed by {controller}, not by its issuer.", controller=repr(controller[:120])),
        )
    if controller.startswith(f"{issuer.rstrip('/')}/"):
        return ()
    text = say(
        "The signature holds, but nothing in it ties its key to the issuer: only the register can say whose it is."
    )
    return (Finding("key_not_bound_to_issuer", "warning", text, {"controller": controller}),)
