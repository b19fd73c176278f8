"""People who sign in: each with a membership of their own. All invented."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.test import Client

from register.access.models import Membership

PASSWORD = "correct horse battery"


def make_person(role: str, organisation: str = "", email: str = "") -> Any:
    """Return a person with a membership in a role, who signs in by e-mail and `PASSWORD`."""
    name = email or f"{role}@nl.example"
    person = get_user_model().objects.create_user(name, name, PASSWORD)
    Membership.objects.create(user=person, role=role, organisation=organisation)
    return person


def as_operator(**options: Any) -> Client:
    """Return the browser of an operator who has signed in."""
    client = Client(**options)
    client.force_login(make_person("operator"))
    return client
