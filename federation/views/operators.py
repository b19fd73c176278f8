"""Who is an operator: a signed-in person acting as one (register.access.acting); others get words, not an action."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from federation.views.frame import answer_framed
from register.access.acting import Acting, acting_of, needs
from register.access.roles import OPERATOR

View = Callable[..., HttpResponse]


def is_operator(request: HttpRequest) -> bool:
    """Tell whether who asks acts as an operator; asks nothing of the database for readers without a session."""
    acting = acting_of(request)
    return acting is not None and acting.role == OPERATOR and acting.secured


def operators_only(view: View) -> View:
    """Make a view that readers are led from to sign in, and that answers 403 in words to people of other roles.

    The view gets who acts as `acting`.
    """

    @needs(OPERATOR, home="/federation")
    @wraps(view)
    def guarded(request: HttpRequest, acting: Acting, **parts: Any) -> HttpResponse:
        return view(request, acting=acting, **parts)

    return guarded


def answer_operator(request: HttpRequest, template: str, context: Mapping[str, Any], status: int = 200) -> HttpResponse:
    """Answer an operator with a page that says as whom they are signed in."""
    return answer_framed(request, template, {"operator": True, **context}, status)
