"""Operators on the pages of the federation."""

from __future__ import annotations

from typing import Any

from django.test import Client

from tests.people import sign_in


def as_operator(**options: Any) -> Client:
    """Return the browser of an operator who has signed in."""
    client = Client(**options)
    sign_in(client, "operator")
    return client
