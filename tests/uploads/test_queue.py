"""What an upload waits for is asked of the workers by the names of their tasks, and nobody waits for the broker."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import Mock

import pytest
from celery import current_app
from django.utils import timezone
from kombu.exceptions import OperationalError

from register import jobs
from register.uploads import handing_in, sweeping, tasks
from register.uploads.models import Upload
from tests.uploads.conftest import Desk
from tests.uploads.tables import as_csv, table


@pytest.mark.parametrize(("waits", "arguments"), [("read", ("7",)), ("check", ("7", 2)), ("publish", ("7",))])
def test_each_kind_of_work_is_a_task_that_takes_what_is_sent(
    waits: str, arguments: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(jobs, "enqueue", lambda task, *args, countdown: asked.append((task, *args)))
    tasks.go_on(waits, "7", 2)
    assert asked == [(f"register.uploads.{waits}", *arguments)]
    task = current_app.tasks[f"register.uploads.{waits}"]
    assert len(arguments) == task.run.__code__.co_argcount


@pytest.mark.django_db
def test_without_a_broker_a_file_waits_to_be_swept_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "enqueue", Mock(side_effect=OperationalError))
    upload = handing_in.hand_in(desk.officer, "decisions.csv", as_csv(table(desk.issuers, 3)[0]))
    tasks.go_on("read", str(upload.pk), upload.run)
    Upload.objects.update(heard=timezone.now() - sweeping.SILENT - timedelta(seconds=1))
    assert sweeping.find_abandoned() == [("read", str(upload.pk), upload.run)]
