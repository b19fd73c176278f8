"""`manage.py send_kept_mail`: send the mails that were kept while the node had no mail server."""

from __future__ import annotations

import smtplib
from typing import Any

from django.conf import settings
from django.core.mail import get_connection
from django.core.management.base import BaseCommand, CommandError

from register.outbox.kept_mail import KeptMail, list_kept


class Command(BaseCommand):
    """Hand kept mails over, the oldest first; each file goes once its mail was taken. Exit 1 when one was not."""

    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        """Send them all; a crash between a mail and its file sends that one mail again, with the same Message-ID."""
        if not settings.ASSAY_MAIL_SENDS:
            raise CommandError(f"expected ASSAY_MAIL_URL to name a mail server; {len(list_kept())} mails are kept")
        connection, sent = get_connection(), 0
        for path in list_kept():
            try:
                connection.send_messages([KeptMail(path.read_bytes())])
            except (OSError, smtplib.SMTPException) as error:
                raise CommandError(f"{sent} sent, then the server failed: {type(error).__name__}") from error
            path.unlink()
            sent += 1
        self.stdout.write(f"{sent} mails sent, {len(list_kept())} kept")
