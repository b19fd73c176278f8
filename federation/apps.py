"""The federation as a Django app."""

from django.apps import AppConfig


class FederationConfig(AppConfig):
    """Following, witnessing and comparing what other nodes say."""

    name = "federation"
