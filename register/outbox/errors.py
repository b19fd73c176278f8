"""What notices can object to: one base, and a sentence for people in each."""

from __future__ import annotations

from register.errors import RegisterError


class OutboxError(RegisterError):
    """Base of the errors of notices; `field` names the part of a form at fault, empty when no single one is."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class NotFollowable(OutboxError):
    """There is no such topic here, or its news are another register's to tell."""


class AddressRefused(OutboxError):
    """An e-mail address that is none, or a webhook that does not answer as it should."""


class KeyRefused(OutboxError):
    """An address of a page about a subscription whose key is not the one that was made for it."""
