"""Replaying: make the read model a second time from the ledger, compare, and put it in place of the first.

The second one grows in temporary tables of the same names. PostgreSQL looks for a table among a session's temporary
ones first, so the very code of live writes fills them, while others go on reading the real ones. They vanish with
the transaction, whatever happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple

from django.db import connection, models, transaction

from ledger.database import fetch_all, open_cursor
from register.models import VERSIONS, Cursor, Happening, IdentifierClaim, SearchWord
from register.projection.catch_up import catch_up
from register.sentences import from_text

TABLES: Final[tuple[type[models.Model], ...]] = (*VERSIONS.values(), Happening, IdentifierClaim, SearchWord, Cursor)
"""All tables of the read model."""

Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Difference:
    """The first row that is not what the ledger says: its table, its key in words, the entry it stems from."""

    table: str
    key: str
    index: int
    what: str


def check(progress: Progress = lambda origin, size: None) -> Difference | None:
    """Replay what the read model claims to hold and return the first difference; nothing is changed."""
    with transaction.atomic():
        _freeze()
        with _shadow():
            for log in _logs():
                _replay(log.origin, log.claimed, progress)
            return _first_difference()


def rebuild(progress: Progress = lambda origin, size: None) -> Difference | None:
    """Replay all entries of all logs and put the rows in place; return the first difference from what was there.

    Of a peer's log that is every entry under a checkpoint; what of a copy no checkpoint covers yet is not shown.
    Writers wait until it is done; readers see the old rows until then, and go on with the new ones.
    """
    with transaction.atomic():
        with open_cursor() as cursor:
            cursor.execute("LOCK TABLE register_cursor IN EXCLUSIVE MODE")
        _freeze()
        with _shadow():
            for log in _logs():
                _replay(log.origin, min(log.claimed, log.covered), progress)
            found = _first_difference()
            for log in _logs():
                _replay(log.origin, log.covered, progress)
            _replace()
            return found


def _freeze() -> None:
    """See the tables as of one moment, unless the caller's transaction has begun to look already (tests)."""
    with open_cursor() as cursor:
        fresh = len(connection.savepoint_ids) == 0
        if fresh:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        # A statement prepared earlier in this session must not go on meaning the real tables.
        cursor.execute("DISCARD PLANS")


@contextmanager
def _shadow() -> Iterator[None]:
    names = [model._meta.db_table for model in TABLES]
    _run(f"CREATE TEMPORARY TABLE {name} (LIKE public.{name} INCLUDING ALL) ON COMMIT DROP" for name in names)
    yield
    _run(f"DROP TABLE pg_temp.{name}" for name in names)
    _run(["DISCARD PLANS"])


def _run(statements: Iterator[str] | list[str]) -> None:
    with open_cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


class _Log(NamedTuple):
    """A log, and of how many entries there are and shall be rows: of our own log, both are all of it.

    Of a peer's, `claimed` is what the read model says it has taken in, `covered` what the newest checkpoint covers: a
    copy may be half finished.
    """

    origin: str
    claimed: int
    covered: int


_LOGS: Final = """
    SELECT l.origin, CASE WHEN l.own THEN l.size ELSE coalesce(c.size, 0) END,
        CASE WHEN l.own THEN l.size ELSE coalesce(
            (SELECT max(p.size) FROM ledger_checkpoint p WHERE p.log_id = l.id), 0) END
    FROM ledger_log l LEFT JOIN public.register_cursor c ON c.log_id = l.id ORDER BY l.id
"""


def _logs() -> list[_Log]:
    return [_Log(*row) for row in fetch_all(_LOGS, ())]


def _replay(origin: str, size: int, progress: Progress) -> None:
    if size:
        catch_up(origin, progress=lambda done: progress(origin, done), covered=size)


def _first_difference() -> Difference | None:
    found = [*_find_other_words(), *(difference for model in TABLES for difference in _differences(model))]
    return min(found, key=lambda difference: difference.index, default=None)


_OLDER: Final = """
    NOT starts_with(live.message, '{"template": ') AND starts_with(again.message, '{"template": ')
"""
"""Versions before sentences were kept wrote why an entry was set aside in plain English (register.sentences)."""

_COMPARED: Final = {
    "content": "{side}.{name}::text",
    "message": f"CASE WHEN {_OLDER.replace('{', '{{')} THEN NULL ELSE {{side}}.{{name}} END",
}
"""Columns of which not the value itself is compared."""

_PLAIN: Final = f"""
    SELECT log_id, index, live.message, again.message
    FROM public.register_happening live JOIN pg_temp.register_happening again USING (log_id, index)
    WHERE {_OLDER} AND (log_id, index) > (%s, %s) ORDER BY 1, 2 LIMIT 10000
"""


def _differences(model: type[models.Model]) -> list[Difference]:
    """Return the first difference in one table, if there is one."""
    table, keys = model._meta.db_table, [str(field.column) for field in model._meta.pk_fields]
    columns = _columns_of(model)
    index = next((name for name in ("recorded_from", "index", "size") if name in columns), None)
    place = f"coalesce(live.{index}, again.{index})" if index else "0::bigint"
    live, again = (
        ", ".join(_COMPARED.get(name, "{side}.{name}").format(side=side, name=name) for name in columns)
        for side in ("live", "again")
    )
    query = f"""
        SELECT concat_ws(' ', {", ".join(keys)}), {place}, live.{keys[0]} IS NULL, again.{keys[0]} IS NULL
        FROM public.{table} live FULL JOIN pg_temp.{table} again USING ({", ".join(keys)})
        WHERE ROW({live}) IS DISTINCT FROM ROW({again}) ORDER BY 2, 1 LIMIT 1
    """
    return [
        Difference(table, key, row_index, "is missing" if gone else "should not be there" if extra else "differs")
        for key, row_index, gone, extra in fetch_all(query, ())
    ]


def _find_other_words() -> list[Difference]:
    """Return the first entry of which an older row says in plain English something else than the ledger does."""
    log_id, index = -1, -1
    while rows := fetch_all(_PLAIN, (log_id, index)):
        for log_id, index, live, again in rows:
            if live != from_text(again):
                return [Difference(Happening._meta.db_table, f"{log_id} {index}", index, "differs")]
    return []


def _columns_of(model: type[models.Model]) -> list[str]:
    fields = model._meta.concrete_fields
    return [str(field.column) for field in fields if not isinstance(field, models.CompositePrimaryKey)]


def _replace() -> None:
    """Put the shadow's rows into the real tables, in this transaction."""
    for model in TABLES:
        table, columns = model._meta.db_table, ", ".join(_columns_of(model))
        _run(
            [
                f"DELETE FROM public.{table}",
                f"INSERT INTO public.{table} ({columns}) SELECT {columns} FROM pg_temp.{table}",
            ]
        )
