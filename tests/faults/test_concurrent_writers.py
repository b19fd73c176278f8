"""Eight writers at once over HTTP: dense indexes in commit order, receipts that verify, one entry a key."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.machine import Machine
from tests.faults.writers import WRITERS, check_acknowledged, check_dense, check_sound, make_body, post, writing

pytestmark = pytest.mark.services
WRITES = 200


def test_each_of_200_writes_by_eight_writers_stands_where_its_receipt_says(machine: Machine) -> None:
    before = check_dense(machine)
    with writing(machine) as writers:
        writers.wait_for(f"{WRITES} writes", lambda: len(writers.acknowledged) >= WRITES)
    assert writers.unsure == []
    assert writers.refused == []
    indexes = sorted(write.index for write in writers.acknowledged)
    assert indexes == list(range(before, before + len(indexes)))
    ledger = check_acknowledged(machine, writers.acknowledged)
    assert check_dense(machine) == ledger.size == before + len(indexes)
    times = [json.loads(entry)["time"] for entry in ledger.entries]
    assert times == sorted(times)
    check_sound(machine)


def test_whoever_looks_meanwhile_sees_a_beginning_of_the_ledger(machine: Machine) -> None:
    """Indexes in the order of commits: at no moment is an entry visible before one with a smaller index."""
    seen: set[int] = set()
    with writing(machine) as writers, machine.superuser() as database:
        while len(writers.acknowledged) < 60:
            row = database.execute("SELECT count(*), max(index) + 1 FROM ledger_entry").fetchone()
            assert row is not None
            assert row[0] == row[1], f"{row[0]} entries are visible, the last of them has index {row[1] - 1}"
            seen.add(row[0])
            writers.wait_for("a writer that goes on", lambda: True)
    assert len(seen) > 20, "nothing was written while we looked"


@pytest.mark.parametrize("turn", range(5))
def test_a_request_sent_many_times_at_once_is_written_once(machine: Machine, turn: int) -> None:
    key = f"twins-{turn}-{check_dense(machine)}"
    together = threading.Barrier(WRITERS)

    def send(number: int) -> tuple[int, bytes]:
        with machine.client() as client:
            client.get("/healthz")
            together.wait(60)
            answer = post(client, key)
            return answer.status_code, answer.content

    with ThreadPoolExecutor(WRITERS) as pool:
        answers = list(pool.map(send, range(WRITERS)))
    assert {status for status, _ in answers} == {201}, answers
    told = {(json.loads(body)["id"], json.loads(body)["entry"]["index"]) for _, body in answers}
    assert len(told) == 1
    ledger = check_acknowledged(machine, [])
    ((_, index),) = told
    assert ledger.indexes_by_key()[key] == [index]


def test_the_same_key_with_another_body_is_a_conflict_and_writes_nothing(machine: Machine) -> None:
    key = f"conflict-{check_dense(machine)}"
    with machine.client() as client:
        assert post(client, key).status_code == 201
        size = check_dense(machine)
        body = make_body(key) | {"country": "DE"}
        answer = client.post("/api/v1/issuers", json=body, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_reused")
    assert check_dense(machine) == size
