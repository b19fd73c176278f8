"""Mails to people about their accounts: invitations, new passwords, changes of what they sign in with.

Sent at once, after the commit: their links hold secrets, which no queue should (those to a new password are made when
they are sent: password_links). A mail that could not be handed over is
logged, and the caller may ask (`send` tells), so that a page never says "sent" of one that was not.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

log = logging.getLogger(__name__)
Words = str | Promise

TOLD: Final[Mapping[str, tuple[Words, Words]]] = {
    "factor_added": (
        _("A second factor was added to your account"),
        _("To your account was added: %(factor)s."),
    ),
    "factor_removed": (
        _("A second factor was removed from your account"),
        _("From your account was removed: %(factor)s."),
    ),
    "factors_reset": (
        _("Your second factors were reset"),
        _("Whoever keeps the people of your organisation removed all your second factors. Set up a new one."),
    ),
    "single_sign_on_removed": (
        _("Single sign-on was disconnected from your account"),
        _("The sign-in of your organisation is no longer connected to your account. The next one connects it anew."),
    ),
    "tokens_revoked": (
        _("Tokens of your account were revoked"),
        _("Whoever keeps the people of your organisation revoked: %(names)s. Programs that use them are refused."),
    ),
    "codes_made": (
        _("New recovery codes for your account"),
        _("New recovery codes were made. The former ones no longer count."),
    ),
    "password_changed": (
        _("Your password was changed"),
        _("The password of your account was changed, and all other sessions were ended."),
    ),
}
"""Code → subject and first sentence of a mail about a change."""


def tell_person(user: User, code: str, **facts: object) -> None:
    """Tell a person by mail that something of their account changed, after the commit."""
    subject, sentence = TOLD[code]
    lines = (
        str(sentence) % facts,
        gettext("If this was not you, change your password and end all sessions at %(address)s.")
        % {"address": f"{settings.ASSAY_BASE_URL}/account/sessions"},
    )
    transaction.on_commit(lambda: send(user.email, str(subject), lines))


def send(to: str, subject: str, lines: tuple[str, ...], number: str = "") -> bool:
    """Hand a mail over; tell whether that went well. Mails of one `number` have one Message-ID."""
    body = "\n\n".join((*lines, f"{settings.ASSAY_TITLE}\n{settings.ASSAY_BASE_URL}"))
    try:
        EmailMessage(f"{settings.ASSAY_TITLE}: {subject}", body + "\n", to=[to], headers=_name(number)).send()
    except OSError as error:  # smtplib's errors are OSErrors
        log.warning("a mail about an account was not handed over: %s", type(error).__name__)
        return False
    return True


def _name(number: str) -> dict[str, str]:
    host = urlsplit(settings.ASSAY_BASE_URL).hostname
    return {"Message-ID": f"<{number}@{host}>"} if number else {}
