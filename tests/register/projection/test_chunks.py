"""Many entries are projected chunk by chunk, one being written while the next is judged: the rows do not show it."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import pytest
from django.conf import settings as node
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import writer
from register.errors import MalformedEvent
from register.models import Cursor
from register.projection import catch_up, replaying
from tests import factories
from tests.histories import Move, histories
from tests.ledgers import ORIGIN, SOURCE, Ledger, grant, make_id, open_ledger, register

CATCH_UP = importlib.import_module("register.projection.catch_up")  # the package shows the function of that name


def tell(history: Sequence[Move]) -> list[bytes]:
    """The entries of a peer that says all of it, also what the rules refuse, and garbage in between."""
    ledger = open_ledger(own=False)
    for number, move in enumerate(history):
        if move.type == "key.revoked" and move.subject not in ledger.state.keys:
            continue
        ledger.say(move.type, move.subject, move.data)
        if number % 7 == 3:
            ledger.append(b"garbage")
    return ledger.entries


def store(entries: Sequence[bytes]) -> None:
    writer.open_log(ORIGIN, own=False)
    writer.extend(ORIGIN, 0, entries)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Chunks of two entries, and everything looked up anew after a few things."""
    monkeypatch.setattr(CATCH_UP, "CHUNK", 2)
    monkeypatch.setattr(CATCH_UP, "MOST", 7)
    return monkeypatch


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    history=histories,
    chunk=st.integers(1, 4),
    most=st.sampled_from([0, 5, 9, 1000]),
    size=st.sampled_from([1, 900, 2_000_000]),
)
def test_the_rows_do_not_depend_on_the_chunks(
    small: pytest.MonkeyPatch, history: list[Move], chunk: int, most: int, size: int
) -> None:
    entries = tell(history)
    with transaction.atomic():
        store(entries)
        small.setattr(CATCH_UP, "CHUNK", chunk)
        small.setattr(CATCH_UP, "MOST", most)
        small.setattr(CATCH_UP, "CHUNK_BYTES", size)
        assert catch_up(ORIGIN) == len(entries)
        small.setattr(CATCH_UP, "CHUNK", 1000)
        assert replaying.check() is None
        transaction.set_rollback(True)


def long_ledger(number: int) -> Ledger:
    ledger = open_ledger()
    for one in range(number):
        grant(ledger, make_id(1000 + one))
    return ledger


def test_progress_is_told_chunk_by_chunk(db: None, small: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    entries = long_ledger(2).entries
    store(entries)
    assert catch_up(ORIGIN, progress=told.append) == len(entries)
    assert told == [2, 4, 6, 8, 9]
    assert catch_up(ORIGIN, progress=told.append) == 0
    assert Cursor.objects.get().size == len(entries)


def test_what_postgres_refuses_in_a_later_chunk_comes_out_and_leaves_nothing(
    db: None, small: pytest.MonkeyPatch
) -> None:
    """The batch that fails is on its way while the caller works on; the fault is the caller's all the same."""
    entries = long_ledger(6).entries
    store(entries)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO register_happening (log_id, index, type, subject, time) SELECT id, 4, '', '', now() "
            "FROM ledger_log WHERE origin = %s",
            [ORIGIN],
        )
    with pytest.raises(Exception, match="register_happening_pkey"), transaction.atomic():
        catch_up(ORIGIN)
    assert not Cursor.objects.exists()


def test_a_fault_in_our_own_ledger_is_counted_from_the_cursor(db: None, small: pytest.MonkeyPatch) -> None:
    origin = str(factories.open_register().origin)
    ledger = Ledger()
    for number in range(4):
        register(ledger, make_id(50 + number))
    with connection.cursor() as cursor:
        for number, entry in enumerate([*map(_at_home, ledger.entries[1:4]), b"{}"]):
            cursor.execute(
                "INSERT INTO ledger_entry (log_id, index, data, leaf_hash, identity) SELECT id, size, %s, %s, %s "
                "FROM ledger_log",
                [entry, bytes([number]) * 32, bytes([9, number]) * 16],
            )
            cursor.execute("UPDATE ledger_log SET size = size + 1")
    with pytest.raises(MalformedEvent) as caught, transaction.atomic():
        catch_up(origin)
    assert caught.value.position == 3
    assert Cursor.objects.get().size == 1


def _at_home(entry: bytes) -> bytes:
    """The same entry as said by this node, long after it opened."""
    home = str(node.ASSAY_BASE_URL).encode()
    return entry.replace(SOURCE.encode(), home).replace(b'"time":"2023', b'"time":"9023')
