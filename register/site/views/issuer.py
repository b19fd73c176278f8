"""`/issuers/{id}`: how an issuer stands, what that rests on, and everything that ever held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from ledger.logs import SignedCheckpointRow
from register.errors import NotFound, NotUnderstood
from register.identifiers import NODE, Identifier, parse_identifier
from register.moments import format_moment
from register.queries.cuts import Cut
from register.queries.hearing import Placed, find_all_placed, find_placed, place_page
from register.queries.identity import Rival, find_rivals
from register.queries.lists import find_named
from register.queries.single import read_history
from register.records import IssuerRecord, KeyRecord, RelationRecord
from register.sentences import say
from register.site.accreditation_rows import AccreditationRow, find_ends, show_contribution, show_uncounted
from register.site.asked import THIS, hear, read_instants, write_instants
from register.site.changes import stand_key
from register.site.cosignatures import list_signers
from register.site.directory import link_known
from register.site.entries import find_older, read_entries
from register.site.links import path_to, with_query
from register.site.names import order_names
from register.site.page import Context, page
from register.site.reading import MOST_MANDATES, MOST_PROGRAMMES, read_directory, read_surroundings
from register.site.recorder import Cited, Recorder, cite, link_entries, name_register
from register.site.standing import Instants, IssuerStanding, OtherRecord, find_standing
from register.site.timeline import MOST_ROWS, NARROW, WIDE, draw
from register.site.timeline_svg import label_rows, write_drawing, write_legend
from register.site.verdict import reach_verdict
from register.site.words import Standing
from register.trust.identity import Also
from register.trust.lineage import read_succession

_HISTORY = 40
_OTHERS_ROWS = 40
"""Accreditations shown of another register's record: whoever claims our institution may grant it any number of them."""


@dataclass(frozen=True, slots=True)
class ShownOther:
    """Another register's record: its accreditations, `more` of them not shown, its entries, whether it contradicts."""

    also: Also
    recorder: Recorder | None
    rows: list[AccreditationRow]
    more: int
    cites: list[Cited]
    contradicts: bool


@dataclass(frozen=True, slots=True)
class ShownKey:
    """A key, how it stands at the instant shown, and who else claims it."""

    record: KeyRecord
    standing: Standing
    rivals: list[Rival]


@dataclass(frozen=True, slots=True)
class ShownRelation:
    """A relation as seen from one of its two ends."""

    record: RelationRecord
    other: IssuerRecord | None
    from_here: bool
    current: bool


@page("site/issuer.html", "issuers", THIS)
def show_issuer(request: HttpRequest, query: Mapping[str, Any], id: UUID) -> Context | HttpResponse:
    """Show one institution at two instants: the record that leads, ours or a peer's, and what others record of it."""
    instants = read_instants(query)
    found = find_leading(str(id), query, instants)
    if not found:
        raise NotFound("not_found", "", say("The register knew no issuer with this id then."))
    if len(found) > 1:
        return HttpResponseRedirect(with_query("/issuers", q=str(id), **write_instants(instants)))
    standing = found[0]
    checkpoint = standing.checkpoint
    if checkpoint is None:
        raise NotFound("not_found", "", say("The register has not signed its ledger yet."))
    cut = Cut(checkpoint.log_id, standing.register.origin, standing.register.size, newest=False)
    history = read_history("issuer", standing.issuer.id, cut, limit=_HISTORY)
    # An earlier knowledge of the register shows its entries with the names of today.
    known = None if instants.pinned else link_known(standing.register)
    return {
        **_describe(standing, checkpoint),
        **_surround(standing, cut),
        "history": read_entries([item.event for item in history.items], checkpoint, known),
        "older": find_older("issuer", standing.issuer.id, history, cut.origin),
        "dates": write_instants(instants),
        "asked_at": "" if instants.today else format_moment(instants.at)[:10],
        "today": format_moment(instants.now)[:10],
    }


def find_leading(issuer: str, query: Mapping[str, Any], instants: Instants) -> list[IssuerStanding]:
    """Return how the institution stands by the record that leads, whichever of its records was asked for.

    Several when registers use the id for different ones; none when it is unknown.
    """
    url = ""
    if "register" in query:
        url = find_placed("issuer", issuer, hear(instants, query)).record.url
    found = find_standing(Identifier(NODE, issuer), instants, written=url)
    lead = found[0].lead if len(found) == 1 else None
    if lead is None:
        return found
    leading = find_standing(Identifier(NODE, lead.issuer.id), instants, written=lead.issuer.url)
    return [one for one in leading if one.register.origin == lead.register.origin]


