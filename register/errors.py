"""What the register can object to: one base class, and a sentence a person can act on in each.

Every refusal carries a machine code, the field at fault (dotted path, empty when no single field is)
and a message that says what was expected, what came, and what to do.
"""

from __future__ import annotations


class RegisterError(Exception):
    """Base of all errors raised by the register app."""


class MalformedEvent(RegisterError):
    """An entry's bytes are not an event of the catalogue: wrong envelope, wrong data, not canonical.

    `position` as in Refused.
    """

    position: int | None = None


class UnknownEventType(MalformedEvent):
    """A well-formed envelope whose type or schema version this software does not know (yet)."""


class Refused(RegisterError):
    """A well-formed event that may not follow from the state (register/rules.py).

    `position` says which of several events said at once it is, counted from 0.
    """

    position: int | None = None

    def __init__(self, code: str, field: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.message = message


class NotEntitled(Refused):
    """A refusal because of who says it: the actor has no right over this thing."""


class NotFound(Refused):
    """A refusal because a thing referred to does not exist in this register."""


class Conflict(Refused):
    """A refusal because something already there claims the same: identifiers, keys, names."""


class NotUnderstood(RegisterError):
    """A question or an address that cannot be read; `field` names the part at fault."""

    def __init__(self, code: str, field: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.message = message


class Busy(RegisterError):
    """An answer that would take long, while enough of its kind are being made; ask again after `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"This is being counted for others at the moment; ask again in {seconds} s.")
        self.seconds = seconds
