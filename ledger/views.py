"""The ledger over HTTP: bytes for monitors, witnesses and verifiers (C2SP tlog-tiles, tlog-proof).

Our own log by default; `origin` selects a mirrored one, for whoever routes its address here. No session, no cookie,
open to every origin: these are public bytes.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from ledger.errors import NotCovered, UnknownLog
from ledger.reader import latest_checkpoint, read_receipts
from ledger.tile_files import read_tile_file
from ledger.tlog.errors import TileMalformed
from ledger.tlog.lines import decode_decimal
from ledger.tlog.tiles import ENTRIES, parse_tile_path

TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"
FOREVER = "public, max-age=31536000, immutable"
FRESH = "no-cache"
GZIP_LEVEL = 4
"""A tenth larger than what the default level makes of entries, in less than half the time."""

ACCEPTS_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))", re.IGNORECASE)

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
    named = parse_tile_path(f"tile/{path}")
    response = HttpResponse(
        read_tile_file(origin or settings.ASSAY_ORIGIN, named), content_type=BYTES, headers={"Cache-Control": FOREVER}
    )
    if named.level == ENTRIES:
        pack(request, response)
    return response


def pack(request: HttpRequest, response: HttpResponse) -> None:
    """Compress an answer for whoever accepts gzip: entries are JSON that repeats itself, hashes are noise."""
    patch_vary_headers(response, ["Accept-Encoding"])
    if ACCEPTS_GZIP.search(request.headers.get("Accept-Encoding", "")):
        response.content = gzip.compress(response.content, GZIP_LEVEL, mtime=0)
        response["Content-Encoding"] = "gzip"


@public_bytes
def receipt(request: HttpRequest, index: str, origin: str | None = None) -> HttpResponse:
    """The receipt of an entry under the newest checkpoint, as tlog-proof text."""
    try:
        number = decode_decimal(index)
    except ValueError as error:
        raise NotCovered(f"receipts are numbered from 0: {error}") from error
    text = read_receipts(origin or settings.ASSAY_ORIGIN, [number])[number]
    return HttpResponse(text, content_type=TEXT, headers={"Cache-Control": FRESH})
