"""What open data can object to."""

from __future__ import annotations

from register.errors import RegisterError


class OpenDataError(RegisterError):
    """Base: an export that could not be made, with a sentence for the operator."""


class NothingSigned(OpenDataError):
    """There is no signed checkpoint to which an export could belong."""


class ExportUnknown(OpenDataError):
    """No such export, or no such file of it."""
