"""Idempotency-Key: the same request twice is one entry and one answer, also at the same time and after a crash."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.utils import timezone

from ledger.errors import KeyUnusable
from ledger.logs import get_log
from register.access.models import KeptAnswer
from register.access.tasks import KEPT, purge_kept_answers
from register.access.tokens import create_token
from register.api import command
from tests.api.callers import Answer, Caller, check_problem, make_caller, token_of
from tests.api.conftest import World


def size() -> int:
    return get_log(settings.ASSAY_ORIGIN).size


def grant(world: World, key: str, caller: Caller | None = None, **fields: Any) -> Answer:
    sent = {"Idempotency-Key": key}
    return (caller or world.agent).post("/api/v1/accreditations", world.grant(**fields), **sent)


def test_the_same_request_gives_the_same_bytes_and_no_second_entry(world: World) -> None:
    first = grant(world, "one")
    before = size()
    second = grant(world, "one")
    assert (first.status, second.status) == (201, 201)
    assert second.content == first.content
    assert second.headers["Idempotency-Replayed"] == "true"
    assert size() == before


def test_the_order_of_fields_and_blanks_do_not_make_another_body(world: World) -> None:
    first = grant(world, "one")
    body = "{ " + ", ".join(f'"{k}": {v}' for k, v in reversed(
        [("issuer", f'"{world.issuer}"'), ("valid_from", '"2024-01-01"'), ("scope", '{"eqf_levels":[6]}')]
    )) + " }"  # fmt: skip
    second = world.agent.post("/api/v1/accreditations", body.encode(), **{"Idempotency-Key": "one"})
    assert second.content == first.content


def test_another_body_or_address_with_the_same_key_is_a_conflict(world: World) -> None:
    accreditation = grant(world, "one").body["id"]
    before = size()
    check_problem(grant(world, "one", kind="programme"), 409, "idempotency_key_reused", "Idempotency-Key")
    ending = {"effective_from": "2025-01-01", "reason": "quality"}
    path = f"/api/v1/accreditations/{accreditation}/revoke"
    check_problem(world.agent.post(path, ending, **{"Idempotency-Key": "one"}), 409, "idempotency_key_reused")
    assert size() == before


def test_keys_of_different_tokens_have_nothing_to_do_with_each_other(world: World) -> None:
    first = grant(world, "one")
    other = grant(world, "one", caller=world.other_agent)
    assert (other.status, other.body["agency"]) == (201, world.other_agency)
    colleague = Caller(create_token(token_of(world.agent).membership, "second", ("write",))[1])
    assert grant(world, "one", caller=colleague).body["id"] != first.body["id"]


def test_a_refused_request_leaves_its_key_free(world: World) -> None:
    check_problem(grant(world, "one", scope={"jurisdictions": ["BE"]}), 422, "outside_territory")
    assert not KeptAnswer.objects.exists()
    assert grant(world, "one").status == 201


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256, "a\tb"])
@pytest.mark.django_db
def test_a_key_is_printable_and_of_bounded_length(key: str) -> None:
    caller = make_caller("operator")
    answer = caller.post("/api/v1/agencies", {}, **{"Idempotency-Key": key})
    check_problem(answer, 400, "idempotency_key", "Idempotency-Key")


def test_the_longest_key_is_kept(world: World) -> None:
    assert grant(world, "~" * 255).content == grant(world, "~" * 255).content


def test_twins_at_the_same_moment_write_one_entry_and_get_one_answer(world: World) -> None:
    before, answers = size(), []
    start = threading.Barrier(6)

    def send() -> None:
        start.wait()
        try:
            answers.append(grant(world, "one", caller=Caller(world.agent.secret)))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status for answer in answers] == [201] * 6
    assert len({answer.body["id"] for answer in answers}) == 1
    assert len({answer.body["entry"]["index"] for answer in answers}) == 1
    assert size() == before + 1


def test_a_crash_before_the_answer_was_kept_loses_neither_entry_nor_answer(world: World) -> None:
    with patch.object(command, "answer_written", side_effect=OperationalError("gone")):
        check_problem(grant(world, "one"), 503, "receipt_pending")
    before = size()
    assert KeptAnswer.objects.get().answer is None
    again = grant(world, "one")
    assert (again.status, again.body["entry"]["index"], again.body["state"]) == (201, before - 1, "in_force")
    assert again.body["entry"]["receipt"].startswith("c2sp.org/tlog-proof@v1")
    assert size() == before


def test_an_entry_that_cannot_be_signed_says_that_it_is_recorded(world: World) -> None:
    before = size()
    with patch("ledger.publish.cover", side_effect=KeyUnusable("no key")):
        body = check_problem(grant(world, "one"), 503, "receipt_pending")
    assert str(before) in body["detail"]
    assert size() == before + 1
    assert grant(world, "one").body["entry"]["index"] == before


def test_keys_are_forgotten_after_their_time_and_not_before(world: World) -> None:
    for key in ("old", "new"):
        grant(world, key)
    almost = timezone.now() - KEPT + timedelta(minutes=1)
    KeptAnswer.objects.filter(key="new").update(created=almost)
    KeptAnswer.objects.filter(key="old").update(created=almost - timedelta(minutes=2))
    purge_kept_answers()
    purge_kept_answers()
    assert [kept.key for kept in KeptAnswer.objects.all()] == ["new"]
    assert timedelta(hours=24) <= KEPT
