"""The Celery application: `celery -A deploy.celery`; tasks live in each app's `tasks` module."""

import os
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import worker_ready
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.settings")
app = Celery("assay")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(
    [
        "ledger",
        "register",
        "register.access",
        "register.uploads",
        "register.outbox",
        "register.opendata",
        "federation",
        "deploy.operator",
    ]
)


@worker_ready.connect
def note_ready(**kwargs: Any) -> None:
    """Tell whoever started this worker that it takes jobs: Celery has no other way to say so without a broker trip."""
    marker = Path(settings.ASSAY_DATA_DIR) / "run" / "worker.ready"
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.touch()
