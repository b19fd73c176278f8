"""A backup brings a node back, row by row and answer by answer, or nothing; and never a second history to sign."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import psycopg
import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from psycopg import sql

from deploy import prepare
from deploy.backup.archive import DUMP, MANIFEST
from deploy.backup.dump import find_program
from deploy.backup.restoration import find_hindrance
from deploy.backup.snapshot import list_keys
from deploy.keys import ensure_keys
from deploy.provision import with_database
from deploy.roles import create_extensions
from ledger import guard, writer
from ledger.errors import GuardUnreadable, RolledBack
from ledger.logs import get_log, latest_checkpoint
from tests import factories
from tests.api.callers import Caller, make_caller
from tests.deploy.backups import (
    ROOT,
    ask_everything,
    back_up,
    change_an_entry,
    change_the_read_model,
    is_empty,
    looking_at,
    manage,
    read_everything,
    restore,
    sign_again,
)
from tests.ledger.writing import PEER, make_entry, origin
from tests.nodes import call_down, call_up, find_ports, node_directory

TEMPLATE = f"test_assay_migrated_{os.getpid()}"
EMPTY = f"test_assay_restored_{os.getpid()}"
# What COPY's text format must keep apart from its own marks, and what must never be taken for a statement.
AWKWARD = "\\.\nCOPY public.ledger_log (id) FROM stdin;\n\\N\t'; DROP TABLE ledger_entry; --"


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[psycopg.Connection[Any]]:
    """The test server, where databases may be made and dropped."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connected:
        yield connected


@pytest.fixture(scope="module")
def migrated(server: psycopg.Connection[Any]) -> Iterator[str]:
    """A database as migrate leaves it, to make copies of."""
    server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
    url = with_database(os.environ["DATABASE_URL"], TEMPLATE)
    with psycopg.connect(url, autocommit=True) as database:
        create_extensions(database)
    done = manage("migrate", DATABASE_URL=url)
    assert done.returncode == 0, done.stderr
    yield TEMPLATE
    server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(TEMPLATE)))


@pytest.fixture
def empty(migrated: str, server: psycopg.Connection[Any]) -> Iterator[str]:
    """The name of a migrated, empty database."""
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    server.execute(statement.format(sql.Identifier(EMPTY), sql.Identifier(migrated)))
    yield EMPTY
    server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(EMPTY)))


@pytest.fixture
def caller(transactional_db: None) -> Caller:
    """An operator of a small node of 6 entries that also keeps 300 of a peer, which fill a tile, and some accounts."""
    cache.clear()
    factories.open_register()
    issuer, agency = factories.make_issuer(names={"en": "College \\. \\N {}"}), factories.make_agency()
    factories.make_accreditation(issuer, agency)
    factories.make_key(issuer)
    factories.make_programme(issuer)
    writer.open_log(PEER, own=False)
    with transaction.atomic():
        writer.extend(PEER, 0, [make_entry(number) for number in range(300)])
    get_user_model().objects.create(username="awkward", first_name=AWKWARD[:150], last_name="")
    return make_caller("operator")


@pytest.fixture
def file(caller: Caller, tmp_path: Path) -> Path:
    """A backup of that node."""
    return back_up(tmp_path / "node.backup")


def test_what_was_backed_up_comes_back_row_by_row_and_answer_by_answer(caller: Caller, file: Path, empty: str) -> None:
    rows, answers = read_everything(), ask_everything(caller)
    with looking_at(empty):
        said = restore(file)
        assert read_everything() == rows
        assert ask_everything(caller) == answers
        call_command("fsck", stdout=StringIO())
        call_command("rebuild", check=True, stdout=StringIO())
    assert "The read model is equal to what the ledgers say." in said
    assert f"{origin()}: 6 entries" in said
    assert f"{PEER}: 300 entries" in said


def test_restored_node_goes_on_where_the_backup_ended(file: Path, empty: str) -> None:
    before = latest_checkpoint(origin())
    with looking_at(empty):
        restore(file)
        factories.make_issuer()
        after = latest_checkpoint(origin())
        call_command("fsck", stdout=StringIO())
    assert after.size == before.size + 1


