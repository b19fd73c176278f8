"""`/desk`: what waits for oneself. `/desk/four-eyes`: for what one's organisation wants a second person."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from register.access.acting import Acting, needs
from register.access.roles import AUDITOR, ROLES
from register.desk import drafts, four_eyes
from register.desk.forms import path_to_draft
from register.desk.home import find_waiting
from register.desk.models import Draft
from register.desk.page import answer, answer_error
from register.errors import NotUnderstood, Refused


@needs(*ROLES, AUDITOR, methods=("GET", "HEAD"))
def show_home(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Show what waits; an auditor, who has no desk, is led to the operator's board."""
    if acting.role == AUDITOR:
        return HttpResponseRedirect("/operator")
    return answer(request, acting, "desk/home.html", {"place": "home", "waiting": find_waiting(acting, timezone.now())})


class ChoiceForm(forms.Form):
    """For what a second person is asked."""

    verbs = forms.MultipleChoiceField(
        label=_("Two people for"), required=False, widget=forms.CheckboxSelectMultiple, choices=()
    )

    def __init__(self, role: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["verbs"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(code, four_eyes.WORDS[code]) for code in four_eyes.choosable(role)]


@needs(*ROLES)
def choose_four_eyes(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Show and change for what a second person is asked; to ask for less waits for a second person itself."""
    try:
        draft = _find_draft(request, acting)
        now = four_eyes.choice_of(acting.role, acting.organisation)
        begun = draft.said["verbs"] if draft else sorted(now)
        form = ChoiceForm(acting.role, request.POST if request.method == "POST" else None, initial={"verbs": begun})
        if form.is_bound and form.is_valid():
            return _choose(request, acting, form.cleaned_data["verbs"], draft)
    except (Refused, NotUnderstood) as error:
        return answer_error(request, acting, error, "/desk/four-eyes")
    context = {
        "place": "four-eyes",
        "form": form,
        "draft": draft,
        "usual": now == four_eyes.DEFAULT_VERBS & frozenset(four_eyes.choosable(acting.role)),
        "approvers": four_eyes.count_approvers(acting.role, acting.organisation, acting.user),
    }
    return answer(request, acting, "desk/four_eyes.html", context, 422 if form.is_bound else 200)


def _find_draft(request: HttpRequest, acting: Acting) -> Draft | None:
    wanted = request.GET.get("draft")
    if not wanted:
        return None
    draft = drafts.find(acting, wanted)
    drafts.check_editable(acting, draft, four_eyes.SETTING)
    return draft


def _choose(request: HttpRequest, acting: Acting, verbs: list[str], draft: Draft | None) -> HttpResponse:
    kept = drafts.choose_four_eyes(acting, verbs, draft)
    if kept is not None:
        return HttpResponseRedirect(path_to_draft(kept), status=303)
    messages.success(request, gettext("From now on this holds for everybody in your organisation."))
    return HttpResponseRedirect("/desk/four-eyes", status=303)
