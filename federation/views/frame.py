"""The frame of pages that are not read-only: the same header and footer as the site's, never stored by anybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext

from register.site.page import TRANSLATED
from register.site.reading import newest_checkpoint, read_register


def frame() -> dict[str, Any]:
    """Return what the site's frame says of the register itself."""
    node = read_register()
    return {
        "section": "federation",
        "node": node,
        "checkpoint": newest_checkpoint(),
        "title": node.name if node else gettext("A register"),
    }


def answer_framed(request: HttpRequest, template: str, context: Mapping[str, Any], status: int = 200) -> HttpResponse:
    """Answer with a page inside the site's frame."""
    response = render(request, template, {**frame(), **context}, status=status)
    response["Content-Language"] = translation.get_language() or TRANSLATED[0]
    response["Cache-Control"] = "no-store"
    return response
