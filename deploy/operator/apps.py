"""The operator's board as a Django app: one small table, pages, a job that shows that jobs run."""

from __future__ import annotations

from django.apps import AppConfig


class OperatorConfig(AppConfig):
    """Its label is `operator`."""

    name = "deploy.operator"
    label = "operator"
    default_auto_field = "django.db.models.BigAutoField"
