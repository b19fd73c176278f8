"""Directory: names of the things that entries and records refer to by id, looked up together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.html import format_html
from django.utils.safestring import SafeString

from register.site.links import path_to
from register.site.names import Name


@dataclass(frozen=True, slots=True)
class Listed:
    """A thing of a kind that has pages, and the name to show."""

    kind: str
    name: Name


@dataclass(frozen=True, slots=True)
class Directory:
    """Id → thing; an id that is not listed is shown shortened. A link is written once, however often it is shown."""

    listed: Mapping[str, Listed] = field(default_factory=dict)
    _links: dict[str, SafeString] = field(default_factory=dict, init=False, repr=False, compare=False)

    def link(self, thing: str | None) -> SafeString:
        """Return a link to a thing that shows its name."""
        if thing is None:
            return format_html("{}", "–")
        if thing not in self._links:
            self._links[thing] = self._write(thing)
        return self._links[thing]

    def _write(self, thing: str) -> SafeString:
        found = self.listed.get(thing)
        if found is None:
            return format_html('<span class="mono">{}</span>', shorten_id(thing))
        return format_html('<a href="{}">{}</a>', path_to(found.kind, thing), found.name)


def shorten_id(thing: str) -> str:
    """Return the beginning and end of a long id or hash."""
    return thing if len(thing) <= 18 else f"{thing[:8]}…{thing[-6:]}"
