"""Advisory locks in the hands of another session, as another worker's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection

_WHERE = ("dbname", "user", "password", "host", "port")


@contextmanager
def held_by_another(first: int, second: int) -> Iterator[None]:
    """Have somebody else hold a lock until the block ends.

    It is given back before the session ends, which would give it back too, but only once the server has noticed.
    """
    parameters = connection.get_connection_params()
    with psycopg.connect(**{name: parameters[name] for name in _WHERE}) as other:
        other.execute("SELECT pg_advisory_lock(%s, %s)", (first, second))
        yield
        other.execute("SELECT pg_advisory_unlock(%s, %s)", (first, second))
