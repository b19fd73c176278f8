"""What the tests of backups do: take them, bring them back into another database, look at all of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from deploy.roles import list_tables
from ledger import publish
from ledger.logs import get_log
from tests.api.callers import Caller
from tests.ledger.writing import behind_the_back, origin

ROOT = Path(__file__).resolve().parent.parent.parent


def back_up(path: Path, **options: Any) -> Path:
    call_command("backup", path, stdout=StringIO(), **options)
    return path


def restore(path: Path, **options: Any) -> str:
    said = StringIO()
    call_command("restore", path, stdout=said, **options)
    return said.getvalue()


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py as an operator does."""
    env = {**os.environ, "ASSAY_GUARD_DIR": str(settings.ASSAY_GUARD_DIR), **environment}
    # The tests' own role; manage.py itself has to choose the owner of the tables.
    del env["ASSAY_DATABASE_ROLE"]
    argv = [sys.executable, "manage.py", *arguments]
    return subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


@contextmanager
def looking_at(name: str) -> Iterator[None]:
    """Let this process work on another database of the server."""
    own = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = own


def read_everything() -> dict[str, Any]:
    """All rows of all tables as PostgreSQL writes them, and what every sequence gives next."""
    connection.ensure_connection()
    raw = connection.connection
    found: dict[str, Any] = {}
    for table in list_tables(raw):
        query = sql.SQL("SELECT t::text FROM {} t ORDER BY 1").format(sql.Identifier(table))
        found[table] = raw.execute(query).fetchall()
    for (name,) in raw.execute("SELECT sequencename FROM pg_sequences").fetchall():
        query = sql.SQL("SELECT last_value + is_called::int FROM {}").format(sql.Identifier(name))
        found[name] = raw.execute(query).fetchone()
    # When each was migrated is the machine's own story.
    found["django_migrations"] = sorted(row[0].split(",")[1:3] for row in found["django_migrations"])
    del found["django_migrations_id_seq"]
    # The board's own notes, among them that a backup was made, which no backup holds of itself.
    del found["operator_lasttime"]
    return found


def ask_everything(caller: Caller) -> dict[str, bytes]:
    """What a reader and an operator see."""
    cache.clear()
    size = get_log(origin()).size
    issuer = caller.get("/api/v1/issuers").body["items"][0]["id"]
    paths = [
        *(
            "/ledger/checkpoint",
            f"/ledger/tile/0/000.p/{size}",
            f"/ledger/tile/entries/000.p/{size}",
            f"/ledger/receipt/{size - 1}",
        ),
        *("/api/v1/issuers", "/api/v1/agencies", "/api/v1/accreditations", "/api/v1/events?after=2"),
        *(f"/api/v1/issuers/{issuer}/history", f"/api/v1/issuers/{issuer}/keys"),
    ]
    answers = {path: caller.get(path) for path in paths}
    assert {path: answer.status for path, answer in answers.items() if answer.status != 200} == {}
    trust = caller.get(f"/api/v1/trust?issuer={issuer}&at=2024-05-01&eqf_level=6").body
    kept = {name: trust[name] for name in ("decision", "reasons", "chain", "evidence")}
    me = {**caller.get("/api/v1/me").body, "last_used": None}
    return {path: answer.content for path, answer in answers.items()} | {"trust": json.dumps([kept, me]).encode()}


def is_empty(name: str) -> bool:
    """Tell whether nothing is in the tables of ledger, register and accounts of a database."""
    with looking_at(name):
        everything = read_everything()
    ours = [table for table in everything if table.startswith(("ledger_", "register_", "access_", "auth_user"))]
    return not any(everything[table] for table in ours if not table.endswith("_seq"))


def sign_again() -> None:
    """Ask for a new signature over the restored log."""
    publish.refresh(origin(), timedelta(0))


def change_an_entry() -> None:
    with behind_the_back("ledger_entry"), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ledger_entry e SET data = data || '\\x20'::bytea FROM ledger_log l "
            "WHERE l.id = e.log_id AND l.own AND index = 4"
        )


def change_the_read_model() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE register_issuer SET country = 'DE'")
