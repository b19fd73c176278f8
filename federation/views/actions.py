"""Operators' actions on peers, in two steps without JavaScript: fill in, see what will happen, confirm.

| address | does |
|---|---|
| `/federation/peers/{id}/{verb}` | pause, resume, amend, unfreeze, withdraw (federation.views.verbs) |
| `/federation/alerts/{id}/settle` | settles an alert |

Adding a peer and confirming a changed key are in federation.views.meeting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
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
from federation.views.verbs import VERBS, Verb
from register.api.problems import describe_fault
from register.errors import Refused

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Review:
    """What the operator is shown before it is done: about whom, title, meaning, what was chosen, where to go back."""

    about: Words
    title: Words
    means: Words
    rows: list[Row]
    back: str
    recorded: bool = False
    grave: bool = False


def show_review(request: HttpRequest, review: Review, step: Step) -> HttpResponse:
    """Show what will happen, with the token that confirms just that."""
    context = {"review": review, "token": sign_step(request, step), "back": review.back}
    return answer_operator(request, "federation/review.html", context)


def carry_out(request: HttpRequest, do: Callable[[], object], done: Words, forth: str, back: str) -> HttpResponse:
    """Do it and lead on; or say in words why not, with nothing changed."""
    try:
        do()
    except (FederationError, Refused, ValidationError) as error:
        return answer_operator(request, "federation/refused.html", {"sentence": tell(error), "back": back}, 422)
    messages.success(request, str(done))
    return HttpResponseRedirect(forth, status=303)


def tell(error: Exception) -> str:
    """Return the sentence of an error for the operator."""
    if isinstance(error, ValidationError):
        return "; ".join(describe_fault(fault)["detail"] for fault in error.errors(include_url=False)[:5])
    return error.message if isinstance(error, Refused) else str(error)


@operators_only
def act(request: HttpRequest, id: UUID, verb: str) -> HttpResponse:
    """Ask, show, or do one action on a peer."""
    row, action = Following.objects.filter(peer=id).first(), VERBS.get(verb)
    if row is None or action is None:
        raise Http404
    back = f"/federation/peers/{id}"
    if row.status not in action.statuses:
        told = gettext("It is %(status)s at the moment, so this cannot be done.") % {"status": _STATUSES[row.status]}
        return answer_operator(request, "federation/refused.html", {"sentence": told, "back": back}, 409)
    if request.method == "POST" and "token" in request.POST:
        return _confirm(request, row, action, back)
    form = action.open_form(row, request.POST if request.method == "POST" else None)
    if not form.fields:
        form = action.open_form(row, {})
    if form.is_bound and form.is_valid():
        rows = [(_("Register"), f"{row.name}, {row.origin}"), *form.review()]
        review = Review(row.name, action.title, action.means, rows, back, action.recorded, action.grave)
        return show_review(request, review, Step(verb, str(id), _look(row), form.values()))
    context = {"form": form, "action": action, "row": row, "back": back}
    return answer_operator(request, "federation/action.html", context, 422 if form.is_bound else 200)


def _confirm(request: HttpRequest, row: Following, action: Verb, back: str) -> HttpResponse:
    def do() -> None:
        action.do(row.peer, read_step(request, action.verb, str(row.peer), _look(row)))

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
def settle_alert(request: HttpRequest, id: int) -> HttpResponse:
    """Show an alert that somebody has looked into, and settle it."""
    alert = Alert.objects.filter(id=id, settled_at=None).first()
    if alert is None:
        told = gettext("There is no such open alert; somebody may have settled it.")
        return answer_operator(request, "federation/refused.html", {"sentence": told}, 404)
    if request.method == "POST":

        def do() -> None:
            read_step(request, "settle", str(id), alert.message)
            settle(alert.origin, alert.code)

        return carry_out(request, do, _("The alert is settled."), "/federation", "/federation")
    rows: list[Row] = [(_("About"), alert.origin), (_("Alert"), alert.message)]
    means = _("It is no longer shown as open. Should the same happen again, there will be a new one.")
    review = Review(_("Alert"), _("Settle the alert"), means, rows, "/federation")
    return show_review(request, review, Step("settle", str(id), alert.message, {}))
