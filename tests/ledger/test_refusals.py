"""The database itself keeps the ledger: for the owner of its tables too, whatever the program does."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from ledger import publish
from ledger.errors import LedgerError
from ledger.models import Checkpoint, Cosignature, Entry, Log, Tile
from tests.ledger.writing import append, origin

pytestmark = pytest.mark.django_db
TABLES = ["ledger_entry", "ledger_tile", "ledger_checkpoint", "ledger_cosignature"]


def execute(sql: str, parameters: tuple[Any, ...] = ()) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


@pytest.fixture
def written() -> None:
    append(300)
    publish.publish(origin())
    log = Log.objects.get()
    checkpoint = Checkpoint.objects.get()
    execute(
        "INSERT INTO ledger_cosignature (log_id, size, key_name, time, root, line) VALUES (%s, 300, %s, %s, %s, %s)",
        (log.id, "witness.example", checkpoint.time, bytes(checkpoint.root), b"line"),
    )
    assert Cosignature.objects.count() == 1
    assert log.size == 300


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("statement", ["UPDATE {} SET log_id = log_id", "DELETE FROM {}", "TRUNCATE {}"])
def test_owner_too_is_refused_every_change(written: None, table: str, statement: str) -> None:
    with pytest.raises(IntegrityError, match=rf"on {table} is refused: the ledger only grows"), transaction.atomic():
        execute(statement.format(table))


def test_refusal_names_the_right_door(written: None) -> None:
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        execute("UPDATE ledger_entry SET data = ''")
    cause = refused.value.__cause__
    assert isinstance(cause, psycopg.errors.RestrictViolation)
    assert "append one that corrects it" in (cause.diag.message_hint or "")


@pytest.mark.parametrize("statement", ["DELETE FROM ledger_log", "TRUNCATE ledger_log CASCADE"])
def test_log_cannot_be_removed(written: None, statement: str) -> None:
    with pytest.raises(IntegrityError, match="only grows"), transaction.atomic():
        execute(statement)


@pytest.mark.parametrize(
    "assignment",
    [
        "size = size - 1",
        "origin = 'other.example'",
        "own = NOT own",
        "last_time = last_time - interval '1 second'",
        "last_time = NULL",
        "size = size + 1",
        "id = 9",
    ],
)
def test_log_never_shrinks_nor_changes_its_name(written: None, assignment: str) -> None:
    with pytest.raises(IntegrityError, match="may only grow"), transaction.atomic():
        execute(f"UPDATE ledger_log SET {assignment}")


@pytest.mark.parametrize("indexes", [[301], [299], [300, 302], [0]], ids=str)
def test_entries_that_leave_a_gap_or_go_back_are_refused(written: None, indexes: list[int]) -> None:
    rows = ", ".join(f"({Log.objects.get().id}, {index}, 'x', decode(repeat('00', 32), 'hex'))" for index in indexes)
    with pytest.raises(IntegrityError, match=r"gap|already exists"), transaction.atomic():
        execute(f"INSERT INTO ledger_entry (log_id, index, data, leaf_hash) VALUES {rows}")


def test_entries_of_a_log_that_does_not_exist_are_refused(written: None) -> None:
    with pytest.raises(IntegrityError, match="gap"), transaction.atomic():
        execute(
            "INSERT INTO ledger_entry (log_id, index, data, leaf_hash) "
            "VALUES (77, 0, 'x', decode(repeat('00', 32), 'hex'))"
        )


@pytest.mark.parametrize(
    ("table", "columns", "values"),
    [
        ("ledger_entry", "log_id, index, data, leaf_hash", "1, 300, decode(repeat('00', 65536), 'hex'), '\\x00'"),
        ("ledger_entry", "log_id, index, data, leaf_hash", "1, 300, '', decode(repeat('00', 31), 'hex')"),
        ("ledger_tile", "log_id, level, index, root, nodes", "1, 0, 1, decode(repeat('00', 32), 'hex'), '\\x00'"),
        ("ledger_checkpoint", "log_id, size, time, root, note", "1, 300, now(), '\\x00', 'note'"),
    ],
)
def test_values_of_the_wrong_length_are_refused(written: None, table: str, columns: str, values: str) -> None:
    with pytest.raises(IntegrityError, match="check constraint"), transaction.atomic():
        execute(f"INSERT INTO {table} ({columns}) VALUES ({values})")


def test_models_say_so_before_the_database_does(written: None) -> None:
    for model in (Entry, Tile, Checkpoint, Cosignature):
        row = model.objects.first()
        assert row is not None
        for refused in (row.save, row.delete, model.objects.all().delete, model.objects.create):
            with pytest.raises(LedgerError, match=r"ledger\.writer"):
                refused()
        with pytest.raises(LedgerError, match="never changed"):
            model.objects.update(log_id=2)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", ["ledger_log", "ledger_entry"])
def test_a_temporary_table_of_the_same_name_hides_nothing_from_the_triggers(
    app_connection: psycopg.Connection[Any], table: str
) -> None:
    append(3)
    app_connection.execute(f"CREATE TEMPORARY TABLE {table} AS SELECT * FROM public.{table}".encode())
    if table == "ledger_log":
        app_connection.execute("UPDATE pg_temp.ledger_log SET size = 1000")
        detour = (
            "INSERT INTO public.ledger_entry (log_id, index, data, leaf_hash) "
            "SELECT log_id, 1000, data, leaf_hash FROM public.ledger_entry LIMIT 1"
        )
    else:
        app_connection.execute("UPDATE pg_temp.ledger_entry SET index = 999")
        detour = "UPDATE public.ledger_log SET size = 1000"
    with pytest.raises(psycopg.errors.RestrictViolation):
        app_connection.execute(detour.encode())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("statement", ["DELETE FROM ledger_log", "TRUNCATE ledger_log"])
def test_web_role_may_not_remove_a_log(app_connection: psycopg.Connection[Any], statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app_connection.execute(statement.encode())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("statement", ["UPDATE {} SET log_id = log_id", "DELETE FROM {}", "TRUNCATE {}"])
def test_web_role_is_refused_before_a_trigger_is_asked(app_connection: psycopg.Connection[Any], statement: str) -> None:
    for table in TABLES:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app_connection.execute(statement.format(table).encode())
        app_connection.rollback()
