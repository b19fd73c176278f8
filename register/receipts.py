"""Where this node shows entries and their receipts: its own at the ledger, a peer's from the mirror of its log."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

from django.conf import settings


def path_to_receipt(origin: str, index: int) -> str:
    """Return the address of an entry's receipt (C2SP tlog-proof), within this site."""
    if origin == settings.ASSAY_ORIGIN:
        return f"/ledger/receipt/{index}"
    return f"/mirror/{hashlib.sha256(origin.encode()).hexdigest()}/receipt/{index}"


def with_register(path: str, origin: str) -> str:
    """Return an address that says whose register is meant, unless it is our own."""
    return path if origin == settings.ASSAY_ORIGIN else f"{path}?register={quote(origin, safe='')}"


def path_to_entry(origin: str, index: int) -> str:
    """Return the address of an entry's page."""
    return with_register(f"/ledger/entries/{index}", origin)
