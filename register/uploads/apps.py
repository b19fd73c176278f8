"""Bulk intake as a Django app of its own: files handed in, their rows, and what became of them."""

from django.apps import AppConfig


class UploadsConfig(AppConfig):
    """Tables `uploads_…`."""

    name = "register.uploads"
    label = "uploads"
    default_auto_field = "django.db.models.BigAutoField"
