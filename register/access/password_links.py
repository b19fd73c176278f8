"""Links to a new password: asked for on a page, sent by a worker, so that no answer tells which accounts exist.

The page writes a row and queues its id, whoever was named; only a worker looks at whether that person may have a link.
The row is locked while the mail goes out and goes with it: two workers send one mail, and a crash between the mail
server's OK and the commit sends another one with the same Message-ID. Without a broker, or while there is no mail
server, the beat comes round for what is due: each request waits longer than the time before, and a run begins
nothing more after a while, so that a mail server which hangs keeps no worker from other work.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.utils import timezone, translation
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext

from register.access.audit import note
from register.access.letters import send
from register.access.models import Membership, PasswordRequest
from register.access.signing_in import is_for_demonstration
from register.jobs import enqueue_if_possible
from register.site.language import speak

log = logging.getLogger(__name__)

PAUSE: Final = timedelta(minutes=1)
"""Between the first two tries to hand a mail over; twice as long before each further one."""

A_WHILE: Final = 20.0
"""Seconds after which a run begins nothing more."""

PATIENCE: Final = timedelta(hours=1)
"""After which a link that could not be sent is given up: whoever wants it has asked again."""


def ask_for_link(person: int | None, network: str) -> None:
    """Have a link sent to somebody in the language of the moment; the same is done where there is nobody."""
    now = timezone.now()
    language = translation.get_language() or settings.LANGUAGE_CODE
    with transaction.atomic():
        row = PasswordRequest.objects.create(person=person, language=language, network=network, asked=now, next_try=now)
    enqueue_if_possible("register.access.tasks.send_password_link", row.pk)


def send_link(request: int) -> None:
    """Send one link that was asked for, unless another worker does, or has done so."""
    with transaction.atomic():
        rows = PasswordRequest.objects.select_for_update(skip_locked=True)
        row = rows.filter(pk=request, next_try__lte=timezone.now()).first()
        if row is not None:
            _settle(row)


def send_due() -> None:
    """Send the links that no worker was told of, or that could not be handed over, the oldest first."""
    due = PasswordRequest.objects.filter(next_try__lte=timezone.now()).order_by("next_try")
    began = time.monotonic()
    for request in due.values_list("pk", flat=True)[:200]:
        if time.monotonic() - began > A_WHILE:
            return
        send_link(request)


def _settle(row: PasswordRequest) -> None:
    user = User.objects.filter(pk=row.person or 0, is_active=True).first()
    if user is None or not Membership.objects.filter(user=user).exists() or is_for_demonstration(user):
        row.delete()
        return
    if not row.tries:
        note(None, "password_reset_asked", person=user, network=row.network)
    late = timezone.now() - row.asked > PATIENCE
    if late or _send(user, row):
        row.delete()
        return
    row.tries, row.next_try = row.tries + 1, timezone.now() + PAUSE * 2**row.tries
    row.save()


def _send(user: User, row: PasswordRequest) -> bool:
    """Tell whether a link was handed over; one that cannot even be written keeps no other from being sent."""
    try:
        with speak(row.language), transaction.atomic():
            return _write(user, row)
    except Exception as error:  # whose words may hold the link
        log.error("a link to a new password could not be written: %s", type(error).__name__)
        return False


def _write(user: User, row: PasswordRequest) -> bool:
    address = f"{settings.ASSAY_BASE_URL}/password/{urlsafe_base64_encode(str(user.pk).encode())}"
    lines = (
        gettext("Somebody, probably you, asked for a new password. Choose it within %(hours)d hours at:")
        % {"hours": settings.PASSWORD_RESET_TIMEOUT // 3600},
        f"{address}/{default_token_generator.make_token(user)}",
        gettext("If it was not you, do nothing: your password stays as it is."),
    )
    return send(user.email, gettext("A new password"), lines, number=f"password-{row.pk}-{row.asked:%Y%m%d%H%M%S%f}")