def _describe(standing: IssuerStanding, checkpoint: SignedCheckpointRow) -> Context:
    issuer, instants, register = standing.issuer, standing.instants, standing.register
    first, *others = order_names(issuer.names, issuer.country)
    rows = [show_contribution(one) for one in standing.contributions]
    records = [row.record for row in rows]
    drawings = [draw(records, instants.at, layout, find_ends(standing.contributions)) for layout in (WIDE, NARROW)]
    labels = label_rows(rows[:MOST_ROWS])
    frame = {"node": register.register, "checkpoint": checkpoint} if register.own else {}
    return {
        **frame,
        "issuer": issuer,
        "first_name": first,
        "other_names": others,
        "verdict": reach_verdict(standing),
        "recorder": name_register(issuer, register),
        "instants": instants,
        "rows": rows,
        "drawings": [(one, write_drawing(one, labels, instants)) for one in drawings if one],
        "legend": write_legend(drawings[0].states) if drawings[0] else "",
        "head": checkpoint,
        "signers": list_signers(checkpoint.note, register.register),
        "size": register.size,
        "cited": len(standing.decision.cites),
        "entries": link_entries(standing.decision.cites),
        "ledgers": len({one.origin for one in standing.decision.cites}),
        "others": [_show_other(other, issuer) for other in standing.others],
        "evidence": with_query(
            "/api/v1/trust", issuer=issuer.id if register.own else issuer.url, **write_instants(instants)
        ),
    }


def _show_other(other: OtherRecord, issuer: IssuerRecord) -> ShownOther:
    uncounted = other.uncounted
    rows = [show_contribution(one) for one in other.contributions[:_OTHERS_ROWS]]
    rows += show_uncounted(uncounted[: _OTHERS_ROWS - len(rows)])
    more = len(other.contributions) + len(uncounted) - len(rows)
    record, register = other.also.issuer, other.also.register
    entries, contradicts = cite(register.origin, record.entries), record.country != issuer.country
    return ShownOther(other.also, name_register(record, register), rows, more, entries, contradicts)


def _surround(standing: IssuerStanding, cut: Cut) -> Context:
    issuer, instants = standing.issuer, standing.instants
    given, programmes = read_surroundings(issuer.id, cut)
    parties = [mandate.awarding_body for mandate in given] + [mandate.sealer for mandate in standing.mandates]
    listed = {
        "issuer": issuer.id,
        "register": None if standing.register.own else cut.origin,
        **write_instants(instants),
    }
    rivals = find_rivals(standing.keys, standing.institution, instants.known_instant or instants.known_size)
    return {
        "keys": [ShownKey(key, stand_key(key, standing), rivals.get(key.value, [])) for key in standing.keys],
        "relations": [_show_relation(relation, standing) for relation in standing.relations],
        "mandates": [*standing.mandates, *given[:MOST_MANDATES]],
        "all_mandates": with_query("/api/v1/mandates", **listed) if len(given) > MOST_MANDATES else None,
        "directory": read_directory(parties, cut.origin),
        "programmes": programmes[:MOST_PROGRAMMES],
        "all_programmes": with_query("/api/v1/programmes", **listed) if len(programmes) > MOST_PROGRAMMES else None,
    }


def _show_relation(relation: RelationRecord, standing: IssuerStanding) -> ShownRelation:
    from_here = relation.issuer == standing.issuer.id
    other = standing.register.issuers.get(relation.other if from_here else relation.issuer)
    current = relation.valid.holds(standing.instants.at) or read_succession(relation) is not None
    return ShownRelation(relation, other, from_here, current)


@page("site/issuer.html", "issuers", THIS)
def find_issuer(request: HttpRequest, query: Mapping[str, Any], identifier: str) -> Context | HttpResponse:
    """Lead from any identifier to the page of the issuer it names; several go to the list."""
    try:
        named = parse_identifier(identifier)
    except ValueError as error:
        raise NotUnderstood("invalid", "identifier", str(error)) from None
    instants = read_instants(query)
    cut, dates = hear(instants, query), write_instants(instants)
    if named.scheme == NODE:
        placed = find_placed("issuer", named.value, cut, identifier)
        return HttpResponseRedirect(_lead_to(placed, cut, dates))
    placed_all = place_page(find_named(named, cut), cut)
    found = [one for one in placed_all if one.cut.speaker is None] or placed_all
    if not found:
        raise NotFound("not_found", "", say("No issuer in this register is known by that identifier."))
    if len(found) > 1:
        return HttpResponseRedirect(with_query("/issuers", q=identifier, **dates))
    return HttpResponseRedirect(_lead_to(found[0], cut, dates))


def _lead_to(placed: Placed, cut: Cut, dates: Mapping[str, str | None]) -> str:
    """Return the address of an issuer's page; it names the register where the id alone would mean another one."""
    alone = find_all_placed("issuer", placed.record.id, cut)
    register = None if [one.cut.origin for one in alone] == [placed.cut.origin] else placed.cut.origin
    return path_to("issuer", placed.record.id, register=register, **dates)
