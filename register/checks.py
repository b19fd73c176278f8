"""System checks of the register: the read model has a table for every kind of record."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, register

from register.models import VERSIONS
from register.records import KINDS


@register
def check_kinds(**_kwargs: Any) -> list[CheckMessage]:
    """Name the kinds of records without a table, and tables of kinds that are none."""
    odd = sorted(set(KINDS) ^ set(VERSIONS))
    return [
        Error(f"kind {kind!r} is known to only one of register.records and register.models", id="register.E001")
        for kind in odd
    ]
