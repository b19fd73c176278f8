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
from register.queries.cuts import Cut, resolve_cut
from register.queries.filters import Filters
from register.queries.lists import find_issuers, list_programmes
from register.queries.single import read_history
from register.records import IssuerRecord, KeyRecord, RelationRecord
from register.site.accreditation_rows import AccreditationRow, find_ends, show_contribution
from register.site.asked import DATES, read_instants, write_instants
from register.site.cosignatures import list_signers
from register.site.entries import read_entries
from register.site.links import path_to, with_query
from register.site.names import order_names
from register.site.page import Context, page
from register.site.reading import list_mandates_to, read_directory
from register.site.standing import Instants, IssuerStanding, find_standing
from register.site.timeline import NARROW, WIDE, draw
from register.site.verdict import reach_verdict
from register.site.words import STATES, Standing
from register.trust.lineage import read_succession

_HISTORY = 40


@dataclass(frozen=True, slots=True)
class ShownKey:
    """A key and how it stands at the instant shown."""

    record: KeyRecord
    standing: Standing


@dataclass(frozen=True, slots=True)
class ShownRelation:
    """A relation as seen from one of its two ends."""

    record: RelationRecord
    other: IssuerRecord | None
    from_here: bool
    current: bool


@page("site/issuer.html", "issuers", DATES)
def show_issuer(request: HttpRequest, query: Mapping[str, Any], id: UUID) -> Context | HttpResponse:
    """Show one issuer at two instants."""
    instants = read_instants(query)
    found = find_standing(Identifier(NODE, str(id)), instants)
    if not found:
        raise NotFound("not_found", "", "The register knew no issuer with this id then.")
    standing = found[0]
    checkpoint = standing.checkpoint
    if checkpoint is None:
        raise NotFound("not_found", "", "The register has not signed its ledger yet.")
    cut = Cut(checkpoint.log_id, standing.register.origin, standing.register.size, newest=False)
    return {
        **_describe(standing, checkpoint),
        **_surround(standing, cut),
        "history": read_entries(
            [item.event for item in read_history("issuer", str(id), cut, limit=_HISTORY).items], checkpoint
        ),
        "dates": write_instants(instants),
        "asked_at": "" if instants.today else format_moment(instants.at)[:10],
        "today": format_moment(instants.now)[:10],
    }


def _describe(standing: IssuerStanding, checkpoint: SignedCheckpointRow) -> Context:
    issuer, instants = standing.issuer, standing.instants
    first, *others = order_names(issuer.names, issuer.country)
    rows = [show_contribution(one) for one in standing.contributions]
    records = [row.record for row in rows]
    drawings = [draw(records, instants.at, layout, find_ends(standing.contributions)) for layout in (WIDE, NARROW)]
    return {
        "issuer": issuer,
        "first_name": first,
        "other_names": others,
        "verdict": reach_verdict(standing),
        "instants": instants,
        "rows": rows,
        "drawings": [_pair(drawing, rows) for drawing in drawings if drawing],
        "node": standing.register.register,
        "checkpoint": checkpoint,
        "signers": list_signers(checkpoint.note, standing.register.register),
        "size": standing.register.size,
        "cites": [
            citation.index for citation in standing.decision.cites if citation.origin == standing.register.origin
        ],
        "also": standing.also,
        "evidence": with_query("/api/v1/trust", issuer=issuer.id, **write_instants(instants)),
    }


def _pair(drawing: Any, rows: list[AccreditationRow]) -> tuple[Any, list[tuple[Any, AccreditationRow]]]:
    """Join each drawn row with the words of its accreditation."""
    return drawing, list(zip(drawing.rows, rows, strict=False))


def _surround(standing: IssuerStanding, cut: Cut) -> Context:
    issuer, instants = standing.issuer, standing.instants
    given = list_mandates_to(issuer.id, cut)
    programmes = list_programmes(cut, Filters(instants.at, issuer=issuer.id), limit=30)
    parties = [mandate.awarding_body for mandate in given] + [mandate.sealer for mandate in standing.mandates]
    return {
        "keys": [ShownKey(key, _stand_key(key, instants)) for key in standing.keys],
        "relations": [_show_relation(relation, standing) for relation in standing.relations],
        "mandates": [*standing.mandates, *given],
        "directory": read_directory(parties),
        "programmes": programmes.items,
    }


def _stand_key(key: KeyRecord, instants: Instants) -> Standing:
    """Return how a key stands; one that was stolen is shown so from the day on which it may have been."""
    revocation = key.revocation
    if revocation is not None and (revocation.since or revocation.effective_from) <= instants.at:
        return STATES[revocation.reason]
    if key.valid.holds(instants.at):
        return STATES["in_force"]
    start = key.valid.valid_from
    return STATES["not_yet_valid" if start is not None and instants.at < start else "expired"]


def _show_relation(relation: RelationRecord, standing: IssuerStanding) -> ShownRelation:
    from_here = relation.issuer == standing.issuer.id
    other = standing.register.issuers.get(relation.other if from_here else relation.issuer)
    current = relation.valid.holds(standing.instants.at) or read_succession(relation) is not None
    return ShownRelation(relation, other, from_here, current)


@page("site/issuer.html", "issuers", DATES)
def find_issuer(request: HttpRequest, query: Mapping[str, Any], identifier: str) -> Context | HttpResponse:
    """Lead from any identifier to the page of the issuer it names; several go to the list."""
    try:
        named = parse_identifier(identifier)
    except ValueError as error:
        raise NotUnderstood("invalid", "identifier", str(error)) from None
    instants = read_instants(query)
    found = find_issuers(named, resolve_cut(instants.known_instant or instants.known_size))
    if not found:
        raise NotFound("not_found", "", "No issuer in this register is known by that identifier.")
    if len(found) > 1:
        return HttpResponseRedirect(with_query("/issuers", q=identifier, **write_instants(instants)))
    return HttpResponseRedirect(path_to("issuer", found[0].id, **write_instants(instants)))
