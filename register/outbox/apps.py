"""Notices as a Django app of their own: who wishes to hear of what, and what was sent."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """Tables `outbox_…`."""

    name = "register.outbox"
    label = "outbox"
    default_auto_field = "django.db.models.BigAutoField"
