"""What all pages share: strict queries, the JSON twin, the language, the words for what went wrong.

A page is a function that takes the request, its query as read, and the parts of its address, and returns the context
of its template, or a whole response. The same address gives JSON to whoever prefers it: what the API gives for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Final

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import resolve
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from ledger.errors import NotCovered, UnknownLog
from register.api.parameters import Parameter, read_query
from register.api.problems import answer_problem, explain
from register.errors import Busy, Conflict, NotFound, NotUnderstood
from register.site.asked import write_dates
from register.site.links import carrying
from register.site.reading import newest_checkpoint, read_register

TRANSLATED: Final = ("en", "fr", "de", "es", "it", "nl", "pl", "el")
"""Languages in which all texts exist; a reader of another one gets the first, and is told which it is."""

Context = Mapping[str, Any]
Show = Callable[..., Context | HttpResponseBase]
Twin = Callable[..., HttpResponseBase]
View = Callable[..., HttpResponseBase]


def page(
    template: str, section: str = "", parameters: Sequence[Parameter] = (), twin: Twin | None = None
) -> Callable[[Show], View]:
    """Make a view of a page; `twin` answers in JSON where the API has nothing at `/api/v1` and the same path."""

    def make(show: Show) -> View:
        @wraps(show)
        def view(request: HttpRequest, **parts: Any) -> HttpResponseBase:
            if prefers_json(request):
                response = _answer_json(request, twin, parameters, parts)
            else:
                with translation.override(choose_language(request)):
                    response = _answer_page(request, show, template, section, parameters, parts)
            patch_vary_headers(response, ["Accept"])
            # The header of the page names whoever is signed in.
            kept_by = "private, " if settings.SESSION_COOKIE_NAME in request.COOKIES else ""
            response.headers.setdefault("Cache-Control", f"{kept_by}no-cache")
            return response

        return require_safe(view)

    return make


def prefers_json(request: HttpRequest) -> bool:
    """Tell whether the client would rather have JSON than a page."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def choose_language(request: HttpRequest) -> str:
    """Return the language of the page: the reader's wish where all texts exist in it."""
    wished = translation.get_language_from_request(request).partition("-")[0]
    return wished if wished in TRANSLATED else TRANSLATED[0]


def _answer_json(
    request: HttpRequest, twin: Twin | None, parameters: Sequence[Parameter], parts: Mapping[str, Any]
) -> HttpResponseBase:
    try:
        if twin is not None:
            return twin(request, read_query(request, parameters), **parts)
        match = resolve(f"/api/v1{request.path}")
        response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        return response
    except Exception as error:  # the API's own table says what each means
        return answer_problem(explain(error), request)


def _answer_page(
    request: HttpRequest,
    show: Show,
    template: str,
    section: str,
    parameters: Sequence[Parameter],
    parts: Mapping[str, Any],
) -> HttpResponseBase:
    try:
        query = read_query(request, parameters)
        with carrying(write_dates(query)):
            found = show(request, query, **parts)
            if isinstance(found, HttpResponseBase):
                return found
            return render_page(request, template, {"section": section, **found})
    except NotUnderstood as error:
        told = {"section": section, "sentence": error.message, "field": error.field}
        return render_page(request, "site/not_understood.html", told, 400)
    except Conflict as error:
        told = {"section": section, "sentence": error.message, "field": error.field}
        return render_page(request, "site/not_understood.html", told, 409)
    except (NotFound, NotCovered, UnknownLog, Http404) as error:
        sentence = error.message if isinstance(error, NotFound) else ""
        return render_page(request, "site/not_found.html", {"section": section, "sentence": sentence}, 404)
    except Busy as error:
        response = render_page(request, "site/busy.html", {"section": section, "seconds": error.seconds}, 503)
        response["Retry-After"] = str(error.seconds)
        return response
    except (OperationalError, InterfaceError):
        response = render(request, "503.html", status=503)
        response["Retry-After"] = "5"
        return response


def render_page(request: HttpRequest, template: str, context: Context, status: int = 200) -> HttpResponse:
    """Render a page; what it says of the register itself takes two queries where the page has not asked already."""
    checkpoint = context["checkpoint"] if "checkpoint" in context else newest_checkpoint()
    node = context["node"] if "node" in context else read_register()
    named = {"checkpoint": checkpoint, "node": node, "title": node.name if node else gettext("A register")}
    response = render(request, template, {**context, **named, "origin": settings.ASSAY_ORIGIN}, status=status)
    response["Content-Language"] = translation.get_language() or TRANSLATED[0]
    return response
