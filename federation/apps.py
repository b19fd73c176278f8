"""The federation as a Django app."""

from django.apps import AppConfig


class FederationConfig(AppConfig):
    """Following, witnessing and comparing what other nodes say."""

    name = "federation"

    def ready(self) -> None:
        """Register the system checks."""
        from federation import checks  # noqa: F401  importing registers them
