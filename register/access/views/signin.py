"""`/sign-in` and `/sign-out`: e-mail and password, then the second factor of those who have one."""

from __future__ import annotations

import logging
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from register.access import passkeys
from register.access.addresses import read_address
from register.access.attempts import PASSWORD, Attempt, AttemptsNotCounted, TooManyAttempts, count_attempt
from register.access.audit import note
from register.access.models import Membership
from register.access.opening import open_page
from register.access.sessions import forget_session
from register.access.signing_in import begin, read_onward
from register.site.language import speak
from register.site.page import choose_language, render_page

log = logging.getLogger(__name__)


class SignInForm(AuthenticationForm):
    """E-mail and password; the same sentence whatever was wrong, so that nobody learns which accounts exist."""

    error_messages = {
        "invalid_login": _("This e-mail and this password do not belong together here. Try again."),
        "inactive": _("This e-mail and this password do not belong together here. Try again."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        email, password = self.fields["username"], self.fields["password"]
        email.label, password.label = _("E-mail"), _("Password")
        email.error_messages["required"] = _("Write the e-mail of your account.")
        password.error_messages["required"] = _("Write your password.")
        email.widget = forms.EmailInput(attrs={"autocomplete": "username", "maxlength": 254, "spellcheck": "false"})
        password.widget.attrs["maxlength"] = 1024

    def clean_username(self) -> str:
        """Accounts are known by their e-mail in small letters."""
        return str(self.cleaned_data["username"]).strip().lower()

    def confirm_login_allowed(self, user: AbstractBaseUser) -> None:
        """Let in whoever is active and has a membership."""
        super().confirm_login_allowed(user)  # type: ignore[arg-type]  # the stubs want the default user
        if not Membership.objects.filter(user_id=user.pk).exists():
            raise self.get_invalid_login_error()


@sensitive_post_parameters("password")
@open_page
def sign_in(request: HttpRequest) -> HttpResponse:
    """Show the form; count the attempt, look at the password, take the attempt back if it was good."""
    if request.method != "POST":
        return show_form(request, SignInForm(request))
    email = request.POST.get("username", "").replace("\0", "")[:254].strip().lower()
    attempt = try_counting(request, email, PASSWORD)
    if isinstance(attempt, HttpResponse):
        return attempt
    form = SignInForm(request, data=request.POST)
    if not form.is_valid():
        if email:
            person = User.objects.filter(username=email).first()
            note(request, "sign_in_failed", "" if person else gettext("an account that does not exist"), person=person)
        return show_form(request, form, 422)
    attempt.forgive()
    user = form.get_user()
    return begin(request, user, read_onward(request))


def show_form(request: HttpRequest, form: SignInForm, status: int = 200) -> HttpResponse:
    """Show the form of e-mail and password."""
    context = {
        "form": form,
        "next": read_onward(request),
        "passkey": passkeys.are_possible(request),
        "single_sign_on": settings.ASSAY_OIDC_NAME,
    }
    return render_page(request, "access/sign_in.html", context, status)


def try_counting(request: HttpRequest, email: str, what: str) -> Attempt | HttpResponse:
    """Count an attempt; where that is refused, return the page that says so."""
    try:
        return count_attempt(email, read_address(request), what)
    except TooManyAttempts as error:
        if error.first:
            note(request, "sign_in_refused", person=User.objects.filter(username=email).first())
        return refuse(request, error)
    except AttemptsNotCounted:
        told = gettext("Failed attempts cannot be counted at the moment, so nobody can sign in. Try again later.")
        return render_page(request, "access/refused.html", {"sentence": told}, 503)


def refuse(request: HttpRequest, error: TooManyAttempts) -> HttpResponse:
    """Say that there were too many failures and when to try again."""
    log.warning("attempts to sign in are refused: too many failures")
    minutes = max(1, -(-error.seconds // 60))
    told = ngettext(
        "There were too many failed attempts for this account or from this address. Try again in a minute.",
        "There were too many failed attempts for this account or from this address. Try again in %(count)d minutes.",
        minutes,
    )
    response = render_page(request, "access/refused.html", {"sentence": told % {"count": minutes}}, 429)
    response["Retry-After"] = str(error.seconds)
    return response


def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session; by POST alone, so that no link from elsewhere does it. Who types the address is asked."""
    if request.method != "POST":
        response = render_page(request, "access/sign_out.html", {}, 405)
        response["Allow"] = "POST"
        return response
    if request.user.is_authenticated:
        note(request, "signed_out")
        forget_session(request)
    logout(request)
    return HttpResponseRedirect("/")


def explain_csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say what to do when a form came without its token: cookies are off, or the form was too old."""
    told = gettext("The form was not sent from this site, was too old, or cookies are off. Open the page again.")
    with speak(choose_language(request)):
        return render_page(request, "access/refused.html", {"sentence": told, "back": request.get_full_path()}, 403)
