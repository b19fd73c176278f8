"""Counting statements where they leave for the server: cursors of the ledger and of the queries pass Django by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import psycopg
from django.db import connection


def count_statements(call: Callable[[], object]) -> int:
    """Return how many statements a call executes, through Django's cursors or psycopg's own."""
    connection.ensure_connection()
    seen: list[Any] = []
    original = psycopg.Cursor.execute

    def execute(self: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(args)
        return original(self, *args, **kwargs)

    with patch.object(psycopg.Cursor, "execute", execute):
        call()
    return len(seen)
