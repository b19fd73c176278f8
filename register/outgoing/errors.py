"""Why something could not be fetched from, or sent to, somebody else: a class for each kind of fault.

A message says what was expected, what came and what to do, with no more than a few words of what a stranger sent.
"""

from __future__ import annotations

from typing import ClassVar

from register.errors import RegisterError


class OutgoingError(RegisterError):
    """Base of what can go wrong with a request to somebody else; `code` names the fault for programs."""

    code: ClassVar[str] = "transport"


class AddressForbidden(OutgoingError):
    """The address leads where we must not go: loopback, private networks, another scheme, odd ports."""

    code = "address_forbidden"


class Unreachable(OutgoingError):
    """No connection, or it broke: name resolution, refusal, TLS, an answer that is no HTTP."""

    code = "unreachable"


class TooSlow(OutgoingError):
    """The answer did not come in the time allowed for it."""

    code = "too_slow"


class TooLarge(OutgoingError):
    """The answer is longer than what was asked for can be, before or after decompression."""

    code = "too_large"


class UnexpectedAnswer(OutgoingError):
    """An answer of another status or content type than the one expected; `status` is its HTTP status."""

    code = "unexpected_answer"

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status
