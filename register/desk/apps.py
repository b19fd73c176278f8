"""The desk as a Django app of its own: drafts and the rules of four eyes are no part of the read model."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    """Tables `desk_…`."""

    name = "register.desk"
    label = "desk"
    default_auto_field = "django.db.models.BigAutoField"
