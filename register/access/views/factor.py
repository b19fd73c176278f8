"""`/sign-in/second-factor`: the second step of signing in; a code of an app, a recovery code, or a passkey."""

from __future__ import annotations

from urllib.parse import quote

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from register.access import passkeys
from register.access.acting import acting_of
from register.access.attempts import SECOND_FACTOR
from register.access.audit import note
from register.access.opening import open_page
from register.access.second_factor import CODES, check_code
from register.access.signing_in import (
    Pending,
    await_factor,
    complete,
    has_second_factor,
    read_onward,
    read_pending,
)
from register.access.views.signin import try_counting
from register.site.page import render_page


class CodeForm(forms.Form):
    """The six digits of an authenticator app, or a recovery code."""

    code = forms.CharField(
        label=_("Code"),
        help_text=_("The six digits that your authenticator app shows now, or one of your recovery codes."),
        max_length=40,
        error_messages={"required": _("Write the code.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "spellcheck": "false", "autocapitalize": "off", "class": "short"}
        ),
    )


@sensitive_post_parameters("code", "credential")
@open_page
def prove(request: HttpRequest) -> HttpResponse:
    """Ask for the second factor, check it, open the session."""
    pending = read_pending(request)
    if pending is None:
        return _lead(request)
    if request.method != "POST":
        return _show(request, pending, CodeForm())
    attempt = try_counting(request, pending.user.username, SECOND_FACTOR)
    if isinstance(attempt, HttpResponse):
        return attempt
    form = CodeForm(request.POST)
    factor = _check(request, pending.user, form)
    if factor is None:
        note(request, "second_factor_failed", person=pending.user)
        return _show(request, pending, form, 422)
    attempt.forgive()
    if factor.type == CODES:
        note(request, "recovery_code_used", person=pending.user)
    return complete(request, pending.user, pending.onward, factor)


def _check(request: HttpRequest, user: User, form: CodeForm) -> Authenticator | None:
    """Return the factor that was proven; otherwise say in the form what was wrong."""
    answer = request.POST.get("credential", "")
    if answer:
        factor = passkeys.check(user, answer)
        wrong = gettext("This passkey did not fit. Try again, or use a code.")
    else:
        factor = check_code(user, form.cleaned_data["code"]) if form.is_valid() else None
        wrong = gettext("This code is wrong, or was used already. Wait for the next one and try again.")
    if factor is None and not form.errors.get("code"):
        form.is_valid()
        form.errors.pop("code", None)
        form.add_error(None if answer else "code", wrong)
    return factor


def _show(request: HttpRequest, pending: Pending, form: CodeForm, status: int = 200) -> HttpResponse:
    usable = passkeys.have(pending.user) and passkeys.are_possible(request)
    context = {
        "form": form,
        "email": pending.user.email,
        "passkey": passkeys.ask(pending.user) if usable else "",
        "codes": Authenticator.objects.filter(user=pending.user, type__in=("totp", CODES)).exists(),
    }
    return render_page(request, "access/second_factor.html", context, status)


def _lead(request: HttpRequest) -> HttpResponse:
    """Lead whoever owes no second factor to where it begins: signing in, proving it now, or setting one up."""
    onward = read_onward(request)
    if not request.user.is_authenticated:
        return HttpResponseRedirect(f"/sign-in?next={quote(onward)}" if onward else "/sign-in")
    acting = acting_of(request)
    if acting is not None and acting.proven:
        return HttpResponseRedirect(onward or acting.home)
    user = User.objects.get(pk=request.user.pk)
    if has_second_factor(user):
        await_factor(request, user, onward)
        return HttpResponseRedirect("/sign-in/second-factor")
    return HttpResponseRedirect(f"/account/second-factor?next={quote(onward)}" if onward else "/account/second-factor")
