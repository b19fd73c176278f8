"""`/desk/decisions/new`: record a decision; the institution is found as one types, and without JavaScript by a button.

| address | answers |
|---|---|
| `/desk/decisions/new` | the form; `?draft=ID` what a draft says, `?like=ID` another one like it, `?issuer=ID` |
| `/desk/issuers/find?q=` | a part of the form: institutions that a text may mean |
| `/desk/issuers/offers?issuer=ID` | a part of the form: the programmes of an institution |
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext

from register.access.acting import Acting, needs
from register.access.roles import AGENCY, ISSUER, OPERATOR
from register.desk import drafts
from register.desk.decision_form import DecisionForm, initial_decision, initial_of
from register.desk.forms import path_to_draft
from register.desk.issuer_search import LONGEST, find_issuer, find_issuers, show_issuer
from register.desk.models import OPEN, Draft
from register.desk.page import answer, answer_error
from register.errors import NotUnderstood, Refused
from register.queries.cuts import Cut, resolve_cut
from register.queries.filters import Filters
from register.queries.lists import list_agencies, list_programmes
from register.queries.selecting import MOST, is_uid
from register.records import AgencyRecord, ProgrammeRecord
from register.scope import UNRESTRICTED
from register.site.names import name_record
from register.site.reading import read_register

_OF_ITS_OWN = ("issuer", "local_identifier", "report", "summary", "programmes")
"""What another decision like it does not take over."""


@needs(AGENCY, OPERATOR)
def record_decision(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Ask for a decision; keep it as a draft and lead to its preview."""
    try:
        draft = _find_draft(request, acting)
        if request.method != "POST":
            return _ask(request, acting, _open(acting, _begin(request, acting, draft)), draft)
        if "find" in request.POST:
            return _ask(request, acting, _open(acting, initial_of(DecisionForm, request.POST)), draft)
        form = _open(acting, request.POST.dict(), request)
        kept = form.keep(acting, "", draft.pk if draft else None, _version(request))
        if kept is None:
            return _ask(request, acting, form, draft, 422)
        return HttpResponseRedirect(path_to_draft(kept), status=303)
    except (Refused, NotUnderstood) as error:
        return answer_error(request, acting, error, "/desk/drafts")


def _find_draft(request: HttpRequest, acting: Acting) -> Draft | None:
    """Return the draft that is edited, None for a new one; raises NotFound, and Decided for one that is decided."""
    wanted = request.GET.get("draft")
    if not wanted:
        return None
    draft = drafts.find(acting, wanted)
    drafts.check_editable(acting, draft, DecisionForm.verb)
    return draft


def _version(request: HttpRequest) -> int | None:
    sent = request.POST.get("version", "")
    return int(sent) if sent.isdecimal() and len(sent) < 9 else None


def _begin(request: HttpRequest, acting: Acting, draft: Draft | None) -> dict[str, Any]:
    """Return what the form begins with."""
    if draft is not None:
        return initial_decision(draft.said)
    said: dict[str, Any] = {}
    if like := request.GET.get("like"):
        model = drafts.find(acting, like)
        said = {name: value for name, value in model.said.items() if name not in _OF_ITS_OWN}
        said["scope"] = {name: value for name, value in (said.get("scope") or {}).items() if name != "programmes"}
    if issuer := request.GET.get("issuer"):
        said["issuer"] = issuer[:36]
    return initial_decision(said)


def _open(acting: Acting, given: dict[str, Any], request: HttpRequest | None = None) -> DecisionForm:
    """Return the form with its pickers filled: bound to a request's content, or beginning with what is given."""
    cut = resolve_cut()
    agency_id = acting.organisation or str(given.get("agency") or "")
    agencies = list_agencies(cut, Filters(timezone.now(), status="recognised"), limit=MOST).items
    agency = next((one for one in agencies if one.id == agency_id), None)
    if request is None:
        form = DecisionForm(initial={**given, "agency": agency_id or None})
    else:
        sent = request.POST.copy()
        sent["agency"] = agency_id
        form = DecisionForm(sent, request.FILES)
    _fill(form, acting, agencies, agency, str(given.get("issuer") or ""), cut)
    return form


def _fill(
    form: DecisionForm,
    acting: Acting,
    agencies: list[AgencyRecord],
    agency: AgencyRecord | None,
    issuer: str,
    cut: Cut,
) -> None:
    node = read_register()
    form.offer(agency.scope if agency else UNRESTRICTED, node.territory if node else (), list_offers(issuer, cut))
    form.offer_agencies(agencies, agency.id if agency else "")
    choices = [(one.id, name_record(one).text) for one in agencies]
    own = [choice for choice in choices if choice[0] == acting.organisation]
    form.fields["agency"].choices = own or ([] if acting.organisation else [("", gettext("choose")), *choices])  # type: ignore[attr-defined]
    if acting.organisation and not own:
        form.fields["agency"].choices = [(acting.organisation, acting.organisation)]  # type: ignore[attr-defined]


def list_offers(issuer: str, cut: Cut) -> list[ProgrammeRecord]:
    """Return the programmes of an institution that are not closed."""
    if not is_uid(issuer):
        return []
    found = list_programmes(cut, Filters(timezone.now(), issuer=issuer), limit=MOST).items
    return [one for one in found if one.closure is None]


def _ask(
    request: HttpRequest, acting: Acting, form: DecisionForm, draft: Draft | None, status: int = 200
) -> HttpResponse:
    q = request.POST.get("q", "") if request.method == "POST" else request.GET.get("q", "")
    chosen = find_issuer(str(form["issuer"].value() or ""))
    context = {
        "place": "decisions",
        "form": form,
        "draft": draft,
        "q": q,
        "asked": "find" in request.POST,
        "found": find_issuers(q) if q and ("find" in request.POST or chosen is None) else [],
        "chosen": show_issuer(chosen) if chosen else None,
        "choose_agency": not acting.organisation,
        "open": OPEN,
    }
    return answer(request, acting, "desk/decision.html", context, status)


@needs(AGENCY, OPERATOR, ISSUER, methods=("GET", "HEAD"))
def find(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Answer with the institutions that a text may mean: a part of a page; `as` names the field they are for."""
    q, field = request.GET.get("q", ""), request.GET.get("as", "")
    if field:
        told = {"found": find_issuers(q), "q": q.strip()[:LONGEST], "as": field[:60]}
        return render(request, "desk/parts/issuer_choices.html", told)
    return render(request, "desk/parts/found_issuers.html", {"found": find_issuers(q), "q": q, "asked": True})


@needs(AGENCY, OPERATOR, methods=("GET", "HEAD"))
def offer(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Answer with the programmes of an institution to choose from: a part of a page."""
    found = list_offers(request.GET.get("issuer", ""), resolve_cut())
    form = DecisionForm(initial={})
    form.offer(UNRESTRICTED, (), found)
    return render(request, "desk/parts/programmes.html", {"form": form, "asked": True})
