"""Open data as a Django app of its own: exports that were made, and where they lie."""

from django.apps import AppConfig


class OpenDataConfig(AppConfig):
    """Tables `opendata_…`."""

    name = "register.opendata"
    label = "opendata"
    default_auto_field = "django.db.models.BigAutoField"
