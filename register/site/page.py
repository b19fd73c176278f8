"""What all pages share: strict queries, the JSON twin, the language, the words for what went wrong.

A page is a function that takes the request, its query as read, and the parts of its address, and returns the context
of its template, or a whole response. The same address gives JSON to whoever prefers it: what the API gives for it. Each
page links to that with all that was asked, at the API's address, or where it has none, at its own (`?format=json`).
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
from register.api.address import answer_absent
from register.api.parameters import Parameter, one_of, read_query
from register.api.problems import answer_problem, explain
from register.errors import Busy, Conflict, NotFound, NotUnderstood
from register.site.asked import THIS, write_dates
from register.site.language import speak
from register.site.links import carrying, with_query
from register.site.reading import newest_checkpoint, read_register

TRANSLATED: Final = ("en", "fr", "de", "es", "it", "nl", "pl", "el")
"""Languages in which all texts exist; a reader of another one gets the first, and is told which it is."""

JSON: Final = "json"
FORMAT: Final = Parameter("format", "JSON instead of a page.", one_of(JSON))

_OF_ONE: Final = frozenset(parameter.name for parameter in THIS)
_in_api: Final[dict[str, bool]] = {}
"""Route of a page → whether the API answers at the same path."""

Context = Mapping[str, Any]
Show = Callable[..., Context | HttpResponseBase]
Twin = Callable[..., HttpResponseBase]
View = Callable[..., HttpResponseBase]


def page(
    template: str, section: str = "", parameters: Sequence[Parameter] = (), twin: Twin | None = None
) -> Callable[[Show], View]:
    """Make a view of a page; `twin` answers in JSON where the API has nothing at `/api/v1` and the same path."""

    asked = (*parameters, FORMAT) if twin is not None else tuple(parameters)

    def make(show: Show) -> View:
        @wraps(show)
        def view(request: HttpRequest, **parts: Any) -> HttpResponseBase:
            if prefers_json(request):
                response = _answer_json(request, twin, asked, parts)
            else:
                with speak(choose_language(request)):
                    response = _answer_page(request, show, template, section, asked, parts)
            patch_vary_headers(response, ["Accept"])
            # The header of the page names whoever is signed in.
            kept_by = "private, " if settings.SESSION_COOKIE_NAME in request.COOKIES else ""
            response.headers.setdefault("Cache-Control", f"{kept_by}no-cache")
            return response

        return require_safe(view)

    return make


def prefers_json(request: HttpRequest) -> bool:
    """Tell whether the client would rather have JSON than a page: it says so, or followed the link to it."""
    if request.GET.get("format") == JSON:
        return True
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
            query = read_query(request, parameters)
            query.pop(FORMAT.name, None)
            return twin(request, query, **parts)
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
            twin = find_twin(request, query, FORMAT in parameters, parts)
            return render_page(request, template, {"section": section, "as_json": twin, **found})
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


def find_twin(request: HttpRequest, query: Mapping[str, Any], own: bool, parts: Mapping[str, Any]) -> str:
    """Return the address of the same in JSON, with what was asked; empty where there is none.

    `own`: the page answers itself. Of one thing the API takes the dates and the register, and nothing of its lists.
    """
    kept = [name for name in query if own or not parts or name in _OF_ONE]
    written = {name: request.GET[name] for name in kept if name != FORMAT.name}
    if own:
        return with_query(request.path, **written, format=JSON)
    return with_query(f"/api/v1{request.path}", **written) if _is_in_api(request) else ""


def _is_in_api(request: HttpRequest) -> bool:
    """Tell whether the API answers at the path of a page; asked once for each route."""
    route = request.resolver_match.route if request.resolver_match else ""
    if route not in _in_api:
        # Whatever begins so and is no address of the API leads to its own answer that there is none.
        _in_api[route] = resolve(f"/api/v1{request.path}").func is not answer_absent
    return _in_api[route]


def render_page(request: HttpRequest, template: str, context: Context, status: int = 200) -> HttpResponse:
    """Render a page; what it says of the register itself takes two queries where the page has not asked already."""
    checkpoint = context["checkpoint"] if "checkpoint" in context else newest_checkpoint()
    node = context["node"] if "node" in context else read_register()
    named = {"checkpoint": checkpoint, "node": node, "title": node.name if node else gettext("A register")}
    response = render(request, template, {**context, **named, "origin": settings.ASSAY_ORIGIN}, status=status)
    response["Content-Language"] = translation.get_language() or TRANSLATED[0]
    return response
