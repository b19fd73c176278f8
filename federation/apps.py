"""The federation as a Django app."""

from django.apps import AppConfig


class FederationConfig(AppConfig):
    """Following, witnessing and comparing what other nodes say."""

    name = "federation"

    def ready(self) -> None:
        """Register the system checks, and take part in the desk's drafts about peers."""
        from federation import checks  # noqa: F401  importing registers them
        from federation.deeds import take_part

        take_part()
