"""An alert is raised once, says the newest, and can be raised again once it was settled."""

from __future__ import annotations

import logging

import pytest

from federation.alerts import raise_alert, settle
from federation.models import Alert
from tests.register.commands.test_concurrency import run_together

ORIGIN = "register.de.example/ledger"


@pytest.mark.django_db
def test_an_alert_is_one_row_and_one_line_until_it_is_settled(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        first = raise_alert(ORIGIN, "fork", "It has two histories.")
        again = raise_alert(ORIGIN, "fork", "It has three histories.")
    assert again == first
    assert Alert.objects.get().message == "It has three histories."
    assert [record.getMessage() for record in caplog.records] == [f"fork: {ORIGIN}: It has two histories."]
    assert settle(ORIGIN, "fork") == 1
    assert settle(ORIGIN, "fork") == 0
    assert raise_alert(ORIGIN, "fork", "And again.") != first
    assert Alert.objects.count() == 2


@pytest.mark.django_db
def test_alerts_of_other_logs_and_codes_stand_beside_it() -> None:
    for origin, code in ((ORIGIN, "fork"), (ORIGIN, "withheld"), ("register.fr.example/ledger", "fork")):
        raise_alert(origin, code, "Look.")
    settle(ORIGIN, "fork")
    assert {(alert.origin, alert.code) for alert in Alert.objects.filter(settled_at=None)} == {
        (ORIGIN, "withheld"),
        ("register.fr.example/ledger", "fork"),
    }


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_find_the_same_raise_one_alert() -> None:
    results = run_together([lambda: raise_alert(ORIGIN, "fork", "Look.").id] * 6)
    assert set(results) == {Alert.objects.get().id}
