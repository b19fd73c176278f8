"""`/programmes/{id}`: one programme or micro-credential, described once, and who stands behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext, pgettext

from register.desk.elements import look_for_elements
from register.identifiers import NODE, Identifier
from register.moments import format_moment
from register.queries.credentials import list_batches
from register.queries.cuts import Cut
from register.queries.hearing import find_placed
from register.queries.single import read_history
from register.receipts import path_to_entry
from register.records import BatchRecord, ProgrammeRecord
from register.site.asked import THIS, hear, read_instants, write_instants
from register.site.dates import spell_day
from register.site.entries import find_older, read_entries
from register.site.names import order_names
from register.site.page import Context, page
from register.site.programme_chain import draw_chain
from register.site.reading import newest_checkpoint, read_directory
from register.site.recorder import cite, name_recorder
from register.site.standing import Instants, IssuerStanding, find_standing
from register.site.verdict import Verdict, reach_verdict
from register.site.words import label_field

_HISTORY = 50
_BATCHES: Final = 20
_MICRO: Final = ("micro-credential", None)
"""Types for which the elements of the EU standard on micro-credentials are told."""


@page("site/programme.html", "issuers", THIS)
def show_programme(request: HttpRequest, query: Mapping[str, Any], id: UUID) -> Context:
    """Show one programme at two instants."""
    instants = read_instants(query)
    programme, cut = find_placed("programme", str(id), hear(instants, query))
    first, *others = order_names(programme.titles)
    standings = [
        one
        for one in find_standing(Identifier(NODE, programme.issuer), instants, **_ask(programme))
        if one.register.origin == cut.origin
    ]
    sealers = [one.sealer for standing in standings for one in standing.register.mandates]
    batches = _read_batches(programme, cut)
    named = [one.record.issuer for one in batches.items]
    directory = read_directory([programme.issuer, *programme.awarding_bodies, *sealers, *named], cut.origin)
    history = read_history("programme", programme.id, cut, limit=_HISTORY)
    checkpoint = newest_checkpoint(cut.origin)
    return {
        "programme": programme,
        "first_name": first,
        "other_names": others,
        "fields": [label_field(code) for code in programme.isced_f],
        "verdict": _reach_verdict(programme, standings, instants),
        "chain": [link for one in standings[:1] for link in draw_chain(programme, one, directory, instants.at)],
        "elements": look_for_elements(asdict(programme)) if programme.credential_type in _MICRO else None,
        "batches": batches,
        "directory": directory,
        "history": read_entries([item.event for item in history.items], checkpoint),
        "older": find_older("programme", programme.id, history, cut.origin),
        "recorder": name_recorder(programme, cut),
        "cites": cite(cut.origin, programme.entries),
        "instants": instants,
        "size": cut.size,
        "dates": write_instants(instants),
        "asked_at": "" if instants.today else format_moment(instants.at)[:10],
        "today": format_moment(instants.now)[:10],
    }


@dataclass(frozen=True, slots=True)
class AnchoredBatch:
    """A batch of the programme, and the address of the page of its entry."""

    record: BatchRecord
    page: str


@dataclass(frozen=True, slots=True)
class AnchoredBatches:
    """The first batches of the programme, and whether there are more than are shown."""

    items: tuple[AnchoredBatch, ...]
    more: bool


def _read_batches(programme: ProgrammeRecord, cut: Cut) -> AnchoredBatches:
    found = list_batches(cut, limit=_BATCHES, programme=programme.id)
    told = (AnchoredBatch(one, path_to_entry(cut.origin, one.recorded.index)) for one in found.items)
    return AnchoredBatches(tuple(told), found.next is not None)


def _ask(programme: ProgrammeRecord) -> dict[str, Any]:
    """Return what to ask of the issuer's accreditations: that they cover this very programme."""
    asked = {"credential_type": programme.credential_type, "eqf_level": programme.eqf_level}
    field = programme.isced_f[0] if len(programme.isced_f) == 1 else None
    return {**asked, "isced_f": field, "programme": programme.id}


def _reach_verdict(programme: ProgrammeRecord, standings: list[IssuerStanding], instants: Instants) -> Verdict:
    when = gettext("today") if instants.today else gettext("on %(day)s") % {"day": spell_day(instants.at)}
    closure = programme.closure
    if closure is not None and closure.effective_from <= instants.at:
        day = spell_day(closure.effective_from)
        return Verdict("off", gettext("Closed on %(day)s") % {"day": day}, (), pgettext("programme", "closed"))
    if not programme.valid.holds(instants.at):
        return Verdict("off", gettext("Not offered %(when)s") % {"when": when}, (), gettext("not offered"))
    if not standings:
        return Verdict("off", gettext("Its issuer is not known here"), (), gettext("not known"))
    issuer = reach_verdict(standings[0])
    if standings[0].decision.decision == "trusted":
        return Verdict(issuer.tone, gettext("Accredited %(when)s") % {"when": when}, issuer.sentences[:1], issuer.short)
    headline = gettext("Not accredited %(when)s: %(why)s") % {"when": when, "why": issuer.short}
    return Verdict(issuer.tone, headline, issuer.sentences, issuer.short)
