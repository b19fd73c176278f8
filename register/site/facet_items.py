"""Choices of a facet as items of its list: words, and how many issuers each leaves.

Written here and not by a template: a search has up to a hundred of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.utils.safestring import SafeString, mark_safe

from register.site.facets import Option
from register.site.markup import escape, escape_unless_safe
from register.site.remembering import remember
from register.site.words import spell_count

_count: Final = remember(spell_count)


def write_options(options: Iterable[Option], capped: bool) -> SafeString:
    """Return the choices; with `capped` each number is a lower bound, and says so."""
    plus = "+" if capped else ""
    return mark_safe("\n".join(_write(option, plus) for option in options))


def _write(option: Option, plus: str) -> str:
    number = "" if option.number is None else f"{_count(option.number)}{plus}"
    words = f'<span>{escape_unless_safe(str(option.words))}</span> <span class="n">{number}</span>'
    return f'<li><a href="{escape(option.address)}">{words}</a></li>'
