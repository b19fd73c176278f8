"""Texts within markup that is written by hand: as Django escapes them, without its detour for lazy texts.

A plain text takes half a microsecond instead of two or three, and an issuer's page has a hundred of them.
"""

from __future__ import annotations

import html
from typing import Any

from django.utils.html import conditional_escape


def escape(text: object) -> str:
    """Return a text escaped, whatever it is."""
    return html.escape(str(text))


def escape_unless_safe(text: Any) -> str:
    """Return a text escaped; what is markup already stays, as in templates."""
    return html.escape(text) if type(text) is str else conditional_escape(text)