def test_tools_of_postgresql_read_a_backup_without_us(
    file: Path, server: psycopg.Connection[Any], tmp_path: Path
) -> None:
    rows = read_everything()
    name = f"test_assay_by_hand_{os.getpid()}"
    server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        with ZipFile(file) as archive:
            archive.extract(DUMP, tmp_path)
        url = with_database(os.environ["DATABASE_URL"], name)
        argv = [find_program("pg_restore"), "--single-transaction", f"--dbname={url}", str(tmp_path / DUMP)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        with looking_at(name):
            assert read_everything() == rows
    finally:
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_triggers_of_the_ledger_are_awake_after_a_restore(file: Path, empty: str) -> None:
    with looking_at(empty):
        restore(file)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'O'")
            assert cursor.fetchone() == (0,)


def test_commands_of_an_operator_bring_a_node_back(file: Path, empty: str, tmp_path: Path) -> None:
    own = with_database(os.environ["DATABASE_URL"], connection.settings_dict["NAME"])
    other = with_database(os.environ["DATABASE_URL"], empty)
    made = manage("backup", str(tmp_path / "second"), DATABASE_URL=own)
    assert (made.returncode, made.stderr) == (0, "")
    assert "private keys are not in it" in made.stdout
    done = manage("restore", str(tmp_path / "second"), DATABASE_URL=other)
    assert (done.returncode, done.stderr.strip()) == (0, "")
    again = manage("restore", str(tmp_path / "second"), DATABASE_URL=other)
    assert again.returncode == 1
    assert "expected an empty database, got rows in access_" in again.stderr
    assert "Traceback" not in again.stderr


def test_new_machine_starts_from_a_backup(file: Path) -> None:
    names = {"ASSAY_ORIGIN": origin(), "ASSAY_BASE_URL": settings.ASSAY_BASE_URL, "ASSAY_TERRITORY": "NL"}
    with node_directory() as data:
        shutil.copytree(settings.ASSAY_KEYS_DIR, data / "keys")
        shutil.copytree(settings.ASSAY_GUARD_DIR, data / "guard")
        port = str(find_ports(1))
        try:
            done = call_up(data, "--empty", "--port", port, ASSAY_RESTORE=str(file), **names)
            assert done.returncode == 0, done.stdout + done.stderr
            answer = httpx.get(f"http://127.0.0.1:{port}/ledger/checkpoint", timeout=30)
        finally:
            call_down(data)
    assert answer.text.split("\n")[:3] == latest_checkpoint(origin()).note.decode().split("\n")[:3]


def test_start_from_a_backup_that_is_refused_fails_in_one_line(file: Path) -> None:
    with pytest.raises(SystemExit, match="expected an empty database, got rows in access_"):
        prepare.restore(str(file))


def test_database_that_is_not_empty_is_left_as_it_is(file: Path) -> None:
    rows = read_everything()
    with pytest.raises(CommandError, match="replaces nothing"):
        restore(file)
    assert read_everything() == rows


def test_flipped_byte_is_refused_and_leaves_the_database_empty(file: Path, empty: str) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with looking_at(empty), pytest.raises(CommandError, match="a byte was changed"):
        restore(file)
    assert is_empty(empty)


@pytest.mark.parametrize(
    ("change", "reason"),
    [(change_an_entry, "entry 4 does not hash"), (change_the_read_model, "register_issuer: row .* differs")],
)
def test_sound_file_with_rows_that_no_ledger_says_is_refused_as_a_whole(
    caller: Caller, empty: str, tmp_path: Path, change: Callable[[], None], reason: str
) -> None:
    change()
    path = back_up(tmp_path / "altered")
    with looking_at(empty), pytest.raises(CommandError, match=reason):
        restore(path)
    assert is_empty(empty)


def test_backup_older_than_the_guard_is_restored_but_nothing_is_signed(file: Path, empty: str) -> None:
    factories.make_issuer()
    factories.make_issuer()
    newest = guard.read(origin())
    with looking_at(empty):
        with pytest.raises(CommandError, match="misses 2 entries that this machine has signed: 6 to 7") as refused:
            restore(file)
        assert refused.value.returncode == 3
        assert "nothing is signed" in str(refused.value)
        assert f"guard --accept {origin()}" in str(refused.value)
        assert get_log(origin()).size == 6
        with pytest.raises(RolledBack):
            sign_again()
        assert guard.read(origin()) == newest
        assert latest_checkpoint(origin()).size == 6


def test_operator_may_accept_what_was_restored(file: Path, empty: str) -> None:
    factories.make_issuer()
    with looking_at(empty):
        with pytest.raises(CommandError, match=r"misses 1 entry .*: 6"):
            restore(file)
        call_command("guard", accept=origin(), stdout=StringIO())
        sign_again()


def test_machine_without_a_guard_does_not_sign_either(file: Path, empty: str) -> None:
    guard.guard_path(origin()).unlink()
    with looking_at(empty):
        with pytest.raises(CommandError, match="does not know what this ledger has signed last") as refused:
            restore(file)
        assert refused.value.returncode == 3
        with pytest.raises(GuardUnreadable):
            sign_again()


def test_another_history_is_named_as_such(file: Path, empty: str) -> None:
    note = latest_checkpoint(origin()).note
    root = note.split(b"\n")[2]
    guard.accept(origin(), note.replace(root, b"A" * 43 + b"="))
    head = find_hindrance(origin(), 6, note.decode())
    assert head is not None
    assert "another history" in head


def test_private_keys_are_left_out_unless_asked_for(file: Path, tmp_path: Path) -> None:
    secret = (settings.ASSAY_KEYS_DIR / "log.key").read_bytes()
    with ZipFile(file) as archive:
        assert sorted(archive.namelist()) == [DUMP, MANIFEST]
        assert secret.strip() not in archive.read(MANIFEST)
    said = StringIO()
    call_command("backup", tmp_path / "with-keys", with_keys=True, stdout=said)
    assert "PRIVATE KEYS" in said.getvalue()
    with ZipFile(tmp_path / "with-keys") as archive:
        assert archive.read("keys/log.key") == secret
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in ("node.backup", "with-keys")} == {0o600}


