"""Operators' actions on peers: what is said for good becomes a draft of the desk, the rest is shown and done here.

| address | does |
|---|---|
| `/federation/peers/{id}/{verb}` | pause, resume; drafts of amend, unfreeze, withdraw (federation.views.verbs) |
| `/federation/alerts/{id}/settle` | settles an alert |

Adding a peer and confirming a changed key are in federation.views.meeting. Whatever is done here is noted in the audit
record, in the transaction that does it; the desk notes drafts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError

from federation.alerts import settle
from federation.errors import FederationError
from federation.models import Alert, Following
from federation.views.forms import Row
from federation.views.operators import answer_operator, operators_only
from federation.views.steps import Step, read_step, sign_step
from federation.views.verbs import VERBS, Form, Verb
from register.access.acting import Acting
from register.access.audit import note
from register.api.problems import describe_fault
from register.desk import drafts
from register.desk.forms import start_draft
from register.desk.models import Draft
from register.errors import Refused
from register.faults import say_fault
from register.sentences import cite, join, say
from register.site.telling import tell as tell_text

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Review:
    """What the operator is shown before it is done: about whom, title, meaning, what was chosen, where to go back."""

    about: Words
    title: Words
    means: Words
    rows: list[Row]
    back: str


def show_review(request: HttpRequest, review: Review, step: Step) -> HttpResponse:
    """Show what will happen, with the token that confirms just that."""
    context = {"review": review, "token": sign_step(request, step), "back": review.back}
    return answer_operator(request, "federation/review.html", context)


def carry_out(request: HttpRequest, do: Callable[[], object], done: Words, forth: str, back: str) -> HttpResponse:
    """Do it and lead on; or say in words why not, with nothing changed."""
    try:
        with transaction.atomic():
            do()
    except (FederationError, Refused, ValidationError) as error:
        return answer_operator(request, "federation/refused.html", {"sentence": tell(error), "back": back}, 422)
    messages.success(request, str(done))
    return HttpResponseRedirect(forth, status=303)


def draft_or_tell(
    request: HttpRequest,
    acting: Acting,
    verb: str,
    subject: str,
    read: Callable[[], Mapping[str, Any]],
    draft: Draft | None,
    back: str,
) -> HttpResponse:
    """Keep what was decided as a draft and lead to its preview; or say in words why not."""
    held = (draft.pk, draft.version) if draft is not None else (None, None)
    try:
        return start_draft(request, acting, verb, subject, read(), *held)
    except (FederationError, Refused, ValidationError) as error:
        return answer_operator(request, "federation/refused.html", {"sentence": tell(error), "back": back}, 422)


def find_draft(request: HttpRequest, acting: Acting, verb: str, subject: str) -> Draft | None:
    """Return the open draft that is to be changed (`?draft=ID`), None for a new one and for one of something else."""
    named = request.GET.get("draft", "")
    if not named:
        return None
    try:
        draft = drafts.find(acting, named)
        drafts.check_editable(acting, draft, verb)
    except Refused as error:
        raise Http404 from error
    return draft if draft.subject == subject else None


def tell(error: Exception) -> str:
    """Return the sentence of an error for the operator."""
    if isinstance(error, ValidationError):
        return join((_say_fault(fault) for fault in error.errors(include_url=False)[:5]), "; ")
    return error.message if isinstance(error, Refused) else str(error)


def _say_fault(fault: Any) -> str:
    field = describe_fault(fault)["field"]
    return say("{field}: {fault}", field=field, fault=cite(say_fault(fault))) if field else say_fault(fault)


@operators_only
def act(request: HttpRequest, acting: Acting, id: UUID, verb: str) -> HttpResponse:
    """Ask what there is to ask; then draft it, or show it and do it."""
    row, action = Following.objects.filter(peer=id).first(), VERBS.get(verb)
    if row is None or action is None:
        raise Http404
    back = f"/federation/peers/{id}"
    if row.status not in action.statuses:
        told = gettext("It is %(status)s at the moment, so this cannot be done.") % {"status": _STATUSES[row.status]}
        return answer_operator(request, "federation/refused.html", {"sentence": told, "back": back}, 409)
    if request.method == "POST" and "token" in request.POST and not action.draft:
        return _confirm(request, acting, row, action, back)
    draft = find_draft(request, acting, action.draft, str(id)) if action.draft else None
    form = action.open_form(row, request.POST if request.method == "POST" else None, draft.said if draft else {})
    if not form.fields:
        form = action.open_form(row, {}, {})
    if form.is_bound and form.is_valid():
        if action.draft:
            return draft_or_tell(request, acting, action.draft, str(id), form.values, draft, back)
        return _review(request, row, action, form, back)
    context = {"form": form, "action": action, "row": row, "back": back}
    return answer_operator(request, "federation/action.html", context, 422 if form.is_bound else 200)


def _review(request: HttpRequest, row: Following, action: Verb, form: Form, back: str) -> HttpResponse:
    rows = [(_("Register"), f"{row.name}, {row.origin}"), *form.review()]
    review = Review(row.name, action.title, action.means, rows, back)
    return show_review(request, review, Step(action.verb, str(row.peer), _look(row), form.values()))


def _confirm(request: HttpRequest, acting: Acting, row: Following, action: Verb, back: str) -> HttpResponse:
    def do() -> None:
        values = read_step(request, action.verb, str(row.peer), _look(row))
        note(acting, action.code, back, name=row.name, reason=str(values.get("reason", "")))
        action.do(row.peer, values)

    return carry_out(request, do, action.done, back, back)


def _look(row: Following) -> str:
    """Return what an operator decides upon: when it is another by now, they have to look again."""
    return f"{row.status} {row.remit} {row.max_age_seconds} {' '.join(row.vkeys)}"


_STATUSES: Mapping[str, Any] = {
    "following": _("followed"),
    "paused": _("paused"),
    "frozen": _("frozen"),
    "withdrawn": _("withdrawn"),
}


@operators_only
def settle_alert(request: HttpRequest, acting: Acting, id: int) -> HttpResponse:
    """Show an alert that somebody has looked into, and settle it."""
    alert = Alert.objects.filter(id=id, settled_at=None).first()
    if alert is None:
        told = gettext("There is no such open alert; somebody may have settled it.")
        return answer_operator(request, "federation/refused.html", {"sentence": told}, 404)
    if request.method == "POST":

        def do() -> None:
            read_step(request, "settle", str(id), alert.message)
            if settle(alert.origin, alert.code):
                note(acting, "alert_settled", alert.origin, alert=alert.code)

        return carry_out(request, do, _("The alert is settled."), "/federation", "/federation")
    rows: list[Row] = [(_("About"), alert.origin), (_("Alert"), tell_text(alert.said, capital=True))]
    means = _("It is no longer shown as open. Should the same happen again, there will be a new one.")
    review = Review(_("Alert"), _("Settle the alert"), means, rows, "/federation")
    return show_review(request, review, Step("settle", str(id), alert.message, {}))
