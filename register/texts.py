"""Texts that strangers write, checked where they are read: no control or hidden characters, no odd addresses.

Refused are the C0 and C1 controls, line and paragraph separators, the embeddings, overrides and isolates of the
bidirectional algorithm (they let a name show as another: Unicode TR 36), the byte order mark, annotation marks,
non-characters, tags and lone surrogates. Listed by code point, so that every Python judges an entry alike.
"""

from __future__ import annotations

import re
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints

from register.sentences import say

_HIDDEN = (
    "\\x7f-\\x9f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069\\ufeff\\ufff9-\\ufffb\\ufffe\\uffff"
    "\\ud800-\\udfff\\U000e0000-\\U000e007f"
)
_NOT_IN_LINE: Final = re.compile(f"[\\x00-\\x1f{_HIDDEN}]")
_NOT_IN_TEXT: Final = re.compile(f"[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f{_HIDDEN}]")
_PLAIN_ADDRESS: Final = re.compile(r"https?://[a-z0-9][a-z0-9.-]*(?:/[A-Za-z0-9/._~%?&=,;:@+#!$'()*-]*)?")
"""Most addresses: they need no taking apart."""
_NOT_IN_ADDRESS: Final = re.compile(f'[\\s<>"\\\\^`{{|}}\\x00-\\x1f{_HIDDEN}]')


def check_line(text: str) -> str:
    """Return one line of text; raise ValueError for line breaks, control and hidden characters."""
    return _refuse(_NOT_IN_LINE, text)


def check_text(text: str) -> str:
    """Return text of several lines; raise ValueError for control and hidden characters other than tab and breaks."""
    return _refuse(_NOT_IN_TEXT, text)


def _refuse(pattern: re.Pattern[str], text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    found = pattern.search(text)
    if found:
        sign = f"U+{ord(found[0]):04X}"
        raise ValueError(say("expected text without control or hidden characters, got {sign}; remove it", sign=sign))
    return text


def check_url(text: str) -> str:
    """Return an http or https address with a host and without credentials; raise ValueError otherwise."""
    if _PLAIN_ADDRESS.fullmatch(text):
        return text
    try:
        parts = urlsplit(text)
        sound = bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        sound = False
    if not sound or parts.scheme not in ("http", "https") or _NOT_IN_ADDRESS.search(text):
        got = repr(text[:80])
        raise ValueError(say("expected a web address such as https://www.example.org, got {got}", got=got))
    return text


Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500, strip_whitespace=True, strict=True),
    AfterValidator(check_line),
]
LongText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=5000, strip_whitespace=True, strict=True),
    AfterValidator(check_text),
]
Url = Annotated[str, StringConstraints(min_length=8, max_length=2000, strict=True), AfterValidator(check_url)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$", strict=True)]
Language = Annotated[
    str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$", max_length=30, strict=True)
]
Names = Annotated[dict[Language, Text], Field(min_length=1, max_length=60)]
