"""Roles and databases: made on the embedded PostgreSQL, or found on the one that DATABASE_URL names."""

import os
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from deploy import roles
from deploy.database import parse_database_url
from deploy.embedded import SUPERUSER, Services
from deploy.failures import StartError
from deploy.nodes import Node

OWNER = "assay_owner"
APP = "assay_app"
Connection = psycopg.Connection[tuple[Any, ...]]


def connect_patiently(url: str, seconds: float, check: Callable[[], None]) -> Connection:
    """Connect (autocommit) as soon as the server lets us; `check` raises when waiting has become pointless."""
    deadline = time.monotonic() + seconds
    while True:
        check()
        try:
            return psycopg.connect(url, autocommit=True, connect_timeout=5)
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                reason = " ".join(str(error).split())
                raise StartError(f"PostgreSQL did not answer within {seconds:g} s: {reason}") from None
        time.sleep(0.1)


def provision_embedded(
    services: Services, names: list[str], check: Callable[[], None], *, for_tests: bool = False
) -> None:
    """Make both roles and one database a name; for tests the owner may make databases and end others' sessions.

    What tests write may be lost with the machine: nothing waits for the disk there.
    """
    with connect_patiently(services.database_url(SUPERUSER, "postgres"), 120, check) as server:
        roles.set_role(server, OWNER, services.secrets.owner, "CREATEDB" if for_tests else "NOCREATEDB")
        if for_tests:
            server.execute(sql.SQL("GRANT pg_signal_backend TO {}").format(sql.Identifier(OWNER)))
            spare_the_disk(server)
        roles.set_role(server, APP, services.secrets.app, "NOCREATEDB")
        for name in names:
            roles.create_database(server, name, OWNER)
    for name in names:
        with psycopg.connect(services.database_url(SUPERUSER, name), autocommit=True) as database:
            roles.create_extensions(database)


def spare_the_disk(server: Connection) -> None:
    """Let a server of tests answer before its disk does: what was written survives its death, not the machine's."""
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        server.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(name)))
    server.execute("SELECT pg_reload_conf()")


def connect_external(url: str) -> Connection:
    """Connect to the operator's PostgreSQL; the one line of failure names host and port, never the password."""
    parameters = parse_database_url("DATABASE_URL", url)
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        where = f"{parameters.get('host', 'localhost')}:{parameters.get('port', '5432')}"
        reason = " ".join(str(error).split())
        message = f"DATABASE_URL: PostgreSQL at {where} cannot be reached ({reason}). Start it, or unset DATABASE_URL."
        raise StartError(message) from None


def provision_external(url: str, nodes: list[Node], stored: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return the database URLs of each node on the operator's PostgreSQL, by node name.

    One node uses the named database as it is; several get a database each. The app role is made where we may;
    where not, and none is named, the node runs as the owner and says so (check deploy.W001).
    """
    with connect_external(url) as server:
        app = os.environ.get("ASSAY_APP_DATABASE_URL") or make_app_role(server, url, stored)
        urls = {}
        for node in nodes:
            database = server.info.dbname if len(nodes) == 1 else node.database
            roles.create_database(server, database, server.info.user)
            pair = {"DATABASE_URL": url, "ASSAY_APP_DATABASE_URL": app}
            urls[node.name] = {name: with_database(value, database) for name, value in pair.items() if value}
    for pair in urls.values():
        with psycopg.connect(pair["DATABASE_URL"], autocommit=True) as database_connection:
            create_extensions(database_connection)
    return urls


def create_extensions(connection: Connection) -> None:
    """Make the extensions, or say in one line who can."""
    try:
        roles.create_extensions(connection)
    except psycopg.Error as error:
        wanted = ", ".join(roles.EXTENSIONS)
        raise StartError(f"DATABASE_URL: the extensions {wanted} are needed ({error.diag.message_primary}).") from None


def make_app_role(server: Connection, url: str, stored: dict[str, str]) -> str:
    """Make the app role with its stored or a new password; return its URL, or an empty text if we may not."""
    row = server.execute("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user").fetchone()
    if not row or not row[0]:
        return ""
    earlier = stored.get("ASSAY_APP_DATABASE_URL", "")
    password = str(conninfo_to_dict(earlier).get("password") or "") if earlier else ""
    password = password or secrets.token_urlsafe(24)
    roles.set_role(server, APP, password, "NOCREATEDB")
    return as_url(make_conninfo(url, user=APP, password=password))


def with_database(url: str, database: str) -> str:
    """Return the URL of another database on the same server."""
    return as_url(make_conninfo(url, dbname=database))


def as_url(conninfo: str) -> str:
    """Write libpq parameters as a URL."""
    given = {key: str(value) for key, value in conninfo_to_dict(conninfo).items() if value is not None}
    user, password, name = (given.pop(key, "") for key in ("user", "password", "dbname"))
    account = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    return f"postgresql://{account}@/{quote(name, safe='')}?{urlencode(given)}"
