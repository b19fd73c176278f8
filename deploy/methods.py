"""A page for whoever opens an address that only takes forms: decorators of Django answer 405 with nothing at all."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from deploy.resting import write_page


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
            response.content = write_page(request, "405.html", {}).encode()
            response["Content-Type"] = "text/html; charset=utf-8"
        return response
