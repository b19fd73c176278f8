"""`/operator/agencies`: all agencies and how they stand; recognise one after a look at those like it, amend, withdraw.

What is filled in becomes a draft of the desk, where it is previewed, approved and published.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext

from ledger.reader import read_entry
from register import events
from register.access.acting import Acting, needs
from register.access.roles import AUDITOR, OPERATOR
from register.amendments import stated_scopes
from register.desk.agency_effects import count_reach
from register.desk.agency_forms import (
    AmendAgency,
    CorrectAgency,
    NewAgency,
    TakeBackWithdrawal,
    WithdrawAgency,
    show_agency,
    terms_of,
)
from register.desk.forms import DraftForm
from register.desk.letters import find_mixed_words
from register.desk.logs import read_log
from register.desk.look_alikes import LookAlike
from register.desk.near_agencies import find_near_agencies
from register.desk.page import explain_with
from register.desk.things import find_draft, find_own, keep, open_form
from register.errors import Conflict, NotFound, NotUnderstood, Refused
from register.events import Event
from register.queries.cuts import resolve_cut
from register.queries.filters import AGENCY_STATES, Filters
from register.queries.lists import list_agencies
from register.records import AgencyRecord
from register.site.links import with_query
from register.site.names import name_record, order_names
from register.site.page import render_page
from register.site.reading import read_register
from register.site.standing import Instants
from register.site.views.agencies import find_agency_state
from register.site.words import STATES, list_limits, spell_scope

_PAGE: Final = 15
_READS: Final = ("GET", "HEAD")


def answer(request: HttpRequest, template: str, context: Mapping[str, Any], status: int = 200) -> HttpResponse:
    """Answer with a page of the operator's board."""
    return render_page(request, template, {"place": "agencies", "section": "operator", **context}, status)


def _answer_refusal(request: HttpRequest, acting: Acting, error: Refused | NotUnderstood) -> HttpResponse:
    status = 404 if isinstance(error, NotFound) else 409 if isinstance(error, Conflict) else 422
    told = {"sentence": error.message, "missing": error.code == "agency_unknown"}
    return answer(request, "operator/agency_refused.html", told, status)


explain_refusals: Final = explain_with(_answer_refusal)
"""Make a view answer in words where what was asked for is not there or not allowed."""


@needs(OPERATOR, AUDITOR, methods=_READS)
@explain_refusals
def list_all(request: HttpRequest, acting: Acting) -> HttpResponse:
    """List the agencies of this register, narrowed by name and state."""
    q, after = request.GET.get("q", "").replace("\0", "").strip()[:200], request.GET.get("after")
    state = request.GET.get("state", "")
    state = state if state in AGENCY_STATES else ""
    now = timezone.now()
    found = list_agencies(resolve_cut(), Filters(now, q=q or None, status=state or None), after, _PAGE)
    context = {
        "q": q,
        "state": state,
        "states": [(code, STATES[code].words) for code in AGENCY_STATES],
        "rows": [_list(one, now) for one in found.items],
        "next": with_query(request.path, q=q, state=state, after=found.next) if found.next else None,
        "first": with_query(request.path, q=q, state=state) if after else None,
        "narrowed": bool(q or state),
        "writes": acting.writes,
    }
    return answer(request, "operator/agencies.html", context)


def _list(record: AgencyRecord, now: Any) -> dict[str, Any]:
    standing = STATES[find_agency_state(record, Instants(now, now))]
    names = order_names(record.names, record.country)
    return {"record": record, "names": names, "standing": standing, "scope": spell_scope(record.scope)}


