"""The frame of the account's pages: their side navigation, and the person they are about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from register.access.acting import acting_of
from register.site.page import render_page

PLACES: Final = (
    ("account", "/account", _("Account")),
    ("second-factor", "/account/second-factor", _("Second factor")),
    ("password", "/account/password", _("Password")),
    ("sessions", "/account/sessions", _("Sessions")),
    ("tokens", "/account/tokens", _("Tokens for programs")),
)
"""Code, address and words of the account's pages."""


def answer_account(request: HttpRequest, template: str, context: Mapping[str, Any], status: int = 200) -> HttpResponse:
    """Answer with a page of the account; `place` in the context says which one."""
    return render_page(request, template, {"places": PLACES, "acting": acting_of(request), **context}, status)


def person_of(request: HttpRequest) -> User:
    """Return the person who is signed in, as read from the database."""
    return User.objects.get(pk=int(request.user.pk or 0))
