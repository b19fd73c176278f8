"""Entries enter a log densely, once, whole or not at all."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from ledger import reader, writer
from ledger.errors import DuplicateEntry, EntryTooLarge, LedgerError, LockNotHeld, UnknownLog, WrongStart
from ledger.models import Checkpoint, Entry, Log, Tile
from ledger.tlog.merkle import Frontier, hash_leaf, hash_leaves
from tests import reference
from tests.ledger.writing import PEER, append, make_draft, make_entry, origin

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def stored_frontier() -> Frontier:
    return Frontier.from_bytes(bytes(Log.objects.get(origin=origin()).frontier))


def append_and_fail() -> None:
    with suppress(ZeroDivisionError), transaction.atomic():
        append(300)
        raise ZeroDivisionError


def test_appended_entries_stand_at_the_indexes_returned() -> None:
    assert [append(1), append(3), append(2)] == [range(1), range(1, 4), range(4, 6)]
    assert reader.read_entries(origin(), 0, 6) == [make_entry(number) for number in range(6)]
    assert reader.read_leaf_hashes(origin(), 2, 4) == [hash_leaf(make_entry(2)), hash_leaf(make_entry(3))]
    assert stored_frontier().root() == reference.mth([make_entry(number) for number in range(6)])


def test_several_appends_of_one_transaction_follow_each_other() -> None:
    writer.open_log(origin(), own=True)
    with transaction.atomic():
        locked = writer.lock(origin(), NOON)
        assert writer.append(locked, [make_draft(0)]) == range(1)
        assert writer.append(locked, []) == range(1, 1)
        assert writer.append(locked, [make_draft(1), make_draft(2)]) == range(1, 3)
        assert locked.size == 3
    assert reader.get_log(origin()).size == 3


def test_failing_transaction_leaves_nothing() -> None:
    append(5)
    before = reader.get_log(origin())
    append_and_fail()
    assert reader.get_log(origin()) == before
    assert (Entry.objects.count(), Tile.objects.count(), Checkpoint.objects.count()) == (5, 0, 0)
    assert append(1) == range(5, 6)


@pytest.mark.parametrize("batch", [[7], [7, 5], [20, 21, 5, 3]], ids=["alone", "in a pair", "with two"])
def test_duplicate_is_refused_and_names_the_first_entry_that_has_the_identity(batch: list[int]) -> None:
    append(10)
    with transaction.atomic():
        locked = writer.lock(origin(), NOON)
        with pytest.raises(DuplicateEntry, match="entry") as refused:
            writer.append(locked, [make_draft(number) for number in batch])
        assert refused.value.index == min(number for number in batch if number < 10)
        assert refused.value.identity == make_draft(refused.value.index).identity
        assert writer.append(locked, [make_draft(50)]) == range(10, 11), "the transaction goes on after a refusal"
    assert Entry.objects.count() == 11


def test_identity_twice_in_a_batch_is_refused_before_anything_is_written() -> None:
    append(1)
    with transaction.atomic():
        locked = writer.lock(origin(), NOON)
        with pytest.raises(DuplicateEntry) as refused:
            writer.append(locked, [make_draft(5), make_draft(6), make_draft(5)])
    assert (refused.value.index, refused.value.identity) == (None, make_draft(5).identity)
    assert reader.get_log(origin()).size == 1


def test_same_bytes_under_another_identity_are_another_entry() -> None:
    append(1)
    with transaction.atomic():
        writer.append(writer.lock(origin(), NOON), [writer.Draft(make_entry(0), make_draft(9).identity)])
    assert reader.read_entries(origin(), 0, 2) == [make_entry(0)] * 2


def test_entry_is_found_by_its_identity() -> None:
    append(3)
    assert reader.find_entry(origin(), make_draft(2).identity) == 2
    assert reader.find_entry(origin(), make_draft(3).identity) is None


@pytest.mark.parametrize("size", [0, 65_535])
def test_smallest_and_largest_entry_are_kept_whole(size: int) -> None:
    writer.open_log(origin(), own=True)
    with transaction.atomic():
        writer.append(writer.lock(origin(), NOON), [writer.Draft(b"\x00" * size, bytes(32))])
    assert reader.read_entry(origin(), 0) == b"\x00" * size


@pytest.mark.parametrize("others", [0, 4])
def test_entry_too_large_is_refused_with_its_batch(others: int) -> None:
    append(1)
    drafts = [*(make_draft(number) for number in range(1, others + 1)), writer.Draft(b"x" * 65_536, bytes(32))]
    with transaction.atomic():
        locked = writer.lock(origin(), NOON)
        with pytest.raises(EntryTooLarge, match=r"65535 bytes, got one of 65536"):
            writer.append(locked, drafts)
    assert reader.get_log(origin()).size == 1


def test_identity_of_another_length_is_refused() -> None:
    append(1)
    with transaction.atomic(), pytest.raises(LedgerError, match="32 bytes"):
        writer.append(writer.lock(origin(), NOON), [writer.Draft(b"data", b"short")])


def test_time_never_decreases_under_skewed_clocks() -> None:
    append(1, now=NOON)
    with transaction.atomic():
        behind = writer.lock(origin(), NOON - timedelta(hours=1))
        assert behind.time == NOON
        writer.append(behind, [make_draft(1)])
    with transaction.atomic():
        ahead = writer.lock(origin(), NOON + timedelta(seconds=1))
        assert ahead.time == NOON + timedelta(seconds=1)
    assert reader.get_log(origin()).last_time == NOON, "a lock without an append moves no clock"


def test_naive_time_is_refused() -> None:
    append(1)
    with transaction.atomic(), pytest.raises(LedgerError, match="time zone"):
        writer.lock(origin(), datetime(2026, 5, 4))


def test_unknown_log_and_log_of_a_peer_cannot_be_appended_to() -> None:
    writer.open_log(PEER, own=False)
    for unknown in (PEER, "none.example/ledger"):
        with transaction.atomic(), pytest.raises(UnknownLog, match=unknown):
            writer.lock(unknown, timezone.now())


def test_opening_twice_is_opening_once_and_never_changes_whose_log_it_is() -> None:
    assert writer.open_log(origin(), own=True) == writer.open_log(origin(), own=True)
    with pytest.raises(LedgerError, match="other kind"):
        writer.open_log(origin(), own=False)


@pytest.mark.django_db(transaction=True)
def test_lock_outside_a_transaction_is_refused() -> None:
    writer.open_log(origin(), own=True)
    with pytest.raises(LockNotHeld, match="transaction"):
        writer.lock(origin(), NOON)


@pytest.mark.django_db(transaction=True)
def test_append_with_a_lock_that_was_given_up_is_refused() -> None:
    writer.open_log(origin(), own=True)
    with transaction.atomic():
        stale = writer.lock(origin(), NOON)
    append(1)
    for drafts in ([make_draft(8)], [make_draft(8), make_draft(9)]):
        with pytest.raises((LockNotHeld, IntegrityError)), transaction.atomic():
            writer.append(stale, drafts)
    assert reader.get_log(origin()).size == 1


def test_peer_entries_extend_the_copy_of_its_log_from_its_end_only() -> None:
    entries = [make_entry(number) for number in range(300)]
    writer.open_log(PEER, own=False)
    assert writer.extend(PEER, 0, entries[:1]) == range(1)
    assert writer.extend(PEER, 1, entries[1:]) == range(1, 300)
    for start in (0, 299, 301):
        with pytest.raises(WrongStart, match=f"from index 300, got them from {start}"):
            writer.extend(PEER, start, [b"more"])
    assert reader.read_entries(PEER, 0, 300) == entries
    assert set(Entry.objects.values_list("identity", flat=True)) == {None}


def test_peer_may_repeat_bytes_that_we_also_hold() -> None:
    append(2)
    writer.open_log(PEER, own=False)
    writer.extend(PEER, 0, [make_entry(0), make_entry(0)])
    assert reader.read_entries(PEER, 0, 2) == [make_entry(0)] * 2


@pytest.mark.parametrize("steps", [[255, 1, 1, 255, 1], [256, 256], [513], [100, 100, 100, 300]], ids=str)
def test_tiles_are_stored_when_they_fill_and_hold_the_reference_nodes(steps: list[int]) -> None:
    for step in steps:
        append(step)
    entries = [make_entry(number) for number in range(sum(steps))]
    tiles = list(Tile.objects.order_by("level", "index"))
    assert [(tile.level, tile.index) for tile in tiles] == [(0, number) for number in range(sum(steps) // 256)]
    for tile in tiles:
        below = entries[tile.index * 256 : (tile.index + 1) * 256]
        rows = [[reference.mth(below[at : at + (1 << h)]) for at in range(0, 256, 1 << h)] for h in range(9)]
        assert bytes(tile.root) == rows[8][0]
        assert bytes(tile.nodes) == b"".join(node for row in rows[:8] for node in row)
        assert len(tile.nodes) == (2 * 256 - 2) * 32


def test_stored_frontier_is_that_of_all_leaf_hashes() -> None:
    for step in (1, 2, 253, 1, 300, 1):
        append(step)
        size = reader.get_log(origin()).size
        assert stored_frontier() == Frontier().append(hash_leaves(make_entry(number) for number in range(size)))
