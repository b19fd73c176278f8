"""Judging what was handed in: by the node's one function, the API's too; of a picture, the QR code that it shows."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from register.credential_ports import verify_here
from register.credentials.errors import NotACredential
from register.errors import NotUnderstood
from register.site.handed_in import HandedIn, read_pictured


def judge(handed: HandedIn) -> dict[str, Any]:
    """Return the report on what was handed in, as `POST /api/v1/verify` gives it.

    A picture without a credential in it is searched for a QR code that holds one. Raises NotACredential, NotUnderstood
    for codes that cannot be used, and the database's errors.
    """
    try:
        return _judge(handed)
    except NotACredential as error:
        pictured = _read_code(handed, error)
    report = _judge(handed._replace(data=pictured))
    return report | {"container": " / ".join(filter(None, ["qr", report["container"]]))}


def _judge(handed: HandedIn) -> dict[str, Any]:
    return verify_here(handed.data, timezone.now(), receipt=handed.receipt)


def _read_code(handed: HandedIn, error: NotACredential) -> bytes:
    """Return what the QR code of a picture holds; without one, the first error stands."""
    try:
        return read_pictured(handed.data)
    except NotUnderstood as why:
        if why.code == "no_code":
            raise error from None
        raise
