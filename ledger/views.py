"""The ledger over HTTP: bytes for monitors, witnesses and verifiers (C2SP tlog-tiles, tlog-proof).

Our own log by default; `origin` selects a mirrored one, for whoever routes its address here. No session, no cookie,
open to every origin: these are public bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from ledger.errors import NotCovered, UnknownLog
from ledger.reader import latest_checkpoint, read_receipts
from ledger.tile_files import read_tile_file
from ledger.tlog.errors import TileMalformed
from ledger.tlog.lines import decode_decimal
from ledger.tlog.tiles import parse_tile_path

TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"
FOREVER = "public, max-age=31536000, immutable"
FRESH = "no-cache"

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def public_bytes(view: View[P]) -> View[P]:
    """Answer GET and HEAD alone, say in a sentence what is not there (404), and let every web page read the answer."""

    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except (NotCovered, UnknownLog, TileMalformed) as error:
            response = HttpResponse(f"{error}\n", status=404, content_type=TEXT, headers={"Cache-Control": "no-store"})
        response["Access-Control-Allow-Origin"] = "*"
        return response

    return require_safe(answer)


@public_bytes
def checkpoint(request: HttpRequest, origin: str | None = None) -> HttpResponse:
    """The newest signed checkpoint, never from a cache: an old one looks like a log that stands still."""
    head = latest_checkpoint(origin or settings.ASSAY_ORIGIN)
    return HttpResponse(head.note, content_type=TEXT, headers={"Cache-Control": FRESH})


@public_bytes
def tile(request: HttpRequest, path: str, origin: str | None = None) -> HttpResponse:
    """A tile or entry bundle; `path` is what follows `tile/`. A tile never changes, so caches may keep it for ever."""
    data = read_tile_file(origin or settings.ASSAY_ORIGIN, parse_tile_path(f"tile/{path}"))
    return HttpResponse(data, content_type=BYTES, headers={"Cache-Control": FOREVER})


@public_bytes
def receipt(request: HttpRequest, index: str, origin: str | None = None) -> HttpResponse:
    """The receipt of an entry under the newest checkpoint, as tlog-proof text."""
    try:
        number = decode_decimal(index)
    except ValueError as error:
        raise NotCovered(f"receipts are numbered from 0: {error}") from error
    text = read_receipts(origin or settings.ASSAY_ORIGIN, [number])[number]
    return HttpResponse(text, content_type=TEXT, headers={"Cache-Control": FRESH})
