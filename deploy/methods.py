"""A page for whoever opens an address that only takes forms: decorators of Django answer 405 with nothing at all."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render


class MethodPages:
    """Put words into an empty 405 for a browser; what else an answer says stays as it is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        response = self.get_response(request)
        if response.status_code != 405 or not isinstance(response, HttpResponse) or response.content:
            return response
        if request.get_preferred_type(["text/plain", "text/html"]) == "text/html":
            page = render(request, "405.html")
            response.content = page.content
            response["Content-Type"] = page["Content-Type"]
        return response
