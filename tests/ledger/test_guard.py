"""A database older than what this machine has signed is noticed, and nothing more is signed."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from ledger import guard, publish
from ledger.errors import GuardUnreadable, RolledBack
from ledger.models import Checkpoint
from tests.ledger.writing import append, origin, remove

pytestmark = pytest.mark.django_db


@pytest.fixture
def backup() -> bytes:
    """A database of 3 entries, after 5 had been signed; the note over the 5."""
    append(3)
    publish.publish(origin())
    point = transaction.savepoint()
    append(2)
    newer = publish.publish(origin())
    transaction.savepoint_rollback(point)
    assert guard.read(origin()) == newer
    return newer


def test_guard_remembers_the_newest_note_verbatim() -> None:
    append(1)
    assert guard.read(origin()) is None
    note = publish.publish(origin())
    assert guard.read(origin()) == note
    append(1)
    assert publish.publish(origin()) == guard.read(origin()) != note


def test_restored_backup_is_refused_with_both_sides_and_what_to_do(backup: bytes) -> None:
    append(1, first=100)
    with pytest.raises(RolledBack, match=r"guard --accept") as refused:
        publish.publish(origin())
    assert "hold the 5 entries this machine signed, it holds 4" in str(refused.value)
    assert (refused.value.signed, refused.value.size) == (backup, 4)
    assert list(Checkpoint.objects.values_list("size", flat=True)) == [3]
    assert guard.read(origin()) == backup


@pytest.mark.parametrize("count", [2, 7])
def test_other_entries_after_a_restore_are_refused_at_the_same_and_at_a_larger_size(backup: bytes, count: int) -> None:
    append(count, first=100)
    with pytest.raises(RolledBack, match="another history"):
        publish.publish(origin())
    assert guard.read(origin()) == backup


def test_restored_backup_that_catches_up_with_the_same_entries_goes_on(backup: bytes) -> None:
    append(2)
    publish.publish(origin())
    append(1)
    publish.publish(origin())
    assert Checkpoint.objects.order_by("-size").values_list("size", flat=True)[0] == 6


def test_nothing_new_may_be_said_while_entries_are_missing(backup: bytes) -> None:
    with pytest.raises(RolledBack, match=r"nothing is appended.*guard --accept") as refused:
        guard.check_not_behind(origin(), 3)
    assert (refused.value.signed, refused.value.size) == (backup, 3)
    guard.check_not_behind(origin(), 5)


def test_refresh_is_refused_as_well(backup: bytes) -> None:
    with pytest.raises(RolledBack):
        publish.refresh(origin(), timedelta(0))


def test_missing_guard_of_a_log_that_was_signed_is_refused() -> None:
    append(1)
    publish.publish(origin())
    guard.guard_path(origin()).unlink()
    append(1)
    with pytest.raises(GuardUnreadable, match="signed before"):
        publish.publish(origin())


@pytest.mark.parametrize("content", [b"", b"garbled", bytes(8192), b"other.example\n1\n\n"])
def test_garbled_guard_is_refused(content: bytes) -> None:
    append(1)
    publish.publish(origin())
    guard.guard_path(origin()).write_bytes(content)
    append(1)
    with pytest.raises(GuardUnreadable, match="guard --accept"):
        publish.publish(origin())
    assert Checkpoint.objects.count() == 1


def test_guard_of_another_log_is_refused() -> None:
    append(1)
    note = publish.publish(origin())
    guard.accept(origin(), note.replace(origin().encode() + b"\n1", b"other.example/ledger\n1"))
    with pytest.raises(GuardUnreadable, match="got one of other"):
        guard.read(origin())


def test_write_that_was_cut_off_leaves_what_was_remembered_before() -> None:
    notes = []
    for _ in range(3):
        append(1)
        notes.append(publish.publish(origin()))
    path = guard.guard_path(origin())
    whole = path.read_bytes()
    at = whole.index(notes[2])
    path.write_bytes(whole[: at + 50] + bytes(50) + whole[at + 100 :])
    assert guard.read(origin()) == notes[1]
    append(1)
    fourth = publish.publish(origin())
    assert guard.read(origin()) == fourth
    assert notes[1] in path.read_bytes(), "the spoilt slot is the one written over"


def test_guard_that_cannot_be_written_stops_signing() -> None:
    append(1)
    directory = Path(settings.ASSAY_GUARD_DIR)
    directory.rmdir()
    directory.write_text("a file where the directory should be")
    with pytest.raises(GuardUnreadable, match="fix its owner"):
        publish.publish(origin())
    assert Checkpoint.objects.count() == 0


def test_failure_to_remember_leaves_no_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    append(1)

    def no_space(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ledger.guard.os.fdatasync", no_space)
    with pytest.raises(GuardUnreadable, match="No space left on device; free space"):
        publish.publish(origin())
    assert Checkpoint.objects.count() == 0
    monkeypatch.undo()
    publish.publish(origin())
    assert Checkpoint.objects.count() == 1


@pytest.mark.parametrize("more", [0, 2])
def test_crash_after_remembering_and_before_the_commit_is_made_good_by_the_next_signature(
    monkeypatch: pytest.MonkeyPatch, more: int
) -> None:
    append(3)

    def remember_and_die(self: guard.Guard, note: bytes) -> None:
        remember(self, note)
        raise KeyboardInterrupt

    remember = guard.Guard.remember
    monkeypatch.setattr(guard.Guard, "remember", remember_and_die)
    with pytest.raises(KeyboardInterrupt):
        publish.publish(origin())
    monkeypatch.undo()
    assert guard.read(origin()) is not None
    assert Checkpoint.objects.count() == 0
    append(more)
    publish.publish(origin())
    assert Checkpoint.objects.get().size == 3 + more


def test_no_later_signature_is_dated_before_a_remembered_one_though_row_and_clock_went_back() -> None:
    """Else peers would read a larger tree at an earlier time as a log that went back in between."""
    append(3)
    now = timezone.now()
    publish.cover(origin(), now=now + timedelta(hours=1))
    assert remove("ledger_checkpoint", "size = 3") == 1
    append(2)
    assert publish.cover(origin(), now=now).time == (now + timedelta(hours=1)).replace(microsecond=0)


def test_operator_may_accept_the_older_database_and_the_evidence_is_kept(backup: bytes) -> None:
    append(1, first=100)
    out = StringIO()
    with pytest.raises(CommandError, match="nothing was changed"):
        call_command("guard", "--accept", "wrong.example", stdout=out)
    assert guard.read(origin()) == backup
    call_command("guard", "--accept", origin(), stdout=out)
    kept = list(guard.guard_path(origin()).parent.glob("*.abandoned-*"))
    assert len(kept) == 1
    assert backup in kept[0].read_bytes()
    assert str(kept[0]) in out.getvalue()
    publish.publish(origin())
    assert Checkpoint.objects.order_by("-size").values_list("size", flat=True)[0] == 4


def test_command_shows_guard_and_database_side_by_side(backup: bytes) -> None:
    out = StringIO()
    call_command("guard", stdout=out)
    shown = out.getvalue()
    assert shown.index("\n  5\n") < shown.index("database") < shown.index("\n  3\n")
