"""The Django application that keeps the register."""

from django.apps import AppConfig


class RegisterConfig(AppConfig):
    """The read model of agencies, issuers and accreditations, and everything that answers from it."""

    name = "register"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks."""
        from register import checks  # noqa: F401  importing registers them