@needs(OPERATOR, AUDITOR, methods=_READS)
@explain_refusals
def show_one(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """Show one agency as it is on record, with its entries, and what may be done about it."""
    record: AgencyRecord = find_own("agency", id)
    log = read_log(request, "agency", record.id)
    context = {
        **_about(record),
        "standing": STATES[find_agency_state(record, Instants(timezone.now(), timezone.now()))],
        "limits": list_limits(record.scope),
        "names": order_names(record.names, record.country),
        "reach": count_reach(record.id),
        "entries": [
            (entry, acting.writes and (may_correct(entry.event) or _withdraws(record, entry.row.index)))
            for entry in log.entries
        ],
        "log": log,
        "writes": acting.writes,
    }
    return answer(request, "operator/agency.html", context)


def _about(record: AgencyRecord) -> dict[str, Any]:
    return {"agency": record, "name": name_record(record)}


def may_correct(event: Event | None) -> bool:
    """Tell whether an entry states values that can be corrected; a correction is by correcting the first one again."""
    if event is None or event.type not in ("agency.recognised", "agency.amended"):
        return False
    return getattr(event.data, "corrects", None) is None


def _withdraws(record: AgencyRecord, index: int) -> bool:
    return record.withdrawal is not None and record.withdrawal.recorded.index == index


def _places() -> Sequence[str]:
    node = read_register()
    return node.territory if node is not None else ()


@needs(OPERATOR)
@explain_refusals
def recognise(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Take what describes a new agency, show those it resembles, and make a draft once it is none of them."""
    draft = find_draft(request, acting, NewAgency.verb, "")
    make = partial(NewAgency, acting=acting, places=_places())
    form = open_form(request, make, show_agency(draft.said) if draft else {})
    assert isinstance(form, NewAgency)
    context: dict[str, Any] = {"form": form, "draft": draft}
    if not form.is_bound:
        return answer(request, "operator/agency_new.html", context)
    if not form.is_valid():
        return answer(request, "operator/agency_new.html", context, 422)
    found = find_near_agencies(form.candidate())
    shown = digest_of(found)
    if found and request.POST.get("none_of_these") != shown:
        return answer(request, "operator/agency_look_alikes.html", {**context, **_compare(form, found, shown)})
    done = keep(acting, form, "", draft, request.POST.get("version", ""))
    return done or answer(request, "operator/agency_new.html", context, 422)


def digest_of(found: Sequence[LookAlike]) -> str:
    """Return what "none of these" refers to: the look-alikes that were shown."""
    return hashlib.sha256("\n".join(sorted(one.record.url for one in found)).encode()).hexdigest()[:32]


def _compare(form: NewAgency, found: Sequence[LookAlike], shown: str) -> Mapping[str, Any]:
    own, candidate = resolve_cut().origin, form.candidate()
    return {
        "found": [(one, name_record(one.record), "" if one.origin == own else one.origin) for one in found],
        "shown": shown,
        "candidate": candidate,
        "mixed": [word for name in candidate.names for word in find_mixed_words(name)],
    }


@needs(OPERATOR)
@explain_refusals
def amend(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """Change an agency's names, identifiers, scope, period and the rest."""
    record: AgencyRecord = find_own("agency", id)
    draft = find_draft(request, acting, AmendAgency.verb, record.id)
    said = {**terms_of(record), **(draft.said if draft else {})}
    form = open_form(request, partial(AmendAgency, terms_of(record), places=_places()), show_agency(said))
    return _draft(request, acting, form, "operator/agency_amend.html", record, draft)


@needs(OPERATOR)
@explain_refusals
def correct(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """Correct what an entry said of an agency; what withdrew it is taken back."""
    record: AgencyRecord = find_own("agency", id)
    draft = find_draft(request, acting, CorrectAgency.verb, record.id)
    asked = str((draft.said.get("corrects") if draft else None) or request.GET.get("entry", ""))
    index = int(asked) if asked.isdecimal() and len(asked) < 16 else -1
    if _withdraws(record, index):
        path = f"/operator/agencies/{record.id}/take-back"
        return HttpResponseRedirect(with_query(path, draft=draft.pk if draft else ""))
    event = events.parse(read_entry(settings.ASSAY_ORIGIN, index)) if index in record.entries else None
    if event is None or not may_correct(event):
        raise NotFound("corrects_unknown", "", gettext("Choose which entry of this agency is to be corrected."))
    held = terms_of(record, event.data.scope)
    make = partial(CorrectAgency, held, entry=index, scoped=index in stated_scopes(record), places=_places())
    form = open_form(request, make, show_agency({**held, **(draft.said if draft else {})}))
    return _draft(request, acting, form, "operator/agency_correct.html", record, draft)


@needs(OPERATOR)
@explain_refusals
def withdraw(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """End an agency's recognition, with a reason."""
    record: AgencyRecord = find_own("agency", id)
    if record.withdrawal is not None:
        raise Conflict("already_withdrawn", "", gettext("The recognition of this agency is withdrawn already."))
    draft = find_draft(request, acting, WithdrawAgency.verb, record.id)
    form = open_form(request, WithdrawAgency, WithdrawAgency.show(draft.said) if draft else {})
    return _draft(request, acting, form, "operator/agency_withdraw.html", record, draft)


@needs(OPERATOR)
@explain_refusals
def take_back(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """Take a withdrawal back by a correction of the entry that said it."""
    record: AgencyRecord = find_own("agency", id)
    if record.withdrawal is None:
        raise Conflict("not_withdrawn", "", gettext("The recognition of this agency is not withdrawn."))
    draft = find_draft(request, acting, TakeBackWithdrawal.verb, record.id)
    make = partial(TakeBackWithdrawal, entry=record.withdrawal.recorded.index)
    form = open_form(request, make, dict(draft.said) if draft else {})
    return _draft(request, acting, form, "operator/agency_take_back.html", record, draft)


def _draft(
    request: HttpRequest, acting: Acting, form: DraftForm, template: str, record: AgencyRecord, draft: Any
) -> HttpResponse:
    if form.is_bound:
        done = keep(acting, form, record.id, draft, request.POST.get("version", ""))
        if done is not None:
            return done
    return answer(request, template, {**_about(record), "form": form, "draft": draft}, 422 if form.is_bound else 200)
