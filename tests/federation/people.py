"""People who sign in on the pages of the federation: each with a membership of their own. All invented."""

from __future__ import annotations

from typing import Any

from django.test import Client

from tests.people import PASSWORD, make_member, sign_in

__all__ = ["PASSWORD", "as_operator", "make_person"]


def make_person(role: str, organisation: str = "", email: str = "") -> Any:
    """Return a person with a membership in a role, who signs in by e-mail and `PASSWORD`."""
    return make_member(role, organisation, email=email).user


def as_operator(**options: Any) -> Client:
    """Return the browser of an operator who has signed in."""
    client = Client(**options)
    sign_in(client, "operator")
    return client
