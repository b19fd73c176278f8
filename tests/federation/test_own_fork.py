"""A checkpoint under our own key that is not of our history: the operator hears of it, nothing here stops."""

from __future__ import annotations

import pytest
from django.conf import settings

from federation import forks
from federation.models import Alert, Evidence
from ledger import publish
from ledger.signer import node_signers
from ledger.tlog.checkpoint import Checkpoint, sign_checkpoint
from tests import factories
from tests.ledger.writing import remove

pytestmark = pytest.mark.django_db


def own_checkpoint(size: int, root: bytes) -> bytes:
    signers = node_signers()
    head = Checkpoint(settings.ASSAY_ORIGIN, size, root)
    return sign_checkpoint(head, signers.log, signers.witness, time=1_790_000_000)


def test_another_history_under_our_own_key_is_an_alert_with_evidence_and_stops_nothing() -> None:
    factories.open_register()
    factories.make_issuer()
    publish.cover(settings.ASSAY_ORIGIN)
    evidence = forks.suspect(settings.ASSAY_ORIGIN, own_checkpoint(2, bytes(32)), "Register FR")
    assert evidence == Evidence.objects.get()
    assert (evidence.kind, evidence.entry) == ("same_size", None)
    alert = Alert.objects.get()
    assert (alert.origin, alert.code) == (settings.ASSAY_ORIGIN, "own_fork")
    assert forks.report_evidence() == 0
    factories.make_issuer()
    assert publish.cover(settings.ASSAY_ORIGIN).size == 3
    assert forks.suspect(settings.ASSAY_ORIGIN, own_checkpoint(1, bytes(32)), "Register FR") == evidence


def test_more_entries_under_our_own_key_than_we_hold_are_an_alert() -> None:
    factories.open_register()
    assert forks.suspect(settings.ASSAY_ORIGIN, own_checkpoint(9, bytes(32)), "Register FR") is None
    alert = Alert.objects.get()
    assert alert.code == "own_fork"
    assert "Register FR shows 9 entries under our key, we hold 1" in alert.said


def test_our_own_history_is_no_alert_at_any_size() -> None:
    factories.open_register()
    notes = [publish.cover(settings.ASSAY_ORIGIN).note]
    for _ in range(3):
        factories.make_issuer()
        notes.append(publish.cover(settings.ASSAY_ORIGIN).note)
    for note in (*notes, *reversed(notes)):
        assert forks.suspect(settings.ASSAY_ORIGIN, note, "Register FR") is None
    assert Alert.objects.count() == 0


def test_a_checkpoint_whose_row_a_crash_lost_is_still_our_own_history() -> None:
    factories.open_register()
    factories.make_issuer()
    given_out = publish.cover(settings.ASSAY_ORIGIN).note
    assert remove("ledger_checkpoint", "size = 2") == 1
    assert forks.suspect(settings.ASSAY_ORIGIN, given_out, "Register FR") is None
    factories.make_issuer()
    assert forks.suspect(settings.ASSAY_ORIGIN, given_out, "Register FR") is None
    assert (Alert.objects.count(), Evidence.objects.count()) == (0, 0)
