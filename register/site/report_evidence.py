"""Evidence of a report as facts: names and values, whatever a check put there; entries of ledgers become links."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from register.credentials.wording import find_reason
from register.moments import parse_moment
from register.receipts import path_to_entry
from register.sentences import Said
from register.site.dates import mark_day, mark_instant
from register.site.telling import tell
from register.site.words import Words, spell_count

_LABELS: Final[Mapping[str, Words]] = {
    "anchored_at": _("Proven to exist on"),
    "batch": _("Batch"),
    "certificate": _("Certificate"),
    "chain": _("Blockchain"),
    "code": _("Code"),
    "commitment": _("Commitment"),
    "controller": _("Whose key it is"),
    "cosigned_by": _("Countersigned by"),
    "created": _("Signed on, by its own words"),
    "entry": _("Entry"),
    "identifier": _("Identifier"),
    "index": _("Entry"),
    "issuer": _("Issuer"),
    "keys": _("Key"),
    "list": _("Status list"),
    "merkle_root": _("Root"),
    "message": _("Message of the issuer"),
    "name": _("Name"),
    "names": _("Names"),
    "network": _("Network"),
    "organization_identifier": _("Identifier of the organisation"),
    "origin": _("Ledger"),
    "parameter": _("Part of the header"),
    "reason": _("Reason"),
    "recorded_at": _("Recorded"),
    "root": _("Root"),
    "sealed_by": _("Sealed by"),
    "sha256": _("SHA-256"),
    "steps": _("Steps of the path"),
    "subject": _("Subject"),
    "suite": _("Way of signing"),
    "time": _("Time"),
    "target_hash": _("Hash of the certificate"),
    "timestamp": _("Trusted timestamp"),
    "transaction": _("Transaction"),
    "trusted_authority": _("Trusted authority"),
    "type": _("Type"),
    "valid_from": _("Valid from"),
    "valid_until": _("Valid until"),
    "authority": _("Authority"),
}
_INSTANTS: Final = frozenset({"anchored_at", "created", "recorded_at", "time", "valid_from", "valid_until"})
_FOR_PROGRAMS: Final = frozenset({"link"})
"""What programs need to tell findings apart, and its sentence says already."""

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
        if value in (None, "", [], {}) or name in _FOR_PROGRAMS or (entry and name in ("origin", "index")):
            continue
        shown.append(Fact(_name(name), _spell_named(name, value)))
    return shown


def _link_entry(value: Mapping[str, Any]) -> SafeString | None:
    """Return a link to the entry that a value names by origin and index."""
    origin, index = value.get("origin"), value.get("index")
    if not isinstance(origin, str) or not isinstance(index, int) or isinstance(index, bool):
        return None
    words = gettext("entry %(index)s of %(origin)s") % {"index": spell_count(index), "origin": origin}
    return format_html('<a href="{}">{}</a>', path_to_entry(origin, index), words)


def _spell_named(name: str, value: Any) -> SafeString:
    """Write a value as its name asks for: instants as the reader writes them, reasons by their labels."""
    if name in _INSTANTS and isinstance(value, str):
        return _mark_instant(value) or _spell(value)
    if name == "reason" and isinstance(value, str):
        return tell(Said("{reason}", {"reason": find_reason(value)}))
    return _spell(value)


def _mark_instant(text: str) -> SafeString | None:
    """Return an instant as markup; None for what a stranger wrote that is none."""
    try:
        moment = parse_moment(text)
    except ValueError:
        return None
    return mark_day(moment) if len(text) == len("2026-06-01") else mark_instant(moment)


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
        lines = ((_name(name), _spell_named(name, one)) for name, one in value.items() if one not in (None, "", []))
        return format_html_join(SafeString("<br>"), '<span class="soft">{}:</span> {}', lines)
    return format_html("<pre>{}</pre>", _shorten(json.dumps(value, indent=2, ensure_ascii=False, default=str)))


def _name(name: str) -> Words:
    return _LABELS.get(name) or str(name)[:60].replace("_", " ")


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
