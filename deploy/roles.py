"""What each database role may do. Default deny: the app role owns nothing and may not alter the ledger.

`assay_owner` owns tables and runs migrations; `assay_app` serves web and workers. The ledger's triggers refuse
changes to anyone; these grants refuse them once more, before a trigger is asked.
"""

from typing import LiteralString

from psycopg import Connection, sql

# Rows that may be added and read, never changed or removed.
APPEND_ONLY = ("ledger_entry", "ledger_tile", "ledger_checkpoint", "ledger_cosignature", "access_auditrecord")
# Rows that are never removed; triggers say what may change in them.
NEVER_REMOVED = ("ledger_log", "federation_cosigned", "federation_evidence")
_RIGHTS: dict[str, LiteralString] = (
    dict.fromkeys(APPEND_ONLY, "SELECT, INSERT")
    | dict.fromkeys(NEVER_REMOVED, "SELECT, INSERT, UPDATE")
    | {"django_migrations": "SELECT"}
)
EXTENSIONS = ("pg_trgm", "unaccent", "btree_gist")


def create_extensions(connection: Connection[tuple[object, ...]]) -> None:
    """Make the extensions the register needs; all are trusted, so a database's owner may do it."""
    for name in EXTENSIONS:
        connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(name)))


def set_role(connection: Connection[tuple[object, ...]], name: str, password: str, *options: str) -> None:
    """Make a login role, or give an existing one this password and these options."""
    found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    verb = sql.SQL("ALTER" if found else "CREATE")
    attributes = sql.SQL(" ".join(("LOGIN", "NOSUPERUSER", "NOCREATEROLE", "NOBYPASSRLS", *options)))
    statement = sql.SQL("{} ROLE {} {} PASSWORD {}")
    connection.execute(statement.format(verb, sql.Identifier(name), attributes, sql.Literal(password)))


def create_database(connection: Connection[tuple[object, ...]], name: str, owner: str) -> None:
    """Make a database that only its owner may enter, unless it is there (autocommit connection)."""
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
        statement = sql.SQL("CREATE DATABASE {} OWNER {}")
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(owner)))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))


def grant_app_role(connection: Connection[tuple[object, ...]], role: str) -> None:
    """Give the app role what it needs on all present tables and nothing else; run after each migration.

    Everything is taken away first, so a right that this module no longer names is gone.
    """
    app = sql.Identifier(role)
    database = sql.Identifier(connection.info.dbname)
    connection.execute(sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(database, app))
    connection.execute(sql.SQL("REVOKE CREATE ON SCHEMA public FROM PUBLIC"))
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(app))
    connection.execute(sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(app))
    connection.execute(sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}").format(app))
    for table in list_tables(connection):
        rights = sql.SQL(_RIGHTS.get(table, "SELECT, INSERT, UPDATE, DELETE"))
        connection.execute(sql.SQL("GRANT {} ON {} TO {}").format(rights, sql.Identifier(table), app))


def list_tables(connection: Connection[tuple[object, ...]]) -> list[str]:
    """Return the tables and views of the schema `public`, those of extensions left out."""
    rows = connection.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm')"
        " AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1"
    ).fetchall()
    return [str(row[0]) for row in rows]
