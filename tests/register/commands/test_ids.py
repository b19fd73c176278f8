"""Ids are UUIDs of version 7, in the order in which they were given out."""

from __future__ import annotations

import time
import uuid

from register.ids import new_id, new_ids


def test_ids_are_of_version_7() -> None:
    for text in new_ids(100):
        parsed = uuid.UUID(text)
        assert (str(parsed), parsed.version, parsed.variant) == (text, 7, uuid.RFC_4122)


def test_ids_ascend_within_and_across_batches() -> None:
    ids = [*new_ids(5_000), new_id(), *new_ids(5_000), new_id()]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


def test_an_id_tells_when_it_was_made() -> None:
    before = time.time_ns() // 1_000_000
    assert before <= uuid.UUID(new_id()).int >> 80 <= time.time_ns() // 1_000_000 + 1
