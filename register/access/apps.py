"""Access as a Django app of its own, so that its tables are no part of the read model and survive a rebuild."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Tables `access_…`."""

    name = "register.access"
    label = "access"
    default_auto_field = "django.db.models.BigAutoField"
