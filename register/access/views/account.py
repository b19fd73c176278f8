"""`/account`: memberships and as what one acts; `/account/confirm`; `/account/sessions`."""

from __future__ import annotations

import time

from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from register.access.acting import MEMBERSHIP, act_in, acting_of
from register.access.attempts import PASSWORD
from register.access.audit import note
from register.access.bindings import list_bindings, unbind_own
from register.access.models import Membership
from register.access.opening import confirmed, signed_in
from register.access.organisations import name_organisations
from register.access.second_factor import count_recovery_codes
from register.access.sessions import end_session, end_sessions, forget_session, list_sessions
from register.access.signing_in import CONFIRMED, has_second_factor, read_onward
from register.access.views.frame import answer_account, person_of
from register.access.views.signin import try_counting
from register.access.words import MEANINGS, name_browser, name_role
from register.errors import Refused


@signed_in
def show_account(request: HttpRequest) -> HttpResponse:
    """Show what the person belongs to, as what they act now, and how safe the account is."""
    user, acting = person_of(request), acting_of(request)
    rows = list(Membership.objects.filter(user=user).order_by("id"))
    names = name_organisations([(row.role, row.organisation) for row in rows])
    context = {
        "place": "account",
        "person": user,
        "memberships": [
            {
                "id": row.pk,
                "role": name_role(row.role, row.approves),
                "means": MEANINGS[row.role],
                "name": names.get(row.organisation, ""),
                "current": acting is not None and acting.membership == row.pk,
                "demonstration": row.demonstration,
            }
            for row in rows
        ],
        "bindings": list_bindings(user),
        "has_password": user.has_usable_password(),
        "strong": has_second_factor(user),
        "left": count_recovery_codes(user),
        "exempt": any(row.demonstration for row in rows),
    }
    return answer_account(request, "access/account.html", context)


@confirmed
def disconnect(request: HttpRequest) -> HttpResponse:
    """Take the own single sign-on away."""
    if request.method == "POST":
        try:
            unbind_own(request, person_of(request))
        except Refused:
            messages.error(request, gettext("Choose a password first: without one you could not sign in any more."))
        else:
            messages.success(request, gettext("Single sign-on is disconnected, and all other sessions are ended."))
    return HttpResponseRedirect("/account", status=303)


def read_id(text: str) -> int:
    """Return the id that a form names; 0, which nothing has, for what is no number of usual length."""
    return int(text) if text.isdecimal() and len(text) < 19 else 0


@signed_in
def act_as(request: HttpRequest) -> HttpResponse:
    """Choose the membership to act in, for this session."""
    wished = request.POST.get("membership", "")
    row = Membership.objects.filter(user=person_of(request), pk=read_id(wished)).first()
    if request.method != "POST" or row is None:
        return HttpResponseRedirect("/account")
    request.session[MEMBERSHIP] = row.pk
    return HttpResponseRedirect(act_in(row).home, status=303)


class ConfirmForm(forms.Form):
    """The password once more."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=1024,
        error_messages={"required": _("Write your password.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


@sensitive_post_parameters("password")
@signed_in
def confirm(request: HttpRequest) -> HttpResponse:
    """Ask for the password before something is changed that one signs in with; whoever has none signs in anew."""
    user, onward = person_of(request), read_onward(request)
    if not user.has_usable_password():
        forget_session(request)
        logout(request)
        return HttpResponseRedirect("/sign-in?next=/account")
    form = ConfirmForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        attempt = try_counting(request, user.username, PASSWORD)
        if isinstance(attempt, HttpResponse):
            return attempt
        if user.check_password(form.cleaned_data["password"]):
            attempt.forgive()
            request.session[CONFIRMED] = int(time.time())
            return HttpResponseRedirect(onward or "/account", status=303)
        note(request, "sign_in_failed")
        form.add_error("password", gettext("This is not your password. Try again."))
    context = {"place": "", "form": form, "next": onward}
    return answer_account(request, "access/confirm.html", context, 422 if form.errors else 200)


@signed_in
def show_sessions(request: HttpRequest) -> HttpResponse:
    """Show where the person is signed in."""
    rows = list_sessions(person_of(request))
    key = request.session.session_key
    context = {
        "place": "sessions",
        "sessions": [
            {
                "id": row.pk,
                "browser": name_browser(row.user_agent),
                "since": row.created_at,
                "network": row.ip,
                "current": row.session_key == key,
            }
            for row in rows
        ],
    }
    return answer_account(request, "access/sessions.html", context)


@signed_in
def end_one(request: HttpRequest) -> HttpResponse:
    """End one session, or all but this one."""
    user, wished = person_of(request), request.POST.get("session", "")
    if request.method != "POST":
        return HttpResponseRedirect("/account/sessions")
    if wished == "others":
        count = end_sessions(user, but=request.session.session_key)
        note(request, "sessions_ended", count=count)
        messages.success(request, gettext("All other sessions are ended."))
    elif end_session(user, read_id(wished)):
        note(request, "session_ended")
        messages.success(request, gettext("The session is ended."))
    return HttpResponseRedirect("/account/sessions", status=303)
