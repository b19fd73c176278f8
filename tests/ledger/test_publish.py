"""A checkpoint is signed after the commit, once, and only over a tree that extends everything signed before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from ledger import guard, publish, reader
from ledger.errors import InconsistentHistory, LedgerDamaged, NotCovered, UnknownLog
from ledger.models import Checkpoint, Log
from ledger.tlog.checkpoint import open_checkpoint
from ledger.tlog.merkle import Frontier
from tests import reference
from tests.ledger.writing import append, change, keys, make_entry, origin

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def roots(size: int) -> bytes:
    return reference.mth([make_entry(number) for number in range(size)])


def test_checkpoint_is_signed_by_log_and_witness_over_the_reference_root() -> None:
    append(300)
    note = publish.publish(origin(), now=NOON)
    signed = open_checkpoint(note, keys(), origin())
    assert (signed.checkpoint.size, signed.checkpoint.root) == (300, roots(300))
    assert signed.time == int(NOON.timestamp())
    assert len(signed.verified) == 2
    row = reader.latest_checkpoint(origin())
    assert (row.size, row.root, row.time, row.note) == (300, roots(300), NOON, note)


def test_empty_log_has_a_checkpoint_too() -> None:
    append(0)
    assert open_checkpoint(publish.publish(origin()), keys()).checkpoint.root == reference.mth([])


def test_what_is_covered_is_not_signed_again() -> None:
    append(3)
    first = publish.publish(origin())
    assert publish.publish(origin()) == first
    assert publish.publish(origin(), size=1) == first
    append(1)
    assert publish.publish(origin(), size=3) == first, "a writer who needs no more gets what is there"
    assert publish.publish(origin()) != first
    assert list(Checkpoint.objects.order_by("size").values_list("size", flat=True)) == [3, 4]


def test_more_than_is_committed_is_not_signed() -> None:
    append(3)
    with pytest.raises(NotCovered, match="expected 4 committed entries"):
        publish.publish(origin(), size=4)
    assert Checkpoint.objects.count() == 0


@pytest.mark.parametrize(("old", "new"), [(1, 2), (255, 256), (256, 257), (255, 513), (200, 1000)])
def test_growth_across_tiles_stays_consistent(old: int, new: int) -> None:
    append(old)
    publish.publish(origin())
    append(new - old)
    assert open_checkpoint(publish.publish(origin()), keys()).checkpoint.root == roots(new)


def test_time_of_a_checkpoint_never_goes_back() -> None:
    append(1)
    publish.publish(origin(), now=NOON)
    append(1)
    publish.publish(origin(), now=NOON - timedelta(minutes=5))
    assert set(Checkpoint.objects.values_list("time", flat=True)) == {NOON}


def test_idle_log_is_signed_again_with_a_new_time_and_the_same_tree() -> None:
    append(2)
    publish.publish(origin(), now=NOON)
    age = timedelta(minutes=5)
    assert publish.refresh(origin(), age, NOON + timedelta(minutes=4)).time == NOON
    fresh = publish.refresh(origin(), age, NOON + timedelta(minutes=6))
    assert (fresh.size, fresh.root, fresh.time) == (2, roots(2), NOON + timedelta(minutes=6))
    assert Checkpoint.objects.count() == 2
    assert reader.latest_checkpoint(origin()) == fresh


def test_refresh_signs_what_a_crashed_writer_left_unsigned() -> None:
    append(2)
    publish.publish(origin(), now=NOON)
    append(3)
    assert publish.refresh(origin(), timedelta(minutes=5), NOON).size == 5


def test_same_tree_at_the_same_second_gives_the_same_bytes() -> None:
    append(2)
    first = publish.publish(origin(), now=NOON)
    assert publish.refresh(origin(), timedelta(0), NOON).note == first
    assert Checkpoint.objects.count() == 1


def test_unknown_log_is_not_signed() -> None:
    with pytest.raises(UnknownLog):
        publish.publish("none.example/ledger")


@pytest.mark.parametrize("index", [10, 255, 280])
def test_altered_leaf_hash_stops_signing(index: int) -> None:
    append(300)
    note = publish.publish(origin())
    change("ledger_entry", "leaf_hash = sha256('other')", f"index = {index}")
    change("ledger_tile", "root = sha256('other')", f"index = 0 AND {index} < 256")
    append(5)
    with pytest.raises(LedgerDamaged, match="fsck"):
        publish.publish(origin())
    assert Checkpoint.objects.count() == 1
    assert guard.read(origin()) == note


def test_another_history_of_the_same_length_is_refused_with_the_evidence() -> None:
    append(5)
    note = publish.publish(origin())
    change("ledger_entry", "leaf_hash = sha256('other')", "index = 2")
    append(1)
    rebuild_frontier(6)
    with pytest.raises(InconsistentHistory, match="do not") as refused:
        publish.publish(origin())
    assert (refused.value.signed, refused.value.size) == (note, 6)
    assert refused.value.root != roots(6)
    assert Checkpoint.objects.count() == 1


def test_shortened_log_is_refused() -> None:
    append(5)
    publish.publish(origin())
    change("ledger_log", "size = 3", "own")
    rebuild_frontier(3)
    with pytest.raises(InconsistentHistory, match="ends at 3"):
        publish.refresh(origin(), timedelta(0), timezone.now())


def rebuild_frontier(size: int) -> None:
    """Make the log's row agree with altered leaf hashes, as a careful forger would."""
    frontier = Frontier().append(reader.read_leaf_hashes(origin(), 0, size))
    change("ledger_log", f"frontier = '\\x{frontier.to_bytes().hex()}'", "own")


def write_and_sign_in_one_transaction() -> None:
    with transaction.atomic():
        append(1)
        publish.publish(origin())


@pytest.mark.django_db(transaction=True)
def test_signing_inside_a_writers_transaction_is_refused() -> None:
    append(1)
    with pytest.raises(RuntimeError, match="durable"):
        write_and_sign_in_one_transaction()
    assert Log.objects.get().size == 1
    assert Checkpoint.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_signing_after_the_commit_is_stored() -> None:
    append(1)
    publish.publish(origin())
    assert Checkpoint.objects.get().size == 1


def test_whoever_passes_checkpoints_on_is_told_of_each_new_one_after_its_commit(settings: Settings) -> None:
    settings.ASSAY_AFTER_SIGNING = f"{__name__}.note_told"
    told.clear()
    append(2)
    publish.publish(origin(), now=NOON)
    publish.publish(origin(), now=NOON)
    publish.refresh(origin(), timedelta(minutes=5), NOON + timedelta(minutes=1))
    assert told == [(origin(), 2)], "what is there already is no news"
    publish.refresh(origin(), timedelta(minutes=5), NOON + timedelta(minutes=6))
    assert told == [(origin(), 2)] * 2


told: list[tuple[str, int]] = []


def note_told(origin: str, size: int) -> None:
    told.append((origin, size))
