"""The web's role reads everything, appends to the ledger, and alters none of it."""

from typing import Any

import psycopg
import pytest

from deploy.roles import APPEND_ONLY, NEVER_REMOVED


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("statement", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0}"])
def test_app_role_may_not_alter_the_ledger(app_connection: psycopg.Connection[Any], table: str, statement: str) -> None:
    columns = app_connection.execute(f"SELECT * FROM {table} LIMIT 0".encode()).description or []
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app_connection.execute(statement.format(table, columns[0].name).encode())


@pytest.mark.parametrize("table", NEVER_REMOVED)
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {}"])
def test_app_role_may_not_remove_what_was_cosigned_or_proven(
    app_connection: psycopg.Connection[Any], table: str, statement: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app_connection.execute(statement.format(table).encode())


@pytest.mark.parametrize("table", ["federation_cosigned", "federation_evidence"])
def test_app_role_keeps_what_it_cosigns_and_finds(app_connection: psycopg.Connection[Any], table: str) -> None:
    rights = app_connection.execute(
        "SELECT string_agg(privilege_type, ' ' ORDER BY privilege_type) FROM information_schema.role_table_grants "
        "WHERE table_name = %s AND grantee = current_user",
        [table],
    ).fetchone()
    assert rights == ("INSERT SELECT UPDATE",)


@pytest.mark.parametrize("table", [*APPEND_ONLY, *NEVER_REMOVED])
def test_app_role_may_not_drop_the_triggers_of_the_ledger(app_connection: psycopg.Connection[Any], table: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app_connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL".encode())


def test_app_role_may_not_create_tables(app_connection: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app_connection.execute("CREATE TABLE mine ()")


def test_app_role_reads_and_writes_what_is_not_the_ledger(app_connection: psycopg.Connection[Any]) -> None:
    app_connection.execute("UPDATE ledger_log SET size = size")
    app_connection.execute("DELETE FROM django_session")
    assert app_connection.execute("SELECT count(*) FROM ledger_entry").fetchone() == (0,)
