"""What all addresses of the API share: problems, strict queries, JSON answers, CORS for reading.

An address is a DRF view whose class attributes say what it takes and gives; the API's document is written from the
same attributes (register/api/description.py).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from register.access.models import Token
from register.api.bodies import BODY_LIMIT
from register.api.limits import ReadLimit
from register.api.parameters import Parameter, read_query
from register.api.problems import answer_problem, explain

REVALIDATE: Final = "no-cache"
"""A cache may keep the answer and must ask, with its ETag, whether it still holds."""


class Address(APIView):
    """One address: what it takes and gives, by method where that differs.

    `body` is that of a POST in JSON, `bodies` are those by media type where it takes others, and query parameters with
    them. `answers` are JSON Schemas, models or types; `statuses` the status of success where it is not 200;
    `problems` the statuses beside those that every address may answer. `same_media` are further media types of the
    same JSON, `other_media` those of other answers.
    """

    permission_classes: Sequence[Any] = (AllowAny,)
    parameters: ClassVar[Sequence[Parameter]] = ()
    throttle_classes: Sequence[Any] = (ReadLimit,)
    tag: ClassVar[str] = "register"
    answers: ClassVar[Mapping[str, Any]] = {}
    statuses: ClassVar[Mapping[str, int]] = {}
    same_media: ClassVar[Sequence[str]] = ()
    other_media: ClassVar[Sequence[str]] = ()
    path_schemas: ClassVar[Mapping[str, Any]] = {}
    body: ClassVar[Any] = None
    bodies: ClassVar[Mapping[str, Any]] = {}
    problems: ClassVar[Sequence[int]] = ()
    body_limit: ClassVar[int] = BODY_LIMIT

    def query(self, request: Request) -> dict[str, Any]:
        """Return the declared query parameters that were given, read."""
        return read_query(request._request, self.parameters)

    def options(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:  # type: ignore[override]
        """Answer a CORS preflight or a question for methods with 204."""
        methods = ", ".join(self.allowed_methods)
        headers = {"Allow": methods, "Access-Control-Allow-Methods": "GET, HEAD", "Access-Control-Max-Age": "86400"}
        return HttpResponse(status=204, headers=headers)

    def finalize_response(  # type: ignore[override]
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Let pages of any origin read; tokens travel in a header that no browser adds by itself."""
        if request.method in ("GET", "HEAD", "OPTIONS"):
            response["Access-Control-Allow-Origin"] = "*"
        return response


def token_of(request: Request) -> Token:
    """Return the token a request brought; call it where a permission class has asked for one."""
    assert isinstance(request.auth, Token)
    return request.auth


def write_json(data: Any) -> bytes:
    """Write an answer as UTF-8 JSON."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def answer_json(
    data: Any, status: int = 200, headers: Mapping[str, str] | None = None, cache: str = "no-store"
) -> HttpResponse:
    """Answer with JSON that is not to be kept, unless `cache` says otherwise."""
    body = data if isinstance(data, bytes) else write_json(data)
    named = {"Cache-Control": cache, **(headers or {})}
    return HttpResponse(body, status=status, content_type="application/json", headers=named)


def answer_current(request: Request, data: Any, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Answer a read with an ETag of its content; 304 when the client has that very content (RFC 9110, 13.1.2)."""
    body = data if isinstance(data, bytes) else write_json(data)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    named = {"ETag": tag, "Cache-Control": REVALIDATE, **(headers or {})}
    if tag in request.headers.get("If-None-Match", ""):
        return HttpResponse(status=304, headers=named)
    return answer_json(body, headers=named, cache=REVALIDATE)


@csrf_exempt
def answer_absent(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Answer 404 as a problem at addresses below /api that do not exist, whatever the method."""
    return answer_problem(explain(Http404()), request)
