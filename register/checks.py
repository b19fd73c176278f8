"""System checks of the register: a table for every kind of record, and authorities that can be read."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, register

from register.credential_ports import read_authorities
from register.credentials.errors import NotGenuine
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


@register
def check_authorities(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse to start with files of authorities that cannot be read: seals would be judged without them unnoticed."""
    try:
        read_authorities()
    except (OSError, NotGenuine) as error:
        told = f"ASSAY_SEAL_AUTHORITIES and ASSAY_TIME_AUTHORITIES: expected PEM files of certificates: {error}"
        return [Error(told, id="register.E002")]
    return []
