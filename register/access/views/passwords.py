"""Passwords: changing one's own, and a new one by mail; either ends all other sessions."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.encoding import force_str
from django.utils.http import urlsafe_base64_decode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from register.access.addresses import read_network
from register.access.attempts import NEW_PASSWORD
from register.access.audit import note
from register.access.letters import tell_person
from register.access.opening import confirmed, open_page
from register.access.password_links import ask_for_link
from register.access.sessions import end_sessions, move_session
from register.access.signing_in import is_for_demonstration
from register.access.views.frame import answer_account, person_of
from register.access.views.signin import try_counting
from register.site.page import render_page

_RESET: Final = "password_reset"
"""Key of the session that holds the token of a mail, so that it leaves the address (as Django's own view does)."""


class NewPasswordForm(SetPasswordForm):  # type: ignore[type-arg]  # it takes none while running
    """A new password, twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        first, second = self.fields["new_password1"], self.fields["new_password2"]
        first.label, second.label = _("New password"), _("New password once more")
        first.help_text = _("At least 12 characters. A sentence is easier to remember and harder to guess.")
        second.help_text = ""
        for field in (first, second):
            field.error_messages["required"] = _("Write the new password.")
            field.widget.attrs["maxlength"] = 1024


class EmailForm(forms.Form):
    """The e-mail of an account."""

    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        error_messages={"required": _("Write the e-mail of your account."), "invalid": _("This is no e-mail address.")},
        widget=forms.EmailInput(attrs={"autocomplete": "username", "spellcheck": "false"}),
    )


@sensitive_post_parameters()
@confirmed
def change(request: HttpRequest) -> HttpResponse:
    """Change one's own password; this session stays, all others end."""
    user = person_of(request)
    exempt = is_for_demonstration(user)
    form = NewPasswordForm(user, request.POST or None)
    if request.method == "POST" and not exempt and form.is_valid():
        _set(request, user, form)
        former = request.session.session_key
        update_session_auth_hash(request, user)
        move_session(former, request.session.session_key)
        messages.success(request, gettext("Your password is changed. All other sessions are ended."))
        return HttpResponseRedirect("/account/password", status=303)
    context = {"place": "password", "form": form, "exempt": exempt}
    return answer_account(request, "access/password.html", context, 422 if form.errors else 200)


@transaction.atomic
def _set(request: HttpRequest, user: User, form: NewPasswordForm) -> None:
    form.save()
    end_sessions(user, but=request.session.session_key)
    note(request, "password_changed", person=user)
    tell_person(user, "password_changed")


@open_page
def ask(request: HttpRequest) -> HttpResponse:
    """Have a link to a new password sent; the answer is the same, and as quick, whether there is such an account."""
    form = EmailForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render_page(request, "access/new_password_ask.html", {"form": form}, 422 if form.errors else 200)
    email = form.cleaned_data["email"].lower()
    refused = try_counting(request, email, NEW_PASSWORD)
    if isinstance(refused, HttpResponse):
        return refused
    person = User.objects.filter(username=email, is_active=True).values_list("pk", flat=True).first()
    ask_for_link(person, read_network(request))
    return render_page(request, "access/new_password_asked.html", {"email": email, "sends": settings.ASSAY_MAIL_SENDS})


@sensitive_post_parameters()
@open_page
def choose(request: HttpRequest, person: str, token: str) -> HttpResponse:
    """Choose a new password by the link of a mail; the token moves from the address to the session first."""
    user = _find(person)
    if token != "choose":
        if user is None or not default_token_generator.check_token(user, token):
            return _quiet(render_page(request, "access/new_password_gone.html", {}, 410))
        request.session[_RESET] = token
        return HttpResponseRedirect(f"/password/{person}/choose")
    if user is None or not default_token_generator.check_token(user, request.session.get(_RESET, "")):
        return render_page(request, "access/new_password_gone.html", {}, 410)
    form = NewPasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        del request.session[_RESET]
        _set(request, user, form)
        messages.success(request, gettext("Your password is changed. Sign in with it."))
        return HttpResponseRedirect("/sign-in", status=303)
    return render_page(request, "access/new_password.html", {"form": form}, 422 if form.errors else 200)


def _find(person: str) -> User | None:
    try:
        key = force_str(urlsafe_base64_decode(person))
    except (ValueError, UnicodeDecodeError):
        return None
    number = int(key) if key.isdecimal() and len(key) < 19 else 0
    user = User.objects.filter(pk=number, is_active=True).first()
    return None if user is None or is_for_demonstration(user) else user


def _quiet(response: HttpResponse) -> HttpResponse:
    """Keep Django from logging the address of a refused link, which holds a secret."""
    response._has_been_logged = True  # type: ignore[attr-defined]  # read by django.utils.log.log_response
    return response
