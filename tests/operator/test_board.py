"""The operator's board: who may see it, what it says of a node that is well, and of one that is not."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from deploy.operator import health, probing
from deploy.operator.asking import RedisState, Worker
from deploy.operator.gauge import Gauge, sum_up
from deploy.operator.last_times import note_last
from deploy.operator.models import BACKUP, SCHEDULED_JOB, LastTime
from deploy.operator.peer_gauges import gauge_peers
from deploy.operator.tasks import note_job
from federation.board import Board
from register.opendata.exporting import export
from register.opendata.published import list_exports
from tests import factories
from tests.opendata.conftest import make_older
from tests.people import sign_in

PAGES = ("/operator", "/operator/settings", "/operator/quarantine", "/operator/imports")


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Redis and a worker that answer."""
    monkeypatch.setattr(health, "ask_redis", lambda: RedisState(waiting=0, used=1_000_000, most=0))
    monkeypatch.setattr(health, "ask_workers", lambda: (Worker("nl@one", 2, 1),))
    monkeypatch.setattr(health, "STARTED", timezone.now() - timedelta(hours=2))


@pytest.fixture
def operator(transactional_db: None, answering: None) -> Client:
    """An operator of an open register."""
    factories.open_register()
    client = Client()
    sign_in(client, "operator")
    return client


def gauges(client: Client) -> dict[str, dict[str, str]]:
    """Return the board as JSON, by code."""
    answer = client.get("/operator", headers={"Accept": "application/json"})
    assert answer.status_code == 200
    return {one["code"]: one for one in answer.json()["gauges"]}


@pytest.mark.parametrize("page", PAGES)
def test_only_operators_and_auditors_see_the_board(transactional_db: None, answering: None, page: str) -> None:
    factories.open_register()
    assert Client().get(page).status_code == 302
    for role, expected in (("auditor", 200), ("agency", 403), ("issuer", 403)):
        client = Client()
        sign_in(client, role, "" if role == "auditor" else "01890a5d-ac96-774b-bcce-b302099a8057")
        assert client.get(page).status_code == expected, role
    auditor = Client()
    sign_in(auditor, "auditor")
    assert auditor.post(page).status_code == 405


def test_a_node_that_is_well_says_so_first(operator: Client) -> None:
    note_job()
    note_last(BACKUP, file="monday.assay", entries=0, with_keys=False)
    found = gauges(operator)
    for code in ("ledger", "checkpoint", "guard", "redis", "queue", "workers", "beat", "backup", "keys", "database"):
        assert found[code]["state"] == "well", found[code]
    page = operator.get("/operator").content.decode()
    assert page.index("verdict") < page.index("tiles")
    assert "monday.assay" in page


@pytest.mark.parametrize("page", ["/operator", "/account"])
def test_no_two_menus_of_a_page_have_the_same_name(operator: Client, page: str) -> None:
    names = re.findall(r"<summary>([^<]+)</summary>", operator.get(page).content.decode())
    assert len(names) >= 2
    assert len(set(names)) == len(names)


def test_every_alarm_says_what_to_do(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "ask_workers", tuple)
    LastTime.objects.create(name=SCHEDULED_JOB, at=timezone.now() - timedelta(hours=1))
    LastTime.objects.create(name=BACKUP, at=timezone.now() - timedelta(days=9), facts={"file": "old", "entries": 0})
    found = gauges(operator)
    assert {code for code, one in found.items() if one["state"] == "act"} >= {"workers", "beat", "backup"}
    calling = [one for one in found.values() if one["state"] in ("act", "look")]
    assert [one["code"] for one in calling if not one["do"]] == []
    assert "need you now" in operator.get("/operator").content.decode()


def test_a_scheduler_that_is_silent_while_workers_answer_is_named(operator: Client) -> None:
    LastTime.objects.create(name=SCHEDULED_JOB, at=timezone.now() - timedelta(minutes=5))
    assert "celery beat" in gauges(operator)["beat"]["says"]


