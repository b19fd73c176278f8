"""Writers of one process who arrive together: one transaction, and yet to each what it would have had alone."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from ledger import publish, reader, writer
from ledger.database import fetch_all
from ledger.errors import KeyUnusable
from ledger.logs import get_log
from ledger.models import Checkpoint
from register import commands, projection
from register.access.models import KeptAnswer
from register.commands import Written, recording
from register.errors import Refused
from register.payloads import Actor
from register.projection import replaying
from tests import factories
from tests.factories import OPERATOR
from tests.register.commands.test_concurrency import run_together

BELGIUM = {"jurisdictions": ["BE"]}
"""Outside the territory: refused."""

pytestmark = pytest.mark.django_db(transaction=True)


def say_together(tasks: list[Callable[[], Any]]) -> list[Any]:
    """Run tasks in threads, all of which arrive while somebody else holds the log."""
    results: list[Any] = []
    with transaction.atomic():
        writer.lock(settings.ASSAY_ORIGIN, timezone.now())
        running = threading.Thread(target=lambda: results.extend(run_together(tasks)))
        running.start()
        end = time.monotonic() + 10
        while len(recording._writers._waiting) < len(tasks):
            assert time.monotonic() < end
            time.sleep(0.01)
    running.join()
    return results


def read_transactions(start: int) -> list[tuple[Any, ...]]:
    """The transactions that wrote the entries from `start` on, each once."""
    return fetch_all("SELECT DISTINCT xmin::text FROM ledger_entry WHERE index >= %s", (start,))


@pytest.fixture
def grant() -> Callable[..., Written]:
    """Grant an accreditation of one agency to one issuer; entries 0 to 2 are written."""
    factories.open_register()
    agency, college = factories.make_agency(), factories.make_issuer()

    def grant(also: commands.Also | None = None, **fields: Any) -> Written:
        terms = factories.accreditation_terms(college, agency, **fields)
        return commands.grant_accreditation(terms, actor=OPERATOR, also=also)

    return grant


def test_they_share_a_transaction_and_a_signature(grant: Callable[..., Written]) -> None:
    before = Checkpoint.objects.count()
    written = say_together([grant] * 5)
    assert sorted(place.index for place in written) == [3, 4, 5, 6, 7]
    assert len(read_transactions(3)) == 1
    assert Checkpoint.objects.count() == before + 1
    assert replaying.check() is None


def test_each_has_its_own_entry_and_receipt(grant: Callable[..., Written]) -> None:
    for place in say_together([grant] * 4):
        assert place.id.encode() in reader.read_entry(place.origin, place.index)
        receipt = commands.receipts_for([place])[place.index]
        assert receipt.startswith(f"c2sp.org/tlog-proof@v1\nindex {place.index}\n")


def test_a_refusal_is_its_own_and_the_others_stand(grant: Callable[..., Written]) -> None:
    first, refused, last = say_together([grant, lambda: grant(scope=BELGIUM), grant])
    assert isinstance(refused, Refused)
    assert (refused.code, refused.position) == ("outside_territory", 0)
    assert sorted([first.index, last.index]) == [3, 4]
    assert get_log(settings.ASSAY_ORIGIN).size == 5
    assert replaying.check() is None


@pytest.mark.parametrize("fault", [IntegrityError("once"), RuntimeError("a mistake of ours")])
def test_what_one_adds_spoils_nothing_of_the_others(grant: Callable[..., Written], fault: Exception) -> None:
    def fail(written: list[Written]) -> None:
        raise fault

    first, failed, last = say_together([grant, lambda: grant(fail), grant])
    assert failed is fault
    assert sorted([first.index, last.index]) == [3, 4]
    assert get_log(settings.ASSAY_ORIGIN).size == 5


def test_what_postgres_refuses_at_the_commit_spoils_nothing_of_the_others(grant: Callable[..., Written]) -> None:
    """Foreign keys are looked at only then: a token that was revoked while its request was under way."""

    def keep(written: list[Written]) -> None:
        KeptAnswer.objects.create(token_id=404, key="one", digest=bytes(32), kind="x", subject="x", index=3)

    first, failed, last = say_together([grant, lambda: grant(keep), grant])
    assert isinstance(failed, IntegrityError)
    assert sorted([first.index, last.index]) == [3, 4]
    assert get_log(settings.ASSAY_ORIGIN).size == 5
    assert replaying.check() is None


def test_who_comes_while_another_is_judged_is_not_refused_along(grant: Callable[..., Written]) -> None:
    judged, come = threading.Event(), threading.Event()

    def refuse_slowly(origin: str) -> int:
        judged.set()
        assert come.wait(10)
        return catch_up_as_ever(origin)

    catch_up_as_ever = projection.catch_up
    results: dict[str, Any] = {}
    with patch.object(projection, "catch_up", refuse_slowly):
        first = threading.Thread(target=lambda: results.update(a=run_together([lambda: grant(scope=BELGIUM)])))
        first.start()
        assert judged.wait(10)
        second = threading.Thread(target=lambda: results.update(b=run_together([grant])))
        second.start()
        end = time.monotonic() + 10
        while not recording._writers._waiting:
            assert time.monotonic() < end
        come.set()
        first.join()
        second.join()
    assert isinstance(results["a"][0], Refused)
    assert results["b"][0].index == 3
    assert get_log(settings.ASSAY_ORIGIN).size == 4


def test_each_entry_names_who_said_it(grant: Callable[..., Written]) -> None:
    """Also where a refusal among them has each said again by itself."""
    agency = factories.make_agency()
    speakers = [OPERATOR, Actor(role="agency", organisation=agency), Actor(role="node")]

    def register_as(actor: Actor) -> Callable[[], Written]:
        return lambda: commands.register_issuer(factories.issuer_terms(), actor=actor)

    for said_by in (speakers[:2], speakers):
        for actor, written in zip(said_by, say_together([register_as(actor) for actor in said_by]), strict=True):
            if actor.role == "node":
                assert isinstance(written, Refused)
                continue
            entry = reader.read_entry(written.origin, written.index)
            assert json.loads(entry)["data"]["actor"] == actor.model_dump(exclude_none=True)


def test_what_each_adds_is_in_the_transaction_that_is_kept(grant: Callable[..., Written]) -> None:
    added: list[list[int]] = [[], []]
    tasks = [
        lambda: grant(lambda written: added[0].append(written[0].index)),
        lambda: grant(lambda written: added[1].append(written[0].index)),
        lambda: grant(scope=BELGIUM),
    ]
    first, second, _ = say_together(tasks)
    assert (added[0][-1], added[1][-1]) == (first.index, second.index)


def test_what_may_be_committed_is_not_said_twice(grant: Callable[..., Written]) -> None:
    with patch.object(publish, "cover", side_effect=KeyUnusable("gone")):
        assert all(isinstance(result, KeyUnusable) for result in say_together([grant] * 3))
    assert get_log(settings.ASSAY_ORIGIN).size == 6


def test_a_commit_of_unknown_fate_is_not_said_twice(grant: Callable[..., Written]) -> None:
    commit = transaction.Atomic.__exit__

    def lose(atomic: transaction.Atomic, *error: Any) -> None:
        commit(atomic, *error)
        ours = threading.current_thread() is not threading.main_thread()
        if ours and not connection.in_atomic_block and error == (None, None, None):
            raise OperationalError("the connection was lost while it committed")

    with patch.object(transaction.Atomic, "__exit__", lose):
        assert all(isinstance(result, OperationalError) for result in say_together([grant] * 3))
    assert get_log(settings.ASSAY_ORIGIN).size == 6
    assert replaying.check() is None


def test_within_a_transaction_of_its_own_nobody_shares(grant: Callable[..., Written]) -> None:
    with transaction.atomic():
        mine = grant()
        assert mine.head is None
        transaction.set_rollback(True)
    assert get_log(settings.ASSAY_ORIGIN).size == 3
