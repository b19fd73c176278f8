"""The operator's board as a Django app: one small table, pages, a job that shows that jobs run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from django.apps import AppConfig

STARTED: Final = datetime.now(UTC)
"""When this process was started; the web's processes are, when the node is, and stay for as long as it runs."""


class OperatorConfig(AppConfig):
    """Its label is `operator`."""

    name = "deploy.operator"
    label = "operator"
    default_auto_field = "django.db.models.BigAutoField"
