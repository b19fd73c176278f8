"""`/account/second-factor`: setting up an authenticator app, passkeys and recovery codes, and taking them away."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from register.access import passkeys
from register.access.acting import FACTOR
from register.access.attempts import SECOND_FACTOR
from register.access.audit import note
from register.access.letters import tell_person
from register.access.opening import confirmed
from register.access.second_factor import (
    APP,
    CODES,
    PASSKEY,
    add_app,
    count_recovery_codes,
    make_recovery_codes,
    remove_factor,
)
from register.access.sessions import renew_session
from register.access.signing_in import is_for_demonstration, read_onward
from register.access.views.frame import answer_account, person_of
from register.access.views.signin import try_counting
from register.access.words import FACTORS
from register.qr_codes import draw_code

_SECRET: Final = "totp_secret"
"""Key of the session that holds the secret of an app until its first code proves it."""

_FORTH: Final = "after_factor"
"""Key of the session: where to go on once a second factor is set up."""


class AppForm(forms.Form):
    """The first code of a new authenticator app."""

    code = forms.CharField(
        label=_("Code that the app shows now"),
        max_length=20,
        error_messages={"required": _("Write the six digits that the app shows.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false", "class": "short"}
        ),
    )


class PasskeyForm(forms.Form):
    """What a new passkey is called."""

    name = forms.CharField(
        label=_("Name"),
        help_text=_("To know it again, such as “Work laptop” or “Blue key”."),
        max_length=60,
        error_messages={"required": _("Give it a name.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


@confirmed
def show_factors(request: HttpRequest) -> HttpResponse:
    """Show which second factors the person has, and how to add one."""
    user = person_of(request)
    onward = read_onward(request)
    if onward:
        request.session[_FORTH] = onward
    rows = Authenticator.objects.filter(user=user, type__in=(APP, PASSKEY)).order_by("created_at")
    context = {
        "place": "second-factor",
        "factors": [(row, FACTORS[row.type], row.wrap().name if row.type == PASSKEY else "") for row in rows],
        "has_app": any(row.type == APP for row in rows),
        "left": count_recovery_codes(user),
        "exempt": is_for_demonstration(user),
        "passkeys": passkeys.are_possible(request),
        "onward": request.session.get(_FORTH, "") if rows else "",
    }
    return answer_account(request, "access/factors.html", context)


@sensitive_post_parameters("code")
@confirmed
def set_up_app(request: HttpRequest) -> HttpResponse:
    """Show the secret of a new app as a QR code and as text; add it once a code of it is right."""
    user = _may_add(request, APP)
    if isinstance(user, HttpResponse):
        return user
    secret = request.session.setdefault(_SECRET, generate_totp_secret())
    form = AppForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        attempt = try_counting(request, user.username, SECOND_FACTOR)
        if isinstance(attempt, HttpResponse):
            return attempt
        code = form.cleaned_data["code"]
        added = _add(request, lambda: add_app(user, secret, code))
        if added is not None:
            attempt.forgive()
            del request.session[_SECRET]
            return _welcome(request, user, added)
        form.add_error("code", gettext("This code is wrong. Look whether the clock of your phone is right."))
    address = get_adapter().build_totp_url(user, secret)
    context = {
        "place": "second-factor",
        "form": form,
        "drawing": _draw(address),
        "secret": " ".join(re.findall("....?", secret)),
    }
    return answer_account(request, "access/set_up_app.html", context, 422 if form.errors else 200)


def _draw(address: str) -> SafeString:
    return mark_safe(draw_code(address, gettext("Code for your authenticator app")).decode())  # our own drawing


def _add(request: HttpRequest, make: Callable[[], Authenticator | None]) -> Authenticator | None:
    """Add a factor and note that, both or neither; None when it does not fit, or another window was faster."""
    try:
        with transaction.atomic():
            added = make()
            if added is not None:
                note(request, "second_factor_added", str(FACTORS[added.type]))
            return added
    except IntegrityError:
        return None


@sensitive_post_parameters("credential")
@confirmed
def set_up_passkey(request: HttpRequest) -> HttpResponse:
    """Add a passkey that the browser makes; this needs a script, as browsers give passkeys to nothing else."""
    user = _may_add(request, PASSKEY)
    if isinstance(user, HttpResponse):
        return user
    form = PasskeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name, answer = form.cleaned_data["name"], request.POST.get("credential", "")
        added = _add(request, lambda: passkeys.add(user, name, answer))
        if added is not None:
            return _welcome(request, user, added)
        form.add_error(None, gettext("The browser made no passkey that fits. Try again."))
    context = {
        "place": "second-factor",
        "form": form,
        "possible": passkeys.are_possible(request),
        "passkey": passkeys.ask_to_add(user) if passkeys.are_possible(request) else "",
    }
    return answer_account(request, "access/set_up_passkey.html", context, 422 if form.errors else 200)


def _may_add(request: HttpRequest, kind: str) -> User | HttpResponse:
    """Return the person; or lead back whoever has an app already, or is of the demonstration."""
    user = person_of(request)
    taken = kind == APP and Authenticator.objects.filter(user=user, type=APP).exists()
    return HttpResponseRedirect("/account/second-factor") if taken or is_for_demonstration(user) else user


def _welcome(request: HttpRequest, user: User, added: Authenticator) -> HttpResponse:
    """Let this session count as opened with the new factor, and give recovery codes with the first one."""
    request.session[FACTOR] = added.pk
    renew_session(request)
    tell_person(user, "factor_added", factor=FACTORS[added.type])
    if count_recovery_codes(user) is None:
        return _show_codes(request, make_recovery_codes(user))
    messages.success(request, gettext("The second factor is added."))
    return HttpResponseRedirect(request.session.pop(_FORTH, "") or "/account/second-factor", status=303)


def _show_codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    halves = [f"{code[:4]} {code[4:]}" for code in codes]
    onward = request.session.pop(_FORTH, "") or "/account"
    context = {"place": "second-factor", "codes": halves, "onward": onward}
    return answer_account(request, "access/recovery_codes.html", context)


@confirmed
def renew_codes(request: HttpRequest) -> HttpResponse:
    """Make new recovery codes, once asked whether to."""
    user = person_of(request)
    if count_recovery_codes(user) is None:
        return HttpResponseRedirect("/account/second-factor")
    if request.method != "POST":
        return answer_account(request, "access/renew_codes.html", {"place": "second-factor"})
    with transaction.atomic():
        codes = make_recovery_codes(user)
        note(request, "recovery_codes_made")
    tell_person(user, "codes_made")
    return _show_codes(request, codes)


@confirmed
def remove(request: HttpRequest, id: int) -> HttpResponse:
    """Take away a second factor, once asked whether to."""
    user = person_of(request)
    row = Authenticator.objects.filter(user=user, pk=id).exclude(type=CODES).first()
    if row is None:
        raise Http404
    last = not Authenticator.objects.filter(user=user).exclude(type=CODES).exclude(pk=id).exists()
    if request.method != "POST":
        context = {"place": "second-factor", "factor": FACTORS[row.type], "last": last}
        return answer_account(request, "access/remove_factor.html", context)
    with transaction.atomic():
        remove_factor(user, id)
        note(request, "second_factor_removed", str(FACTORS[row.type]))
    tell_person(user, "factor_removed", factor=FACTORS[row.type])
    messages.success(request, gettext("The second factor is removed."))
    return HttpResponseRedirect("/account/second-factor", status=303)
