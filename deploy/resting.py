"""A page while the database is away, whichever page was asked for; programs get what their own answers say."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string

log = logging.getLogger(__name__)

AGAIN: Final = 5
"""Seconds after which to ask again."""

FAULTS: Final = (OperationalError, InterfaceError)
"""What a database that is away, full or restarts makes of a query."""


class DatabaseAway:
    """Answer 503 in words, with `Retry-After`, where a page that cannot reach the database would answer 500."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Say that the register rests; without the reader's name, which stands in the database, too."""
        if not isinstance(exception, FAULTS):
            return None
        # A deadlock or a full disk is another matter than a server that is away. Its words may hold data.
        log.warning("the database fails a request: %s", type(exception.__cause__ or exception).__name__)
        if request.get_preferred_type(["application/json", "text/html"]) != "text/html":
            return None
        response = HttpResponse(render_to_string("503.html"), status=503)
        response["Retry-After"] = str(AGAIN)
        return response


def write_page(request: HttpRequest, template: str, context: Mapping[str, Any]) -> str:
    """Return a page made outside the views; without the reader's name while the database that knows it is away."""
    try:
        return render_to_string(template, context, request)
    except FAULTS:
        return render_to_string(template, {**context, "request": request})