@pytest.mark.parametrize("last", [None, timedelta(days=30)])
def test_a_node_that_was_started_a_moment_ago_raises_no_alarm_about_its_schedule(
    operator: Client, monkeypatch: pytest.MonkeyPatch, last: timedelta | None
) -> None:
    if last:
        LastTime.objects.create(name=SCHEDULED_JOB, at=timezone.now() - last)
    assert gauges(operator)["beat"]["state"] == ("act" if last else "look")
    # In the future rather than now: the machine may be slow.
    monkeypatch.setattr(health, "STARTED", timezone.now() + timedelta(hours=1))
    told = gauges(operator)["beat"]
    assert (told["state"], told["do"]) == ("not_applicable", "")
    assert "just been started" in told["says"]


def test_an_export_that_was_missed_is_an_alarm(
    operator: Client, monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    settings.ASSAY_OPEN_DATA_DIR = tmp_path / "open-data"

    def find() -> tuple[str, bool]:
        found = gauges(operator)["open-data"]
        return found["state"], "export_open_data" in found["do"]

    assert find() == ("look", True)
    with monkeypatch.context() as patched:
        patched.setattr(health, "STARTED", timezone.now() + timedelta(hours=1))
        assert find() == ("not_applicable", False)
    made = export()
    assert find() == ("well", False)
    make_older(made, timedelta(hours=27))
    assert find() == ("look", True)
    with monkeypatch.context() as patched:
        patched.setattr(health, "STARTED", timezone.now() + timedelta(hours=1))
        assert find() == ("not_applicable", False)
    (older,) = list_exports()
    make_older(older, timedelta(days=8))
    assert find() == ("act", True)


def test_what_did_not_answer_is_unknown_and_not_well(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ConnectionError("redis://:a-password@10.0.0.1 refused")

    monkeypatch.setattr(health, "ask_redis", fail)
    monkeypatch.setattr(health, "ask_workers", fail)
    found = gauges(operator)
    assert found["redis"]["state"] == "act"
    assert [found[code]["state"] for code in ("queue", "workers", "beat")] == ["unknown"] * 3
    assert [code for code, one in found.items() if one["state"] in ("act", "unknown") and not one["do"]] == []
    assert "a-password" not in operator.get("/operator").content.decode()


@pytest.fixture
def hanging() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_redis_that_hangs_does_not_hang_the_page(
    operator: Client, monkeypatch: pytest.MonkeyPatch, settings: Settings, hanging: int
) -> None:
    monkeypatch.undo()
    settings.REDIS_URL = settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{hanging}/0"
    begun = monotonic()
    assert gauges(operator)["redis"]["state"] == "act"
    # Not a measurement: without the time-outs this would never end.
    assert monotonic() - begun < 30


def test_questions_that_hang_never_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "PATIENCE", 0.1)
    let_go = threading.Event()
    answers = [probing.Probes(slow=let_go.wait).take("slow") for _ in range(8)]
    let_go.set()
    assert answers == [probing.explain(TimeoutError())] * 8
    assert threading.active_count() < 30
    assert probing.Probes(quick=lambda: 7).take("quick") == 7


def test_the_board_takes_the_same_queries_whatever_there_is(operator: Client) -> None:
    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert operator.get("/operator").status_code == 200
        return len(queries)

    count()
    few = count()
    for _ in range(3):
        factories.make_issuer()
    assert count() == few


def test_a_paused_peer_is_not_said_to_be_followed() -> None:
    row = SimpleNamespace(status="paused", name="Register of the north", said_reason="")
    peer = cast(Any, SimpleNamespace(row=row, peer=row, copy=SimpleNamespace(quarantined=0)))
    standing = gauge_peers(Board((peer,), (), (), ()), timezone.now())[0]
    assert (standing.tone, standing.calls) == ("off", False)
    assert standing.value.startswith("0")
    assert standing.says == "Paused by an operator: Register of the north."


def test_what_should_be_looked_at_is_told_beside_what_is_grave() -> None:
    grave, light = Gauge("a", "A", "none", "bad"), Gauge("b", "B", "1", "warn")
    told = sum_up([grave, light, light])
    assert (told.tone, told.headline) == ("bad", "One thing needs you now.")
    assert told.sentence == "2 things should be looked at."
    assert sum_up([grave]).sentence == ""
