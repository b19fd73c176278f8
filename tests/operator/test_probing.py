"""What could not be asked is told by its kind, in our words: never by a text that may hold an address."""

from __future__ import annotations

import ssl
from pathlib import Path
from socket import gaierror
from typing import Any

import pytest
import redis
from django.db import connection
from django.utils import timezone
from kombu.exceptions import OperationalError

from deploy.operator import probing
from deploy.operator.facts import DatabaseFacts
from deploy.operator.key_gauges import gauge_authorities
from deploy.operator.storage_gauges import gauge_database, gauge_disks
from ledger.database import fetch_one

ADDRESS = "redis://user:a-password@127.0.0.1"


def because(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TimeoutError(ADDRESS), "no answer in time"),
        (redis.exceptions.TimeoutError(ADDRESS), "no answer in time"),
        (
            because(redis.exceptions.ConnectionError(ADDRESS), ConnectionRefusedError(111, ADDRESS)),
            "nobody listens there",
        ),
        (because(OperationalError(ADDRESS), gaierror(-2, ADDRESS)), "its name is not known"),
        (ssl.SSLError(1, ADDRESS), "TLS could not be agreed on"),
        (redis.exceptions.ConnectionError(ADDRESS), "no connection"),
        (OSError(5, ADDRESS), "no connection"),
        (KeyError(ADDRESS), "a failure of the kind KeyError"),
    ],
)
def test_a_failure_is_told_by_what_it_stems_from(error: Exception, reason: str) -> None:
    assert probing.explain(error).reason == reason


@pytest.mark.django_db
def test_a_statement_that_takes_too_long_is_no_answer_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "DATABASE_MILLISECONDS", 50)
    silence = probing.ask_database(lambda: fetch_one("SELECT pg_sleep(60)", ()))
    assert isinstance(silence, probing.Silence)
    assert silence.reason == "no answer in time"


@pytest.mark.parametrize(
    ("host", "told"), [("", ""), ("/var/run", ""), ("localhost", ""), ("db.example", "another machine (db.example)")]
)
def test_a_disk_that_nobody_watches_is_told(monkeypatch: pytest.MonkeyPatch, host: str, told: str) -> None:
    monkeypatch.setitem(connection.settings_dict, "HOST", host)
    found = gauge_database(DatabaseFacts(size=1, connections=1, most=100, oldest=0))[0]
    assert found.says.startswith("It answers.")
    assert ("another machine" in found.says, told in found.says) == (bool(told), True)


def test_what_the_system_says_of_a_file_stands_apart_from_what_we_say(settings: Any, tmp_path: Path) -> None:
    settings.ASSAY_SEAL_AUTHORITIES, settings.ASSAY_TIME_AUTHORITIES = str(tmp_path / "absent.pem"), ""
    settings.ASSAY_GUARD_DIR = str(tmp_path / "absent")
    (authorities,) = gauge_authorities(timezone.now())
    guard = next(one for one in gauge_disks() if one.code == "disk-guard")
    for gauge in (authorities, guard):
        assert "No such file" in gauge.detail
        assert "No such file" not in gauge.says
        assert gauge.calls
        assert gauge.tell()["detail"] == gauge.detail
