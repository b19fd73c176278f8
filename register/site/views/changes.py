"""`/issuers/{id}/changes`: what changed about an issuer between two dates, and what was recorded meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse

from ledger.logs import SignedCheckpointRow
from register.api.parameters import Parameter
from register.errors import NotFound, NotUnderstood
from register.moments import end_of_day, format_moment, parse_moment
from register.queries.belongings import list_turning_programmes
from register.queries.cuts import Cut, resolve_cut
from register.queries.lists import EventRow
from register.queries.single import read_history
from register.sentences import say
from register.site.asked import KNOWN_AT, REGISTER, read_instants, write_instants
from register.site.changes import KINDS, Change, list_changes, write_change
from register.site.entries import read_entries
from register.site.links import path_to
from register.site.names import order_names
from register.site.page import Context, page
from register.site.reading import read_directory
from register.site.recorder import name_register
from register.site.standing import Instants, IssuerStanding
from register.site.verdict import reach_verdict
from register.site.views.issuer import find_leading

_ENTRIES: Final = 100
ASKED: Final = (
    Parameter("from", "The earlier date. Default: a year before the later one.", parse_moment),
    Parameter("to", "The later date. Default: today.", parse_moment),
    KNOWN_AT,
    REGISTER,
)


def _read_dates(query: Mapping[str, Any]) -> tuple[Instants, Instants]:
    """Return both dates, each with the knowledge asked for; raises NotUnderstood when they are the wrong way round."""
    base = read_instants({name: value for name, value in query.items() if name == "known_at"})
    asked = query.get("to")
    today = asked is None or asked == base.now.replace(hour=0, minute=0, second=0, microsecond=0)
    to = replace(base, at=base.now if today or asked is None else asked, today=today)
    start = query.get("from") or _midnight(to.at - timedelta(days=365))
    if start >= to.at:
        raise NotUnderstood("invalid", "from", say("from: expected a day before the later date"))
    return replace(base, at=start, today=False), to


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _find_both(id: UUID, query: Mapping[str, Any]) -> tuple[IssuerStanding, IssuerStanding, SignedCheckpointRow]:
    """Return how the issuer stands on both dates, and the checkpoint that covers what is said."""
    earlier, later = _read_dates(query)
    found = [find_leading(str(id), query, instants) for instants in (earlier, later)]
    if not all(len(one) == 1 for one in found):
        raise NotFound("not_found", "", say("The register knew no issuer with this id then."))
    checkpoint = found[1][0].checkpoint
    if checkpoint is None:
        raise NotFound("not_found", "", say("The register has not signed its ledger yet."))
    return found[0][0], found[1][0], checkpoint


def _list_recorded(before: IssuerStanding, after: IssuerStanding, log_id: int) -> tuple[list[EventRow], bool]:
    """Return the entries about the issuer recorded between the dates, newest first, and whether there are more."""
    origin = after.register.origin
    first = resolve_cut(before.instants.at - timedelta(microseconds=1), origin).size
    until = after.instants.at if after.instants.today else end_of_day(after.instants.at)
    size = min(resolve_cut(until, origin).size, after.register.size)
    cut = Cut(log_id, origin, size, newest=False)
    history = read_history("issuer", after.issuer.id, cut, limit=_ENTRIES)
    rows = [item.event for item in history.items if item.event.index >= first]
    return rows, history.next is not None and len(rows) == len(history.items)


def _list_changes(before: IssuerStanding, after: IssuerStanding, log_id: int) -> list[Change]:
    parties = [mandate.sealer for mandate in (*before.mandates, *after.mandates)]
    directory = read_directory(parties, after.register.origin)
    cut = Cut(log_id, after.register.origin, after.register.size, newest=False)
    start, end = before.instants.at, after.instants.at
    return list_changes(before, after, directory, list_turning_programmes(cut, after.issuer.id, start, end).items)


def _tell(request: HttpRequest, query: Mapping[str, Any], id: UUID) -> HttpResponse:
    before, after, checkpoint = _find_both(id, query)
    rows, more = _list_recorded(before, after, checkpoint.log_id)
    told = {
        "issuer": after.issuer.id,
        "register": after.register.origin,
        "known_size": after.register.size,
        "from": {"at": format_moment(before.instants.at), "decision": before.decision.decision},
        "to": {"at": format_moment(after.instants.at), "decision": after.decision.decision},
        "changes": [write_change(change) for change in _list_changes(before, after, checkpoint.log_id)],
        "recorded": [{"index": row.index, "type": row.type} for row in rows],
        "more_recorded": more,
    }
    return JsonResponse(told)


@page("site/changes.html", "issuers", ASKED, twin=_tell)
def show_changes(request: HttpRequest, query: Mapping[str, Any], id: UUID) -> Context:
    """Show both dates beside each other, what differs, and what was recorded between them."""
    before, after, checkpoint = _find_both(id, query)
    rows, more = _list_recorded(before, after, checkpoint.log_id)
    changes = _list_changes(before, after, checkpoint.log_id)
    first, *others = order_names(after.issuer.names, after.issuer.country)
    dates = write_instants(after.instants)
    return {
        "issuer": after.issuer,
        "first_name": first,
        "other_names": others,
        "recorder": name_register(after.issuer, after.register),
        "sides": [(one, reach_verdict(one), _link(one, query)) for one in (before, after)],
        "before": before.instants,
        "after": after.instants,
        "changes": [(KINDS[kind], found) for kind in KINDS if (found := [one for one in changes if one.kind == kind])],
        "recorded": read_entries(rows, checkpoint),
        "more": more,
        "size": after.register.size,
        "from": format_moment(before.instants.at)[:10],
        "to": format_moment(after.instants.at)[:10],
        "known_at": dates["known_at"],
        "today": format_moment(after.instants.now)[:10],
        "register": query.get("register"),
    }


def _link(standing: IssuerStanding, query: Mapping[str, Any]) -> str:
    """Return the address of the issuer's page on one of the dates."""
    dates = write_instants(standing.instants)
    return path_to("issuer", standing.issuer.id, **dates, register=query.get("register"))
