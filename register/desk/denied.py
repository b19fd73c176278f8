"""Look-alikes as whoever approves a new issuer sees them: those that resemble it now, and what its author said of each.

The author answered "none of these" about the ones shown (`Draft.denied`, their addresses); one that came since is
marked, for nobody has looked at it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from register.desk.look_alikes import Candidate, LookAlike
from register.desk.models import Draft
from register.desk.near_issuers import find_look_alikes
from register.queries.cuts import resolve_cut
from register.site.names import Name, name_record

VERB = "register_issuer"


@dataclass(frozen=True, slots=True)
class Alike:
    """One look-alike: its name, the other register it is from (empty: ours), and whether the author denied it."""

    look: LookAlike
    name: Name
    origin: str
    denied: bool


def show_look_alikes(draft: Draft) -> list[Alike]:
    """Return the institutions that the one to be registered resembles; none for drafts about anything else."""
    if draft.verb != VERB:
        return []
    own = resolve_cut().origin
    found = find_look_alikes(candidate_of(draft.said))
    return [
        Alike(one, name_record(one.record), "" if one.origin == own else one.origin, one.record.url in draft.denied)
        for one in found
    ]


def candidate_of(terms: Mapping[str, Any]) -> Candidate:
    """Return what look-alikes are looked for by, of IssuerTerms as drafts keep them."""
    return Candidate(
        names=tuple(terms["names"].values()),
        country=terms.get("country") or "",
        acronym=terms.get("acronym") or "",
        website=terms.get("website") or "",
        identifiers=frozenset((one["scheme"], one["value"]) for one in terms.get("identifiers", ())),
    )
