"""Remembering: what a pure function says in a language, kept in the process, since pages say the same again and again.

The key holds all that the words depend on: the arguments, which must be values, and the reader's language; catalogues
and vocabularies do not change while a process lives. The least recently asked for is forgotten first.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache, wraps
from typing import Any, Final, ParamSpec, TypeVar, cast

from django.utils import translation

from register.site.language import spoken

Asked = ParamSpec("Asked")
Said = TypeVar("Said")

MOST: Final = 2048
"""Answers that are kept of each function, of some hundred bytes each."""


def remember(function: Callable[Asked, Said]) -> Callable[Asked, Said]:
    """Keep what a function says, by its arguments and the language that is active."""

    @lru_cache(maxsize=MOST)
    def say(language: str | None, *args: Any, **named: Any) -> Said:
        return cast(Callable[..., Said], function)(*args, **named)

    @wraps(function)
    def ask(*args: Asked.args, **named: Asked.kwargs) -> Said:
        return say(spoken(), *args, **cast(dict[str, Hashable], named))

    return ask


gettext: Final = remember(translation.gettext)
"""Django's, remembered: for the constant texts of lists, which say the same ones ten times a page."""
