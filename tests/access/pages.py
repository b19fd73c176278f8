"""What tests of accounts share: fresh counters, forms as a browser sends them, codes of an authenticator app."""

from __future__ import annotations

import re
import time
from typing import Any

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client

from register.access.models import AuditRecord
from register.access.second_factor import STEP
from tests.people import PASSWORD, TOTP_SECRET


def code_of(secret: str = TOTP_SECRET, steps: int = 0) -> str:
    """Return the code that an app shows now, or some steps from now."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // STEP + steps)))


def enter(client: Client, email: str, password: str = PASSWORD, **fields: str) -> Any:
    """Send the form of e-mail and password."""
    return client.post("/sign-in", {"username": email, "password": password, **fields}, REMOTE_ADDR="192.0.2.1")


def words(response: Any) -> str:
    """Return the text of a page without its markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def noted(code: str) -> list[AuditRecord]:
    """Return the lines of the audit record with a code."""
    return list(AuditRecord.objects.filter(code=code).order_by("id"))
