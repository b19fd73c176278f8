"""Refusals of the node itself, whatever the page: in words for people, as problem+json (RFC 9457) for programs."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils import translation

from deploy.limits import problem
from deploy.resting import write_page
from register.site.language import speak
from register.site.page import choose_language

_PAGES: Final = {429: "429.html", 503: "site/sending.html"}
_DETAILS: Final = {
    429: "Too many requests; try again in {seconds} s.",
    503: "Other downloads are being sent at the moment; try again in {seconds} s.",
}


def refuse(request: HttpRequest, status: int, code: str, seconds: int) -> HttpResponse:
    """Say that it is too much at the moment, and after how many seconds to ask again; needs no database."""
    if request.get_preferred_type(["application/json", "text/html"]) == "text/html":
        with speak(choose_language(request)):
            response = HttpResponse(write_page(request, _PAGES[status], {"seconds": seconds}), status=status)
            response["Content-Language"] = translation.get_language() or "en"
    else:
        response = problem(status, code, _DETAILS[status].format(seconds=seconds))
    response["Retry-After"] = str(seconds)
    response["Cache-Control"] = "no-store"
    return response
