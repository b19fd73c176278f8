"""`/sign-in` and `/sign-out`: Django's own views with the site's look, for people with a membership.

By e-mail and password. A second factor comes with the desk for agencies; until then a password is all that stands
between a stranger and an operator's actions here, which federation/views/README.md says too.
"""

from __future__ import annotations

import logging
from typing import Any

from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework.throttling import BaseThrottle

from federation.attempts import Attempt, AttemptsNotCounted, TooManyAttempts, count_attempt
from federation.views.frame import answer_framed, frame
from federation.views.words import spell_limit
from register.access.models import Membership
from register.site.page import choose_language

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

    def confirm_login_allowed(self, user: AbstractBaseUser) -> None:
        """Let in whoever is active and has a membership."""
        super().confirm_login_allowed(user)  # type: ignore[arg-type]  # the stubs want the default user
        if not Membership.objects.filter(user_id=user.pk).exists():
            raise self.get_invalid_login_error()


class SignIn(LoginView):
    """The form, what was wrong with it, and the way back to where one was."""

    template_name = "federation/sign_in.html"
    authentication_form = SignInForm
    next_page = "/federation"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer in the language of the pages."""
        with translation.override(choose_language(request)):
            response = super().dispatch(request, *args, **kwargs)
            if isinstance(response, TemplateResponse):
                response.render()
                response["Content-Language"] = translation.get_language() or ""
            return response

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Count the attempt, look at the password, take the attempt back if it was good."""
        try:
            attempt = count_attempt(request.POST.get("username", "")[:254], BaseThrottle().get_ident(request))  # type: ignore[arg-type]
        except TooManyAttempts as error:
            return _refuse(request, error)
        except AttemptsNotCounted:
            told = gettext("Failed attempts cannot be counted at the moment, so nobody can sign in. Try again later.")
            return answer_framed(request, "federation/refused.html", {"sentence": told}, 503)
        self.attempt: Attempt = attempt
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Let in, and forget the person's failures."""
        self.attempt.forgive()
        return super().form_valid(form)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Show the form again with what was wrong; 422, so that it is no success to a program."""
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what the site's frame says."""
        return {**super().get_context_data(**kwargs), **frame(), "section": ""}


def _refuse(request: HttpRequest, error: TooManyAttempts) -> HttpResponse:
    log.warning("attempts to sign in are refused: too many failures")
    wait = spell_limit(max(60, error.seconds))
    told = gettext("There were too many failed attempts for this account or from this address. Try again in %(wait)s.")
    response = answer_framed(request, "federation/refused.html", {"sentence": told % {"wait": wait}}, 429)
    response["Retry-After"] = str(error.seconds)
    return response


class SignOut(LogoutView):
    """Ends the session; by POST alone, so that no link from elsewhere does it."""

    next_page = "/federation"


def explain_csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say what to do when a form came without its token: cookies are off, or the form was too old."""
    told = gettext("The form was not sent from this site, was too old, or cookies are off. Open the page again.")
    with translation.override(choose_language(request)):
        return answer_framed(request, "federation/refused.html", {"sentence": told}, 403)
