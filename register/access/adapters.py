"""What allauth asks of the project: addresses are kept as networks, secrets of second factors are encrypted at rest."""

from __future__ import annotations

import base64
import hmac
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.http import HttpRequest

from register.access.addresses import read_first_of_network


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]  # allauth publishes no types
    """Nobody signs up; a session's place is kept as the network it came from."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse: accounts are made by invitation (register.access.invitations)."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the first address of the client's network, which is all that is kept of it."""
        return read_first_of_network(request)


class SecondFactors(DefaultMFAAdapter):  # type: ignore[misc]  # allauth publishes no types
    """Secrets are encrypted with a key derived from SECRET_KEY (and the fallbacks), so a stolen dump has none."""

    def get_totp_issuer(self) -> str:
        """Return what an authenticator app shows beside the code."""
        return f"Assay {settings.ASSAY_TITLE}"

    def encrypt(self, text: str) -> str:
        """Encrypt what is stored."""
        return _cipher().encrypt(text.encode()).decode("ascii")

    def decrypt(self, encrypted_text: str) -> str:
        """Decrypt what was stored; raises InvalidToken after SECRET_KEY was changed without a fallback."""
        return _cipher().decrypt(encrypted_text.encode("ascii")).decode()

    def get_public_key_credential_rp_entity(self) -> dict[str, Any]:
        """Name the site that passkeys are bound to (WebAuthn, section 5.4.2)."""
        return {**super().get_public_key_credential_rp_entity(), "name": settings.ASSAY_TITLE}


def _cipher() -> MultiFernet:
    keys = (str(settings.SECRET_KEY), *map(str, settings.SECRET_KEY_FALLBACKS))
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derive(key))) for key in keys])


def _derive(key: str) -> bytes:
    return hmac.digest(key.encode(), b"assay second factors v1", "sha256")