@pytest.fixture
def other_machine(caller: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Path]:
    """Move to a machine whose first start has made keys of its own; returns their directory."""

    def move() -> Path:
        directory = tmp_path / "keys"
        ensure_keys(directory, origin())
        monkeypatch.setattr(settings, "ASSAY_KEYS_DIR", directory)
        return directory

    return move


def test_keys_that_did_not_sign_the_backup_are_refused(
    file: Path, empty: str, other_machine: Callable[[], Path]
) -> None:
    keys = other_machine()
    with looking_at(empty), pytest.raises(CommandError, match=f"put the node's keys into {keys}"):
        restore(file)
    assert is_empty(empty)
    with looking_at(empty), pytest.raises(CommandError, match="holds no keys"):
        restore(file, with_keys=True)


def test_keys_of_the_backup_are_put_in_place_and_others_kept(
    caller: Caller, empty: str, tmp_path: Path, other_machine: Callable[[], Path]
) -> None:
    path = back_up(tmp_path / "with-keys", with_keys=True)
    theirs = {key.name: key.read_text() for key in settings.ASSAY_KEYS_DIR.iterdir()}
    keys = other_machine()
    ours = {key.name: key.read_text() for key in keys.iterdir()}
    (keys / ".log.key.new").touch(0o600)
    with looking_at(empty):
        restore(path, with_keys=True)
        call_command("fsck", stdout=StringIO())
        sign_again()
    assert {name: (keys / name).read_text() for name in theirs} == theirs
    assert {name: (keys / f"{name}.replaced").read_text() for name in ours} == ours
    assert {key.stat().st_mode & 0o777 for key in keys.iterdir()} == {0o600}
    assert {key.name for key in list_keys()} == set(theirs)


def test_refused_restore_leaves_the_keys_as_they_were(
    caller: Caller, tmp_path: Path, other_machine: Callable[[], Path]
) -> None:
    path = back_up(tmp_path / "with-keys", with_keys=True)
    keys = other_machine()
    ours = {key.name: key.read_text() for key in keys.iterdir()}
    with pytest.raises(CommandError, match="expected an empty database"):
        restore(path, with_keys=True)
    assert {key.name: key.read_text() for key in keys.iterdir()} == ours


@pytest.mark.parametrize("setting", ["ASSAY_ORIGIN", "ASSAY_BASE_URL"])
def test_backup_of_another_node_is_refused(
    file: Path, empty: str, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setattr(settings, setting, "other.example")
    with looking_at(empty), pytest.raises(CommandError, match=f"expected a backup of {setting}=other.example"):
        restore(file)
    assert is_empty(empty)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "DELETE FROM django_migrations WHERE app = 'ledger' AND name LIKE '0002%'",
            r"expected migration ledger\.0002",
        ),
        (
            "INSERT INTO django_migrations VALUES (9999, 'ledger', '9999_later', now())",
            r"before migration ledger\.9999",
        ),
    ],
)
def test_tables_of_other_software_are_refused(file: Path, empty: str, statement: str, message: str) -> None:
    with looking_at(empty):
        with connection.cursor() as cursor:
            cursor.execute(statement)
        with pytest.raises(CommandError, match=message):
            restore(file)


def test_backup_overwrites_nothing(caller: Caller, tmp_path: Path) -> None:
    path = tmp_path / "there"
    path.write_text("something else")
    with pytest.raises(CommandError, match="overwrites nothing"):
        back_up(path)
    assert path.read_text() == "something else"
    (tmp_path / ".new.unfinished").write_text("")
    with pytest.raises(CommandError, match="another backup is under way"):
        back_up(tmp_path / "new")
    assert sorted(item.name for item in tmp_path.iterdir()) == [".new.unfinished", "there"]


def test_disk_that_is_full_is_one_line_and_leaves_nothing(caller: Caller, tmp_path: Path) -> None:
    url = with_database(os.environ["DATABASE_URL"], connection.settings_dict["NAME"])
    env = {**os.environ, "DATABASE_URL": url, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "manage.py", "backup", str(tmp_path / "file")],
        cwd=ROOT, env=env, capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "file cannot be written: File too large; no backup was made" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_backup_of_a_node_that_was_never_opened_is_refused(empty: str, tmp_path: Path, transactional_db: None) -> None:
    with looking_at(empty), pytest.raises(CommandError, match="was never opened"):
        back_up(tmp_path / "file")
    assert list(tmp_path.iterdir()) == []
