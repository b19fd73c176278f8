"""Open data as a Django app of its own: exports are files, and what there is of them is what lies on the disk."""

from django.apps import AppConfig


class OpenDataConfig(AppConfig):
    """No tables."""

    name = "register.opendata"
    label = "opendata"
    default_auto_field = "django.db.models.BigAutoField"
