"""What is wrong with keys, guard or database is said before the first request, not at it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core import checks
from django.db import connection

from ledger import guard, publish
from ledger.checks import TRIGGERS, check_database, check_guard, check_keys
from ledger.errors import KeyUnusable
from ledger.signer import node_signers, read_verifiers
from ledger.tlog.note import COSIGNATURE, ED25519, Signer
from tests.ledger.writing import append, origin


def ids(messages: list[checks.CheckMessage]) -> list[str | None]:
    return [message.id for message in messages]


@pytest.fixture
def keys_dir(tmp_path: Path, settings: Any) -> Path:
    """A copy of the keys that a test may spoil."""
    directory = tmp_path / "keys"
    shutil.copytree(settings.ASSAY_KEYS_DIR, directory)
    settings.ASSAY_KEYS_DIR = directory
    return directory


def test_sound_keys_pass(keys_dir: Path) -> None:
    assert check_keys(None) == []
    assert [key.type for key in read_verifiers()] == [ED25519, COSIGNATURE]


def test_no_keys_yet_is_a_warning(keys_dir: Path) -> None:
    shutil.rmtree(keys_dir)
    assert ids(check_keys(None)) == ["ledger.W001"]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda d: (d / "witness.key").unlink(), "No such file"),
        (lambda d: (d / "log.key").chmod(0o644), "chmod 600"),
        (lambda d: (d / "log.key").write_text("not a key"), "PRIVATE"),
        (lambda d: (d / "log.key").write_bytes(b"\xff\xfe"), "UnicodeDecodeError"),
        (lambda d: shutil.copy(d / "witness.key", d / "log.key"), "swapped"),
        (lambda d: (d / "log.key").write_text(Signer.generate("other.example", bytes(32)).to_text()), "ASSAY_ORIGIN"),
        (lambda d: (d / "former.vkeys").write_text("nonsense\n"), "one vkey a line"),
    ],
    ids=["missing", "open to others", "garbled", "not text", "swapped", "another origin", "former garbled"],
)
def test_spoiled_key_is_an_error_that_says_what_to_do_and_shows_no_secret(
    keys_dir: Path, spoil: Any, sentence: str
) -> None:
    secrets = [(keys_dir / name).read_text().split("+", 4)[-1] for name in ("log.key", "witness.key")]
    spoil(keys_dir)
    [error] = check_keys(None)
    assert error.id == "ledger.E001"
    assert sentence in error.msg
    assert not any(secret.strip() in error.msg for secret in secrets)


def test_one_secret_for_both_keys_is_refused(keys_dir: Path) -> None:
    seed = Signer.from_text((keys_dir / "log.key").read_text().strip()).seed
    witness = Signer.generate("register.nl.example/witness", seed, COSIGNATURE)
    (keys_dir / "witness.key").write_text(witness.to_text())
    with pytest.raises(KeyUnusable, match="two different keys"):
        node_signers()


def test_new_key_is_used_without_a_restart(keys_dir: Path) -> None:
    before = node_signers().log
    fresh = Signer.generate(origin(), bytes(range(32)))
    (keys_dir / "log.key").write_text(fresh.to_text())
    assert node_signers().log == fresh != before


@pytest.mark.django_db
def test_garbled_guard_is_an_error() -> None:
    append(1)
    assert check_guard(None) == []
    publish.publish(origin())
    assert check_guard(None) == []
    guard.guard_path(origin()).write_text("garbled")
    assert ids(check_guard(None)) == ["ledger.E002"]


@pytest.mark.django_db
def test_database_without_a_trigger_is_an_error() -> None:
    messages = check_database(None, ["default"])
    assert ids(messages) == ["ledger.W002"], "the tests run as the owner of the tables"
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_entry DISABLE TRIGGER ledger_entry_forever")
        cursor.execute("DROP TRIGGER ledger_log_grows ON ledger_log")
    error = check_database(None, ["default"])[0]
    assert error.id == "ledger.E004"
    assert "ledger_entry_forever, ledger_log_grows" in error.msg


@pytest.mark.django_db
def test_every_trigger_of_the_migration_is_looked_for() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE 'ledger%' AND NOT tgisinternal")
        assert {row[0] for row in cursor.fetchall()} == TRIGGERS


def test_database_is_left_alone_unless_asked_for() -> None:
    assert check_database(None, None) == []
    assert origin() == settings.ASSAY_ORIGIN
