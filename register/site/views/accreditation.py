"""`/accreditations/{id}`: one decision of an agency, everything it says and everything that happened to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from register.identifiers import NODE, Identifier
from register.moments import format_moment
from register.queries.cuts import Cut
from register.queries.hearing import find_placed
from register.queries.single import read_history
from register.records import POSITIVE_DECISIONS, AccreditationRecord, scope_at
from register.site.accreditation_rows import (
    AccreditationRow,
    find_ends,
    show_contribution,
    show_records,
    tell_ends,
)
from register.site.asked import THIS, hear, read_instants, write_instants
from register.site.dates import last_day, mark_day, spell_day
from register.site.entries import find_older, read_entries
from register.site.page import Context, page
from register.site.reading import newest_checkpoint, read_directory
from register.site.recorder import cite, name_recorder
from register.site.standing import Instants, find_standing
from register.site.timeline import NARROW, WIDE, Timeline, draw
from register.site.timeline_svg import label_rows, write_drawing, write_legend
from register.site.verdict import Verdict
from register.site.words import label, list_limits
from register.trust.links import find_state

_HISTORY = 50


@page("site/accreditation.html", "issuers", THIS)
def show_accreditation(request: HttpRequest, query: Mapping[str, Any], id: UUID) -> Context:
    """Show one accreditation at two instants."""
    instants = read_instants(query)
    record, cut = find_placed("accreditation", str(id), hear(instants, query))
    row = _find_row(record, instants, cut)
    scope = scope_at(record.scope, record.former_scopes, instants.at)
    checkpoint = newest_checkpoint(cut.origin)
    history = read_history("accreditation", record.id, cut, limit=_HISTORY)
    drawings = _draw(record, row, instants)
    parties = [record.issuer, record.agency, *record.contributing_agencies, *(scope.programmes or ())]
    return {
        "record": record,
        "row": row,
        "verdict": _reach_verdict(record, row, instants),
        "ends": tell_ends(row),
        "limits": list_limits(scope),
        "programmes": scope.programmes or (),
        "drawings": drawings,
        "legend": write_legend(drawings[0][0].states) if drawings else "",
        "directory": read_directory(parties, cut.origin),
        "history": read_entries([item.event for item in history.items], checkpoint),
        "older": find_older("accreditation", record.id, history, cut.origin),
        "recorder": name_recorder(record, cut),
        "cites": cite(cut.origin, record.entries),
        "instants": instants,
        "size": cut.size,
        "dates": write_instants(instants),
        "asked_at": "" if instants.today else format_moment(instants.at)[:10],
        "today": format_moment(instants.now)[:10],
    }


def _draw(record: AccreditationRecord, row: AccreditationRow, instants: Instants) -> list[tuple[Timeline, SafeString]]:
    """Return each drawing with its inside."""
    ends = find_ends([row.contribution] if row.contribution else [])
    drawings = [drawing for layout in (WIDE, NARROW) if (drawing := draw([record], instants.at, layout, ends))]
    return [(drawing, write_drawing(drawing, label_rows([row]), instants)) for drawing in drawings]


def _find_row(record: AccreditationRecord, instants: Instants, cut: Cut) -> AccreditationRow:
    """Return the accreditation as it bears on its issuer, so that one that does not count says why."""
    for standing in find_standing(Identifier(NODE, record.issuer), instants):
        for one in standing.contributions if standing.register.origin == cut.origin else ():
            if one.record.id == record.id:
                return show_contribution(one)
    return show_records([record], instants.at)[0]


def _reach_verdict(record: AccreditationRecord, row: AccreditationRow, instants: Instants) -> Verdict:
    state = find_state(record, instants.at)
    sentences = tuple(_say_more(record, row, state))
    return Verdict(row.standing.tone, _head(record, row, state, instants), sentences, str(row.standing.words))


def _head(record: AccreditationRecord, row: AccreditationRow, state: str, instants: Instants) -> str:
    when = gettext("today") if instants.today else gettext("on %(day)s") % {"day": spell_day(instants.at)}
    start, end = record.valid.valid_from, record.valid.valid_until
    if state == "revoked" and record.revocation is not None:
        return gettext("Revoked with effect from %(day)s") % {"day": spell_day(record.revocation.effective_from)}
    if record.decision not in POSITIVE_DECISIONS:
        return gettext("Not granted: %(decision)s") % {"decision": label("decisions", record.decision).lower()}
    if state == "expired" and end is not None:
        return gettext("Ended on %(day)s") % {"day": spell_day(last_day(end))}
    if state == "not_yet_valid" and start is not None:
        return gettext("Begins on %(day)s") % {"day": spell_day(start)}
    words = str(row.standing.words)
    return gettext("%(state)s %(when)s") % {"state": words[:1].upper() + words[1:], "when": when}


def _say_more(record: AccreditationRecord, row: AccreditationRow, state: str) -> list[SafeString]:
    told = [format_html("{}.", row.scope[:1].upper() + row.scope[1:])]
    if row.remark:
        told.append(format_html("{}", row.remark))
    if state == "revoked" and record.revocation is not None:
        words = gettext("Reason: {reason}. What was awarded before {day} is not affected.")
        reason = label("reasons", record.revocation.reason)
        told.append(format_html(words, reason=reason, day=mark_day(record.revocation.effective_from)))
    return told
