"""Mails of a node without a mail server: each is kept as a file that only the node's owner reads, and none is lost.

A Django mail backend. Files lie in `ASSAY_MAIL_DIR`, written whole or not at all; `manage.py send_kept_mail` sends them
once there is a server. Their names begin with the id of the subscription they belong to, so that they go with it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from email import message_from_bytes
from email.utils import getaddresses
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

SUBSCRIPTION: Final = "X-Assay-Subscription"
"""Header of mails to subscribers: the id of the subscription."""

_ID: Final = re.compile(r"[0-9a-f]{32}")


class Backend(BaseEmailBackend):
    """Writes what would have been sent."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Keep each mail; raises OSError when the disk does not take it."""
        for message in email_messages:
            write_whole(message)
        return len(email_messages)


def write_whole(message: EmailMessage) -> Path:
    """Write one mail (RFC 5322) under a name of its own and return the file."""
    directory = Path(settings.ASSAY_MAIL_DIR)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = str(message.extra_headers.get(SUBSCRIPTION, ""))
    name = f"{owner if _ID.fullmatch(owner) else 'other'}.{uuid4().hex}.eml"
    partial = directory / f".{name}"
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(message.message().as_bytes())
        file.flush()
        os.fsync(file.fileno())
    partial.rename(directory / name)
    return directory / name


def list_kept() -> list[Path]:
    """Return the mails that wait, the oldest first."""
    found = Path(settings.ASSAY_MAIL_DIR).glob("[!.]*.eml")
    return [path for _, path in sorted((path.stat().st_mtime_ns, path) for path in found)]


class KeptMail(EmailMessage):
    """A kept mail, sent byte for byte as it was written."""

    def __init__(self, data: bytes) -> None:
        self._parsed = message_from_bytes(data)
        receivers = [address for _, address in getaddresses(self._parsed.get_all("To", []))]
        super().__init__(to=receivers, from_email=str(self._parsed["From"]))

    def message(self, **form: Any) -> Any:
        """Return the mail as it lay in the file."""
        return self._parsed


def forget(subscriptions: Iterable[str]) -> None:
    """Remove the kept mails of subscriptions (ids of 32 hex digits)."""
    for one in subscriptions:
        for path in Path(settings.ASSAY_MAIL_DIR).glob(f"{one}.*.eml"):
            path.unlink(missing_ok=True)
