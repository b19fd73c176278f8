"""Who is an operator: a signed-in person with that membership; all others get words, not an action."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from federation.views.frame import answer_framed
from register.access.models import Membership
from register.access.roles import OPERATOR
from register.site.page import choose_language

View = Callable[..., HttpResponse]


def is_operator(request: HttpRequest) -> bool:
    """Tell whether who asks is signed in as an operator; asks nothing of the database for readers without a session."""
    if not request.user.is_authenticated:
        return False
    return Membership.objects.filter(user=request.user, role=OPERATOR).exists()


def operators_only(view: View) -> View:
    """Make a view that readers are led from to sign in, and that answers 403 in words to people of other roles."""

    @never_cache
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def guarded(request: HttpRequest, **parts: Any) -> HttpResponse:
        with translation.override(choose_language(request)):
            if not request.user.is_authenticated:
                return HttpResponseRedirect(f"/sign-in?next={quote(_come_back_to(request))}")
            if not is_operator(request):
                return answer_framed(request, "federation/forbidden.html", {}, 403)
            return view(request, **parts)

    return guarded


def answer_operator(request: HttpRequest, template: str, context: Mapping[str, Any], status: int = 200) -> HttpResponse:
    """Answer an operator with a page that says as whom they are signed in."""
    return answer_framed(request, template, {"operator": True, **context}, status)


def _come_back_to(request: HttpRequest) -> str:
    """Return where to go on after signing in: never into the middle of an action."""
    return request.path if request.method in ("GET", "HEAD") else "/federation"
