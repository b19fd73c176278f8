"""Second factors: an authenticator app (TOTP, RFC 6238), passkeys (WebAuthn), recovery codes; kept by allauth's MFA.

allauth keeps them and computes codes. Which code counts is decided here: those of the step before, the present and the
next one, and of these only a later step than that of the last good code (RFC 6238, section 5.2), which is kept with
the secret. So a code that somebody saw serves nobody, also while Redis, where allauth would remember it, is away.
"""

from __future__ import annotations

import hmac
import time
from typing import Final

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt, encrypt
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

STEP: Final = 30
TOLERATED: Final = 1
"""Steps before and after the present one in which a code counts."""

APP: Final = "totp"
PASSKEY: Final = "webauthn"
CODES: Final = "recovery_codes"


def find_step(secret: str, code: str, after: int = 0) -> int | None:
    """Return the step for which a code is right, None when it is wrong or belongs to a step not later than `after`."""
    typed, now = "".join(code.split()), int(time.time()) // STEP
    for step in range(now - TOLERATED, now + TOLERATED + 1):
        expected = format_hotp_value(hotp_value(secret, step))
        if step > after and hmac.compare_digest(typed.encode(), expected.encode()):
            return step
    return None


def add_app(user: User, secret: str, code: str) -> Authenticator | None:
    """Add an authenticator app to a person, proven by a code of it; None when the code is wrong."""
    step = find_step(secret, code)
    if step is None:
        return None
    data = {"secret": encrypt(secret), "step": step}
    found: Authenticator = Authenticator.objects.create(user=user, type=APP, data=data)
    return found


@transaction.atomic
def check_code(user: User, code: str) -> Authenticator | None:
    """Return the factor that a code of an app, or an unused recovery code, belongs to; None when it is neither.

    The row is locked, so that of two requests with the same code one fails.
    """
    rows = Authenticator.objects.select_for_update().filter(user=user, type__in=(APP, CODES)).order_by("-type")
    for row in rows:
        if (_check_app if row.type == APP else _check_recovery)(row, code):
            row.last_used_at = timezone.now()
            row.save(update_fields=["data", "last_used_at"])
            found: Authenticator = row
            return found
    return None


def _check_app(row: Authenticator, code: str) -> bool:
    step = find_step(decrypt(row.data["secret"]), code, row.data.get("step", 0))
    if step is not None:
        row.data["step"] = step
    return step is not None


def _check_recovery(row: Authenticator, code: str) -> bool:
    codes = RecoveryCodes(row)
    good: bool = codes.validate_code("".join(code.split()).replace("-", ""))
    row.data = codes.instance.data
    return good


@transaction.atomic
def make_recovery_codes(user: User) -> list[str]:
    """Make new recovery codes, which end the former ones; return them, to be shown once."""
    User.objects.select_for_update().get(pk=user.pk)
    Authenticator.objects.filter(user=user, type=CODES).delete()
    codes: list[str] = RecoveryCodes.activate(user).get_unused_codes()
    return codes


def count_recovery_codes(user: User) -> int | None:
    """Return how many recovery codes are left, None when none were made."""
    row = Authenticator.objects.filter(user=user, type=CODES).first()
    return None if row is None else len(RecoveryCodes(row).get_unused_codes())


@transaction.atomic
def remove_factor(user: User, id: int) -> Authenticator | None:
    """Remove an app or a passkey; with the last one the recovery codes go too. Returns it, None when there is none."""
    row: Authenticator | None = Authenticator.objects.filter(user=user, pk=id, type__in=(APP, PASSKEY)).first()
    if row is None:
        return None
    Authenticator.objects.filter(pk=row.pk).delete()
    if not Authenticator.objects.filter(user=user, type__in=(APP, PASSKEY)).exists():
        Authenticator.objects.filter(user=user).delete()
    return row


def remove_all_factors(user: User) -> int:
    """Remove every factor of a person who lost them; returns how many there were."""
    deleted, _ = Authenticator.objects.filter(user=user).delete()
    return int(deleted)
