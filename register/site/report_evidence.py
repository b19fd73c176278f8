"""Evidence of a report as facts: names and values, whatever a check put there; entries of ledgers become links."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from register.receipts import path_to_entry
from register.sentences import Said
from register.site.telling import tell
from register.site.words import Words

_LABELS: Final[Mapping[str, Words]] = {
    "anchored_at": _("Proven to exist on"),
    "batch": _("Batch"),
    "certificate": _("Certificate"),
    "commitment": _("Commitment"),
    "controller": _("Whose key it is"),
    "cosigned_by": _("Countersigned by"),
    "created": _("Signed on, by its own words"),
    "entry": _("Entry"),
    "index": _("Entry"),
    "issuer": _("Issuer"),
    "keys": _("Key"),
    "list": _("Status list"),
    "name": _("Name"),
    "names": _("Names"),
    "organization_identifier": _("Identifier of the organisation"),
    "origin": _("Ledger"),
    "reason": _("Reason"),
    "root": _("Root"),
    "sha256": _("SHA-256"),
    "subject": _("Subject"),
    "suite": _("Way of signing"),
    "time": _("Time"),
    "timestamp": _("Trusted timestamp"),
    "valid_from": _("Valid from"),
    "valid_until": _("Valid until"),
    "authority": _("Authority"),
}
_MOST_LINES: Final = 20
_LONGEST: Final = 4_000
"""Characters shown of one value; the report as JSON has all of it."""


class Fact(NamedTuple):
    """A name and what is said under it."""

    label: Words
    value: Any


def list_evidence(evidence: Mapping[str, Any]) -> list[Fact]:
    """Return evidence as facts, in its own order; what is absent is left out."""
    entry = _link_entry(evidence)
    shown = [Fact(_("Entry"), entry)] if entry else []
    for name, value in evidence.items():
        if value in (None, "", [], {}) or (entry and name in ("origin", "index")):
            continue
        shown.append(Fact(_name(name), _spell(value)))
    return shown


def _link_entry(value: Mapping[str, Any]) -> SafeString | None:
    """Return a link to the entry that a value names by origin and index."""
    origin, index = value.get("origin"), value.get("index")
    if not isinstance(origin, str) or not isinstance(index, int) or isinstance(index, bool):
        return None
    words = gettext("entry %(index)s of %(origin)s") % {"index": index, "origin": origin}
    return format_html('<a href="{}">{}</a>', path_to_entry(origin, index), words)


def _spell(value: Any) -> SafeString:
    """Write a value: words, a link, a line for each of several, or JSON for what is nested deeper."""
    if isinstance(value, bool):
        return format_html("{}", gettext("yes") if value else gettext("no"))
    if isinstance(value, int | float):
        return format_html("{}", str(value))
    if isinstance(value, Said):
        return tell(value)
    if isinstance(value, str):
        return format_html('<bdi class="mono">{}</bdi>', _shorten(value))
    if isinstance(value, list) and len(value) <= _MOST_LINES and all(isinstance(one, str) for one in value):
        return format_html_join(SafeString("<br>"), '<bdi class="mono">{}</bdi>', ((_shorten(one),) for one in value))
    link = _link_entry(value) if isinstance(value, Mapping) else None
    if link is not None:
        return link
    if isinstance(value, Mapping) and value and not any(isinstance(one, Mapping) for one in value.values()):
        lines = ((_name(name), _spell(one)) for name, one in value.items() if one not in (None, "", []))
        return format_html_join(SafeString("<br>"), '<span class="soft">{}:</span> {}', lines)
    return format_html("<pre>{}</pre>", _shorten(json.dumps(value, indent=2, ensure_ascii=False, default=str)))


def _name(name: str) -> Words:
    return _LABELS.get(name) or str(name)[:60].replace("_", " ")


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
