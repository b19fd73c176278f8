"""Sending files: whole or a range of bytes, with ETags, so that a broken download goes on where it broke.

RFC 9110, sections 13 (conditions) and 14 (ranges): one range a request; several, or one in another unit, are answered
with the whole file, as the RFC allows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Final

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseNotModified, StreamingHttpResponse

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_PIECE: Final = 64 * 1024

Response = HttpResponse | StreamingHttpResponse | FileResponse


class NotSatisfiable(ValueError):
    """The range asked for lies outside the file."""


def send_file(request: HttpRequest, path: Path, tag: str, media: str, cache: str) -> Response:
    """Answer with a file, a part of it, 304, or 416; raises FileNotFoundError."""
    status = path.stat()
    size, quoted = status.st_size, f'"{tag}"'
    headers = {
        "ETag": quoted,
        "Last-Modified": formatdate(status.st_mtime, usegmt=True),
        "Accept-Ranges": "bytes",
        "Cache-Control": cache,
        "Access-Control-Allow-Origin": "*",
        "Content-Type": media,
    }
    asked = request.headers.get("If-None-Match", "")
    if asked == "*" or quoted in [one.strip().removeprefix("W/") for one in asked.split(",")]:
        return HttpResponseNotModified(headers={k: v for k, v in headers.items() if k != "Content-Type"})
    try:
        part = read_range(request, quoted, headers["Last-Modified"], size)
    except NotSatisfiable:
        return HttpResponse(status=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    start, end = part or (0, size)
    headers["Content-Length"] = str(end - start)
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    pieces = _read(path, start, end) if request.method == "GET" else iter(())
    return StreamingHttpResponse(pieces, status=206 if part else 200, headers=headers)


def read_range(request: HttpRequest, tag: str, changed: str, size: int) -> tuple[int, int] | None:
    """Return the first byte asked for and the one after the last; None for the whole file. Raises NotSatisfiable."""
    match = _RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    condition = request.headers.get("If-Range", tag)
    if match is None or match[0] == "bytes=-" or condition not in (tag, changed):
        return None
    if not match[1]:  # the last so many bytes
        start, end = max(size - int(match[2]), 0), size
    else:
        start, end = int(match[1]), min(int(match[2]) + 1, size) if match[2] else size
        if match[2] and int(match[2]) < start:
            return None
    if start >= size or start >= end:
        raise NotSatisfiable
    return start, end


def _read(path: Path, start: int, end: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        left = end - start
        while left > 0:
            piece = file.read(min(_PIECE, left))
            if not piece:
                return
            left -= len(piece)
            yield piece
