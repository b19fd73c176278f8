"""The language that is spoken: Django's, with a copy beside it that takes a twentieth of the time to ask for.

A page asks for it some two hundred times, for each text and day it remembers. Whoever changes the language while
something is written does it by `speak`, never by Django's `override` or `activate`, which would leave the copy behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from django.utils import translation

_spoken: Final[ContextVar[str | None]] = ContextVar("language that is spoken", default=None)


@contextmanager
def speak(language: str) -> Iterator[None]:
    """Speak a language until the end of the block."""
    with translation.override(language):
        before = _spoken.set(translation.get_language())
        try:
            yield
        finally:
            _spoken.reset(before)


def spoken() -> str | None:
    """Return the code of the language that is spoken; None where translations are switched off."""
    return _spoken.get() or translation.get_language()
