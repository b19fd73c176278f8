"""Which pages of accounts are for whom: anybody, whoever is signed in, whoever proved it lately."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from urllib.parse import quote

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from register.access.acting import come_back_to
from register.access.signing_in import CONFIRMED, has_second_factor, is_proven
from register.site.language import speak
from register.site.page import choose_language

View = Callable[..., HttpResponse]
LATELY: Final = 1800
"""Seconds for which a proof of who one is suffices to change what one signs in with."""


def open_page(view: View) -> View:
    """Make a page for anybody, in the reader's language, never stored."""

    @never_cache
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def shown(request: HttpRequest, **parts: Any) -> HttpResponse:
        with speak(choose_language(request)):
            return view(request, **parts)

    return shown


def signed_in(view: View) -> View:
    """Make a page for whoever is signed in, in whatever role; others are led to sign in."""

    @open_page
    @wraps(view)
    def shown(request: HttpRequest, **parts: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return HttpResponseRedirect(f"/sign-in?next={quote(come_back_to(request, '/account'))}")
        return view(request, **parts)

    return shown


def confirmed(view: View) -> View:
    """Make a page for whoever proved lately who they are, second factor included; others are asked for it once more."""

    @signed_in
    @wraps(view)
    def shown(request: HttpRequest, **parts: Any) -> HttpResponse:
        if not is_proven(request) and has_second_factor(User.objects.get(pk=int(request.user.pk or 0))):
            return HttpResponseRedirect(f"/sign-in/second-factor?next={quote(come_back_to(request, '/account'))}")
        if time.time() - request.session.get(CONFIRMED, 0) > LATELY:
            return HttpResponseRedirect(f"/account/confirm?next={quote(come_back_to(request, '/account'))}")
        return view(request, **parts)

    return shown
