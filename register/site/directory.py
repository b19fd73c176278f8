"""Directory: names of the things that entries and records refer to by id, looked up together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from register.site.links import link_to, path_to
from register.site.names import Name
from register.trust import RegisterFacts


@dataclass(frozen=True, slots=True)
class Listed:
    """A thing of a kind that has pages, and the name to show."""

    kind: str
    name: Name


@dataclass(frozen=True, slots=True)
class Directory:
    """Id → thing; an id that is not listed is shown shortened. A link is written once, however often it is shown.

    `links` are those that are written already.
    """

    listed: Mapping[str, Listed] = field(default_factory=dict)
    links: dict[str, SafeString] = field(default_factory=dict, repr=False, compare=False)

    def knows(self, thing: str | None) -> bool:
        """Tell whether a thing has a name here."""
        return thing in self.links or thing in self.listed

    def link(self, thing: str | None) -> SafeString:
        """Return a link to a thing that shows its name."""
        if thing is None:
            return format_html("{}", "–")
        if not self.knows(thing):
            return format_html('<span class="mono">{}</span>', shorten_id(thing))
        if thing not in self.links:
            found = self.listed[thing]
            self.links[thing] = format_html('<a href="{}">{}</a>', path_to(found.kind, thing), found.name)
        return self.links[thing]


def link_known(register: RegisterFacts) -> dict[str, SafeString]:
    """Return links to the things that facts hold, by id; with them at hand nothing is asked for their names."""
    kinds: dict[str, Mapping[str, Any]] = {
        "agency": register.agencies,
        "issuer": register.issuers,
        "programme": register.programmes,
    }
    return {thing: link_to(kind, record) for kind, known in kinds.items() for thing, record in known.items()}


def shorten_id(thing: str) -> str:
    """Return the beginning and end of a long id or hash."""
    return thing if len(thing) <= 18 else f"{thing[:8]}…{thing[-6:]}"
