"""System checks of the ledger: keys, guard and what the database insists on.

Keys and guard are looked at when the node is checked or started; the database when its checks are asked for
(`manage.py check --database default`, `migrate`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

from ledger.errors import LedgerError
from ledger.guard import read
from ledger.signer import read_verifiers

TRIGGERS = {
    "ledger_log_grows",
    "ledger_log_forever",
    "ledger_entry_dense",
    "ledger_entry_forever",
    "ledger_tile_forever",
    "ledger_checkpoint_forever",
    "ledger_cosignature_forever",
}


@register(Tags.security)
def check_keys(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse keys that are malformed, open to others or of another origin; missing ones are made at the first start."""
    directory = Path(settings.ASSAY_KEYS_DIR)
    if not directory.exists():
        return [
            Warning(f"No keys in {directory} yet.", hint="deploy/up makes them at the first start.", id="ledger.W001")
        ]
    try:
        read_verifiers()
    except LedgerError as error:
        return [Error(str(error), id="ledger.E001")]
    return []


@register(Tags.security)
def check_guard(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse a guard that cannot be read or written: nothing would be signed."""
    directory = Path(settings.ASSAY_GUARD_DIR)
    try:
        read(settings.ASSAY_ORIGIN)
    except LedgerError as error:
        return [Error(str(error), id="ledger.E002")]
    if directory.exists() and not os.access(directory, os.W_OK):
        return [Error(f"{directory} cannot be written.", hint="Fix its owner; nothing is signed.", id="ledger.E003")]
    return []


@register(Tags.database)
def check_database(
    app_configs: Sequence[Any] | None, databases: Sequence[str] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Refuse a ledger whose triggers are gone or switched off; warn when the node's role owns its tables."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT to_regclass('ledger_entry') IS NOT NULL")
            if not cursor.fetchone()[0]:
                continue  # not migrated yet
            cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE 'ledger_%%' AND tgenabled IN ('O', 'A')")
            missing = TRIGGERS - {row[0] for row in cursor.fetchall()}
            cursor.execute(
                "SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = 'ledger_entry'::regclass"
            )
            owner = cursor.fetchone()[0]
        if missing:
            hint = "Run migrate; if it says nothing is to do, find out who removed them."
            found.append(
                Error(f"Triggers are missing or off: {', '.join(sorted(missing))}.", hint=hint, id="ledger.E004")
            )
        if owner:
            hint = "Give the web and the workers a role that owns no table (deploy/README.md)."
            found.append(
                Warning("This role owns the ledger's tables and could drop its triggers.", hint=hint, id="ledger.W002")
            )
    return found
