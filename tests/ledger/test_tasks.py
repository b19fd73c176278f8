"""Background work on the ledger may run at any time, and twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from ledger import publish
from ledger.errors import LedgerDamaged
from ledger.models import Checkpoint
from ledger.tasks import republish, scrub
from tests.ledger.writing import append, change, origin

pytestmark = pytest.mark.django_db


def test_republish_refreshes_an_old_checkpoint_once() -> None:
    append(2)
    publish.publish(origin(), now=timezone.now() - timedelta(hours=1))
    assert [republish(), republish()] == [2, 2]
    assert Checkpoint.objects.count() == 2


def test_scrub_reports_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.fsck.NIGHTS", 1)
    append(300)
    assert scrub() == 256
    change("ledger_entry", "data = 'forged'", "index = 9")
    with pytest.raises(LedgerDamaged, match="entry 9"):
        scrub()
