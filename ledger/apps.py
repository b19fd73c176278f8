"""The Django application that keeps the ledger."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """Logs of bytes: our own, which we append to, and the verified copies of our peers'."""

    name = "ledger"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks."""
        from ledger import checks  # noqa: F401  importing registers them
