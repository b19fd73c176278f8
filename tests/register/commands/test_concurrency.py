"""Writers at the same time: one after the other in the log, nothing lost, nothing twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection

from ledger import reader
from ledger.logs import get_log, latest_checkpoint
from register import commands, events
from register.errors import Conflict
from register.models import Cursor
from register.projection import replaying
from tests import factories
from tests.factories import OPERATOR


def run_together(tasks: list[Callable[[], object]]) -> list[BaseException | object]:
    """Run tasks in threads of their own, all begun at once; return what each gave or raised."""
    results: list[BaseException | object] = [None] * len(tasks)
    start = threading.Barrier(len(tasks))

    def run(number: int) -> None:
        try:
            start.wait()
            results[number] = tasks[number]()
        except BaseException as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(tasks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
def test_eight_writers_leave_a_dense_log_and_equal_rows() -> None:
    factories.open_register()
    agency, college = factories.make_agency(), factories.make_issuer()

    def write_some() -> list[int]:
        terms = factories.accreditation_terms(college, agency)
        return [commands.grant_accreditation(terms, actor=OPERATOR).index for _ in range(4)]

    results = run_together([write_some] * 8)
    indexes = sorted(index for result in results if isinstance(result, list) for index in result)
    assert indexes == list(range(3, 35))
    log = get_log(settings.ASSAY_ORIGIN)
    assert log.size == Cursor.objects.get().size == latest_checkpoint(settings.ASSAY_ORIGIN).size == 35
    assert replaying.check() is None


@pytest.mark.django_db(transaction=True)
def test_of_two_who_claim_the_same_one_is_refused() -> None:
    factories.open_register()
    terms = factories.issuer_terms(identifiers=[{"scheme": "pic", "value": "999974456"}])
    results = run_together([lambda: commands.register_issuer(terms, actor=OPERATOR)] * 4)
    assert sum(isinstance(result, Conflict) for result in results) == 3
    assert get_log(settings.ASSAY_ORIGIN).size == 2


@pytest.mark.django_db(transaction=True)
def test_time_never_decreases_although_clocks_differ() -> None:
    factories.open_register()
    now = datetime.now(UTC)
    for skew in (5, -5, 0, -3600):

        def clock(skew: int = skew) -> datetime:
            return now + timedelta(seconds=skew)

        commands.record([commands.intend("issuer.registered", factories.issuer_terms())], actor=OPERATOR, clock=clock)
    times = [events.parse(entry).time for entry in reader.read_entries(settings.ASSAY_ORIGIN, 0, 5)]
    assert times == sorted(times)
