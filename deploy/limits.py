"""Bodies larger than the node accepts are refused before anything reads them.

Files of imports may be larger than anything else: of whoever brings a session along they go to the disk, never into
memory, and only there.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse, parse_cookie
from django.shortcuts import render


class BodyLimit:
    """Middleware: 413 as problem+json (RFC 9457), to browsers as a page; 400 where the length is no number.

    A body without a declared length is read as empty by WSGI, so the declaration is what counts.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:  # noqa: D102  the protocol of a middleware
        declared = request.META.get("CONTENT_LENGTH") or "0"
        if not (declared.isascii() and declared.isdecimal()):
            return problem(400, "length_not_understood", "Content-Length must be a whole number of bytes.")
        if int(declared) > (limit := most_for(request.META)):
            if request.get_preferred_type(["application/json", "text/html"]) == "text/html":
                return render(request, "413.html", {"megabytes": limit // 2**20}, status=413)
            return problem(413, "too_large", f"The body has {int(declared)} bytes; at most {limit} are accepted.")
        if int(declared) > settings.ASSAY_MAX_BODY_BYTES:
            request.upload_handlers = [TemporaryFileUploadHandler(request)]
        return self.get_response(request)


def most_for(environ: Mapping[str, Any]) -> int:
    """Return how many bytes the body of a request may have, given its WSGI environment."""
    most: int = settings.ASSAY_MAX_BODY_BYTES
    larger = settings.ASSAY_LARGE_BODIES.get(environ.get("PATH_INFO", ""), 0)
    if larger <= most or environ.get("REQUEST_METHOD") != "POST":
        return most
    return larger if _is_signed_in(environ.get("HTTP_COOKIE", "")) else most


def _is_signed_in(cookies: str) -> bool:
    """Tell whether a cookie is that of a person's session: anybody can send one, and fill the disk with it."""
    key = parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME)
    try:
        return key is not None and SESSION_KEY in SessionStore(key)
    except DatabaseError:
        return False


def problem(status: int, code: str, detail: str) -> HttpResponse:
    """Return an RFC 9457 answer with the register's `code` member."""
    body = {"type": "about:blank", "title": code.replace("_", " "), "status": status, "code": code, "detail": detail}
    return JsonResponse(body, status=status, content_type="application/problem+json")
