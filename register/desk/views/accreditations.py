"""`/desk/accreditations`: those one may change; one of them with its entries, and a form for each change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ledger.reader import read_entry
from register import events
from register.access.acting import Acting, needs
from register.access.roles import AGENCY, OPERATOR
from register.desk import drafts
from register.desk.accreditations import SORTS, STATES, Asked, find_held, list_held
from register.desk.change_forms import (
    AmendForm,
    CorrectForm,
    ReasonForm,
    ReinstateForm,
    RevokeForm,
    SuspendForm,
    TakeBackForm,
    TermsForm,
    held_terms,
    initial_changes,
    initial_ending,
)
from register.desk.forms import path_to_draft
from register.desk.four_eyes import CORRECTION, WORDS
from register.desk.logs import read_log
from register.desk.models import Draft
from register.desk.page import answer, answer_error
from register.desk.views.decisions import list_offers
from register.errors import NotFound, NotUnderstood, Refused
from register.events import Event
from register.queries.cuts import resolve_cut
from register.queries.filters import Filters
from register.queries.lists import list_agencies
from register.queries.selecting import MOST
from register.queries.single import find_record
from register.records import AccreditationRecord
from register.scope import Scope
from register.site.accreditation_rows import show_records
from register.site.links import with_query
from register.site.reading import read_directory, read_register


@needs(AGENCY, OPERATOR, methods=("GET", "HEAD"))
def list_accreditations(request: HttpRequest, acting: Acting) -> HttpResponse:
    """List the accreditations that who acts may change."""
    asked = _read_asked(request)
    rows, more = list_held(acting, asked, timezone.now())
    kept = {"q": asked.q, "state": asked.state, "sort": asked.sort if asked.sort != "recorded" else ""}
    context = {
        "place": "accreditations",
        "rows": rows,
        "asked": asked,
        "states": STATES,
        "sorts": {code: words for code, (words, _order) in SORTS.items()},
        "next": with_query(request.path, **kept, page=asked.page + 1) if more else "",
        "previous": with_query(request.path, **kept, page=asked.page - 1) if asked.page > 1 else "",
        "narrowed": bool(asked.q or asked.state),
    }
    return answer(request, acting, "desk/accreditations.html", context)


def _read_asked(request: HttpRequest) -> Asked:
    """Read what a list is narrowed by; what is none of the choices is left out."""
    state, sort, page = (request.GET.get(name, "") for name in ("state", "sort", "page"))
    return Asked(
        q=request.GET.get("q", "").strip()[:200],
        state=state if state in STATES else "",
        sort=sort if sort in SORTS else "recorded",
        page=max(int(page), 1) if page.isdecimal() and len(page) < 6 else 1,
    )


@needs(AGENCY, OPERATOR, methods=("GET", "HEAD"))
def show_accreditation(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """Show one accreditation with its entries, and what may be done with it."""
    try:
        record = find_held(acting, str(id))
    except NotFound as error:
        return answer_error(request, acting, error, "/desk/accreditations")
    log = read_log(request, "accreditation", record.id)
    context = {
        **_about(record),
        "changes": [(name, change.title) for name, change in CHANGES.items() if change.possible(record)],
        "entries": [(entry, _may_correct(entry.event)) for entry in log.entries],
        "log": log,
    }
    return answer(request, acting, "desk/accreditation.html", context)


def _about(record: AccreditationRecord) -> dict[str, Any]:
    return {
        "place": "accreditations",
        "record": record,
        "row": show_records([record], timezone.now())[0],
        "directory": read_directory([record.issuer, record.agency]),
    }


def _may_correct(event: Event | None) -> bool:
    """A correction is corrected by correcting the first entry again."""
    return event is not None and getattr(event.data, "corrects", None) is None


@dataclass(frozen=True, slots=True)
class Change:
    """One way to change an accreditation: its title, what it means, its form, and when it is possible."""

    title: str | Promise
    means: str | Promise
    open: Callable[[HttpRequest, AccreditationRecord, Mapping[str, Any]], ReasonForm]
    possible: Callable[[AccreditationRecord], bool]
    verb: str
    terms: bool = False
    danger: bool = False


@needs(AGENCY, OPERATOR)
def change(request: HttpRequest, acting: Acting, id: UUID, how: str) -> HttpResponse:
    """Ask what to change, keep it as a draft and lead to its preview."""
    chosen = CHANGES.get(how)
    if chosen is None:
        raise Http404
    try:
        record = find_held(acting, str(id))
        draft = _find_draft(request, acting, record, chosen)
        said = draft.said if draft else {}
        if how == "correct" and _entry_asked(request, said) is None:
            return HttpResponseRedirect(f"/desk/accreditations/{record.id}")
        form = chosen.open(request, record, said)
        kept = _keep(request, acting, form, record, draft) if request.method == "POST" else None
    except (Refused, NotUnderstood) as error:
        return answer_error(request, acting, error, f"/desk/accreditations/{id}")
    if kept is not None:
        return HttpResponseRedirect(path_to_draft(kept), status=303)
    heading = WORDS[CORRECTION if how == "correct" else chosen.verb]
    told = {"form": form, "change": chosen, "heading": heading, "draft": draft, "terms": isinstance(form, TermsForm)}
    return answer(request, acting, "desk/change.html", {**_about(record), **told}, 422 if form.is_bound else 200)


def _find_draft(request: HttpRequest, acting: Acting, record: AccreditationRecord, chosen: Change) -> Draft | None:
    wanted = request.GET.get("draft")
    if not wanted:
        return None
    draft = drafts.find(acting, wanted)
    drafts.check_editable(acting, draft, chosen.verb)
    if draft.subject != record.id:
        raise NotFound("draft_unknown", "", gettext("There is no such draft about this accreditation."))
    return draft


def _keep(
    request: HttpRequest, acting: Acting, form: ReasonForm, record: AccreditationRecord, draft: Draft | None
) -> Draft | None:
    sent = request.POST.get("version", "")
    version = int(sent) if sent.isdecimal() and len(sent) < 9 else None
    return form.keep(acting, record.id, draft.pk if draft else None, version)


def _sent(request: HttpRequest) -> dict[str, Any]:
    return {"data": request.POST, "files": request.FILES} if request.method == "POST" else {}


def _open_ending(kind: type[ReasonForm]) -> Callable[[HttpRequest, AccreditationRecord, Mapping[str, Any]], ReasonForm]:
    def open_form(request: HttpRequest, record: AccreditationRecord, said: Mapping[str, Any]) -> ReasonForm:
        return kind(**_sent(request), initial=initial_ending(said))

    return open_form


def _open_amendment(request: HttpRequest, record: AccreditationRecord, said: Mapping[str, Any]) -> ReasonForm:
    held = held_terms(record)
    return _offer(AmendForm(**_sent(request), held=held, initial=initial_changes(held, said)), record)


def _open_correction(request: HttpRequest, record: AccreditationRecord, said: Mapping[str, Any]) -> ReasonForm:
    """Return the form that corrects an entry; of an ending, the one that takes it back."""
    index = _entry_asked(request, said)
    event = events.parse(read_entry(settings.ASSAY_ORIGIN, index)) if index in record.entries else None
    if index is None or event is None or not _may_correct(event):
        told = gettext("Choose which entry of this accreditation is to be corrected.")
        raise NotFound("corrects_unknown", "", told)
    if event.type not in ("accreditation.granted", "accreditation.amended"):
        return TakeBackForm(**_sent(request), entry=index, initial=dict(said))
    scope: Scope | None = getattr(event.data, "scope", None)
    held = held_terms(record, scope)
    return _offer(CorrectForm(**_sent(request), entry=index, held=held, initial=initial_changes(held, said)), record)


def _entry_asked(request: HttpRequest, said: Mapping[str, Any]) -> int | None:
    asked = request.GET.get("entry", "") or str(said.get("corrects") or "")
    return int(asked) if asked.isdecimal() and len(asked) < 16 else None


def _offer(form: TermsForm, record: AccreditationRecord) -> TermsForm:
    """Fill the pickers."""
    cut, node = resolve_cut(), read_register()
    agency = find_record("agency", record.agency, cut)
    form.offer(agency.scope, node.territory if node else (), list_offers(record.issuer, cut))
    form.offer_agencies(list_agencies(cut, Filters(timezone.now()), limit=MOST).items, record.agency)
    return form


def _is_revoked(record: AccreditationRecord) -> bool:
    return record.revocation is not None


def _is_suspended(record: AccreditationRecord, now: datetime) -> bool:
    return any(span.effective_until is None or span.effective_until > now for span in record.suspensions)


CHANGES: Final[Mapping[str, Change]] = {
    "amend": Change(
        _("Amend"),
        _("A decision has changed what is accredited from a day on, or a value is to be completed. The past stays."),
        _open_amendment,
        lambda record: not _is_revoked(record),
        "amend_accreditation",
        terms=True,
    ),
    "correct": Change(
        _("Correct"),
        _("An entry said something that was never so. The correction replaces it, and both stay readable for ever."),
        _open_correction,
        lambda record: False,
        "amend_accreditation",
        terms=True,
    ),
    "suspend": Change(
        _("Suspend"),
        _("From that day on it does not count, until it is reinstated. What was awarded before is not affected."),
        _open_ending(SuspendForm),
        lambda record: not _is_revoked(record) and not _is_suspended(record, timezone.now()),
        "suspend_accreditation",
    ),
    "reinstate": Change(
        _("Reinstate"),
        _("The suspension ends; from that day on the accreditation counts again."),
        _open_ending(ReinstateForm),
        lambda record: not _is_revoked(record) and _is_suspended(record, timezone.now()),
        "reinstate_accreditation",
    ),
    "revoke": Change(
        _("Revoke"),
        _("From that day on it counts no longer, for good. What was awarded before is not affected."),
        _open_ending(RevokeForm),
        lambda record: not _is_revoked(record),
        "revoke_accreditation",
        danger=True,
    ),
}
"""Last part of the address → the change; a correction begins at the entry that it corrects."""
