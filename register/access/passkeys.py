"""Passkeys and security keys (WebAuthn Level 3): asked for and checked by allauth, which asks Yubico's fido2.

A passkey that its device lets be found without a name (a discoverable credential) opens the account by itself where the
device has also checked who uses it (user verification): what one has and what one knows or is, two factors in one.

The challenge waits in the session and serves once. Browsers refuse passkeys on a bare IP address (WebAuthn, section
5.1.2: the relying party is a domain), so pages there say so instead of offering them.
"""

from __future__ import annotations

import ipaddress
import json
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from fido2.webauthn import ResidentKeyRequirement, UserVerificationRequirement

from register.access.second_factor import PASSKEY

_MOST = 20_000
"""Characters of an answer of a browser."""


def are_possible(request: HttpRequest) -> bool:
    """Tell whether a browser would use passkeys at this address."""
    host = request.get_host().rpartition(":")[0] or request.get_host()
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return True
    return False


def ask_to_add(user: User) -> str:
    """Return, as JSON, what the browser needs to make a passkey; the challenge is kept in the session.

    Discoverable and with user verification where the device can do so, and without where it cannot: allauth asks for
    both or neither.
    """
    asked, state = auth.get_server().register_begin(
        user=auth.build_user_payload(user),
        credentials=auth.get_credentials(user),
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
        extensions=auth.EXTENSIONS,
    )
    auth.set_state(state)
    return _tell(dict(asked))


def add(user: User, name: str, answer: str) -> Authenticator | None:
    """Add the passkey that a browser made; None when its answer does not fit the challenge."""
    credential = _read(answer)
    if credential is None:
        return None
    try:
        auth.parse_registration_response(credential)
        auth.complete_registration(credential)
    except (ValidationError, ValueError, TypeError, KeyError):
        return None
    found: Authenticator = auth.WebAuthn.add(user, name, credential).instance
    return found


def ask(user: User) -> str:
    """Return, as JSON, what the browser needs to use one of the person's passkeys."""
    return _tell(auth.begin_authentication(user))


def ask_anybody() -> str:
    """Return, as JSON, what the browser needs to use a passkey of whomever; the device has to check who uses it."""
    return _tell(auth.begin_authentication())


def name_person(answer: str) -> User | None:
    """Return the person whom an answer names, None for nobody; nothing is proven yet."""
    credential = _read(answer)
    try:
        found: User | None = auth.extract_user_from_response(credential) if credential else None
    except (ValidationError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return found


def check(user: User, answer: str) -> Authenticator | None:
    """Return the passkey that answered the challenge, None when none of the person's did."""
    credential = _read(answer)
    if credential is None:
        return None
    try:
        auth.parse_authentication_response(credential)
        found: Authenticator = auth.complete_authentication(user, credential)
    except (ValidationError, ValueError, TypeError, KeyError):
        return None
    found.last_used_at = timezone.now()
    found.save(update_fields=["last_used_at"])
    return found


def check_alone(user: User, answer: str) -> Authenticator | None:
    """Return the passkey that answered `ask_anybody`: only of that challenge the device must have checked its user."""
    state = auth.get_state() or {}
    strict = state.get("user_verification") == UserVerificationRequirement.REQUIRED
    return check(user, answer) if strict else None


def have(user: User) -> bool:
    """Tell whether the person has a passkey."""
    return bool(Authenticator.objects.filter(user=user, type=PASSKEY).exists())


def _tell(options: Any) -> str:
    return json.dumps(options)


def _read(answer: str) -> dict[str, Any] | None:
    if not answer or len(answer) > _MOST:
        return None
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
