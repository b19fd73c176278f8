"""Two web processes with clocks two hours apart: the times of entries never decrease, and no index is missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from deploy.provision import with_database
from ledger import fsck, reader
from ledger.signer import node_signers
from register.projection import replaying
from tests import factories
from tests.nodes import ROOT

pytestmark = pytest.mark.django_db(transaction=True)
EACH = 40
HOUR = 3600


def start_writer(seconds: int) -> subprocess.Popen[str]:
    """Start a process of this node with a shifted clock; it waits for a line before it writes."""
    environment = os.environ | {
        "DATABASE_URL": with_database(os.environ["DATABASE_URL"], settings.DATABASES["default"]["NAME"]),
        "ASSAY_GUARD_DIR": str(settings.ASSAY_GUARD_DIR),
        "DJANGO_SETTINGS_MODULE": "deploy.settings",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.skewed_writer", str(seconds), str(EACH)],
        cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.fixture
def indexes(transactional_db: None) -> Iterator[dict[int, list[int]]]:
    """Have both processes write at once; shift of the clock → indexes written."""
    factories.open_register()
    writers = {seconds: start_writer(seconds) for seconds in (HOUR, -HOUR)}
    try:
        for writer in writers.values():
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
        for writer in writers.values():
            assert writer.stdin is not None
            writer.stdin.write("go\n")
            writer.stdin.flush()
        said = {seconds: writer.communicate(timeout=120)[0] for seconds, writer in writers.items()}
        assert [writer.returncode for writer in writers.values()] == [0, 0]
        yield {seconds: [int(line) for line in lines.split()] for seconds, lines in said.items()}
    finally:
        for writer in writers.values():
            writer.kill()
            writer.wait()


def test_times_never_decrease_whatever_the_clocks_say(indexes: dict[int, list[int]]) -> None:
    origin = settings.ASSAY_ORIGIN
    fast, slow = indexes[HOUR], indexes[-HOUR]
    assert sorted(fast + slow) == list(range(1, 2 * EACH + 1)), "indexes are dense"
    assert any(index + 1 in slow for index in fast), "the slow clock wrote after the fast one"
    entries = reader.read_entries(origin, 0, 2 * EACH + 1)
    times = [datetime.fromisoformat(json.loads(entry)["time"]) for entry in entries]
    assert times == sorted(times)
    assert max(times) > timezone.now() + timedelta(minutes=55), "the fast clock was an hour ahead"
    assert fsck.check_log(origin, node_signers().verifiers).entries == len(entries)
    assert replaying.check() is None
