"""What all tests share: a database like the node's own, a connection as its web role, a whole running node."""

import os
from collections.abc import Iterable, Iterator
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management.commands import flush
from django.db import connection, transaction
from django.utils import translation
from hypothesis import settings as hypothesis_settings
from psycopg.conninfo import make_conninfo
from pytest_django import DjangoDbBlocker
from xdist.scheduler import LoadScopeScheduling

from deploy.roles import grant_app_role
from deploy.streams import Turns
from tests.nodes import RunningNode, node_directory, run_nodes

APP_ROLE = "assay_app"
KEPT_TABLES = {"django_content_type", "auth_permission"}
# Whole nodes keep a core or two busy each, so these tests run one after the other: the longest from the beginning on,
# those of pages at the end, beside what is left of the longest.
WHOLE_NODES = {
    "nodes that are hurt": (
        "tests/cli/test_anchor_nodes.py",
        "tests/deploy/test_backup.py",
        "tests/deploy/test_bench.py",
        "tests/deploy/test_commands.py",
        "tests/faults/",
    ),
    "nodes that are looked at": (
        "tests/federation/test_three_nodes.py",
        "tests/operator/test_board_browser.py",
        "tests/site/test_browser.py",
        "tests/site/test_verify_browser.py",
        "tests/site/test_walk_",
    ),
}
FIRST, LAST = WHOLE_NODES

# How long an example takes says how busy the machine is, not whether the property holds.
hypothesis_settings.register_profile("assay", deadline=None)
hypothesis_settings.load_profile("assay")


def pytest_configure(config: pytest.Config) -> None:
    """Hash passwords quickly: the tests are about who may log in, not about how long it takes."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


class Together(LoadScopeScheduling):  # type: ignore[misc]  # xdist's marks for groups do nothing under pytest 9.2
    """Hands tests out to processes file by file, those that run whole nodes in two lots."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """Let `./deploy/test -n 2` share tests out as `Together` does."""
    return Together(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the slowest tests; in a pure run leave out, and count as deselected, what needs a service."""
    items.sort(key=lambda item: {FIRST: 0, LAST: 2}.get(group_of(item.nodeid), 1))
    if os.environ.get("ASSAY_TEST_PURE") != "1":
        return
    left_out = [item for item in items if needs_services(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def group_of(nodeid: str) -> str:
    """Return the name of the tests that one process runs one after the other: a file's, or those of whole nodes."""
    return next((name for name, paths in WHOLE_NODES.items() if nodeid.startswith(paths)), nodeid.partition("::")[0])


def needs_services(item: pytest.Item) -> bool:
    """Tell whether a test asks for the database, a running node or a browser."""
    fixtures = set(getattr(item, "fixturenames", ()))
    marked = any(item.get_closest_marker(name) for name in ("django_db", "browser", "services"))
    return marked or bool(fixtures & {"db", "transactional_db", "live_node", "running_node", "live_server"})


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Give the web role the rights it has on a node, once the tables are there."""
    with django_db_blocker.unblock():
        connection.ensure_connection()
        grant_app_role(connection.connection, APP_ROLE)
        allow_emptying()


def allow_emptying() -> None:
    """Let Django empty between tests that commit: tables that hold rows alone, their triggers at rest for that moment.

    Kinds of content and permissions are made with the tables and stay, so nothing has to be made anew after each test.
    """
    tables = sorted(set(connection.introspection.django_table_names(only_existing=True)) - KEPT_TABLES)
    filled = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")" for table in tables)
    triggers = find_triggers()

    def empty(_: Iterable[str]) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(filled)
            found = [table for (table,) in cursor.fetchall()]
            ours = [(table, *trigger) for table in found for trigger in triggers.get(table, ())]
            rest = [f'ALTER TABLE "{table}" DISABLE TRIGGER "{name}"' for table, name, _ in ours]
            wake = [f'ALTER TABLE "{table}" {verb} TRIGGER "{name}"' for table, name, verb in ours]
            delete = [f'DELETE FROM "{table}"' for table in found]
            if found:
                cursor.execute(";".join([*rest, *delete, "SET CONSTRAINTS ALL IMMEDIATE", *wake]))

    connection.ops.execute_sql_flush = empty  # type: ignore[method-assign, assignment]
    vars(flush)["emit_post_migrate_signal"] = lambda *_, **__: None


def find_triggers() -> dict[str, list[tuple[str, str]]]:
    """Return name and verb of waking of each trigger of ours, by table."""
    verbs = {"O": "ENABLE", "A": "ENABLE ALWAYS", "R": "ENABLE REPLICA", "D": "DISABLE"}
    found: dict[str, list[tuple[str, str]]] = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal")
        for table, name, state in cursor.fetchall():
            found.setdefault(table, []).append((name, verbs[state]))
    return found


@pytest.fixture(autouse=True)
def first_language() -> None:
    """Begin each test in the language of the code: a page asked for in the test before may have left its own."""
    translation.deactivate()


@pytest.fixture(autouse=True)
def guard_of_its_own(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Give each test with a database a rollback guard of its own: it would refuse the next test's empty database."""
    if needs_services(request.node):
        settings.ASSAY_GUARD_DIR = tmp_path_factory.mktemp("guard")


@pytest.fixture(autouse=True)
def downloads_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test all turns of sending: Django's client closes only those answers that a test reads to the end."""
    monkeypatch.setattr("deploy.streams.turns", Turns())


@pytest.fixture
def app_connection(transactional_db: None) -> Iterator[psycopg.Connection[Any]]:
    """A connection to the test database as the web's role, which may not alter the ledger."""
    conninfo = make_conninfo(os.environ["ASSAY_APP_DATABASE_URL"], dbname=settings.DATABASES["default"]["NAME"])
    with psycopg.connect(conninfo) as connected:
        yield connected


@pytest.fixture(scope="session")
def running_node() -> Iterator[RunningNode]:
    """A whole node of this session: PostgreSQL, Redis, web, worker, beat, demonstration data."""
    with node_directory() as data, run_nodes(data) as nodes:
        yield nodes[0]


@pytest.fixture(scope="session")
def live_node(running_node: RunningNode) -> dict[str, Any]:
    """The running node's entry in `nodes.json`: name, url, origin, vkeys, tokens, logins."""
    return running_node.entry
