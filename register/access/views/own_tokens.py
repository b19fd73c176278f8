"""`/account/tokens`: tokens for programs, made for the membership one acts in; the secret is shown once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from register.access.acting import Acting, needs
from register.access.audit import note
from register.access.models import Membership, Token
from register.access.opening import confirmed
from register.access.organisations import name_organisation
from register.access.roles import AGENCY, AUDITOR, ISSUER, OPERATOR, READ, VERBS, WRITE, allowed_verbs
from register.access.tokens import create_token, end_token
from register.access.verb_words import VERB_WORDS
from register.access.views.frame import answer_account
from register.access.words import name_role
from register.errors import Refused

DAYS: Final = (1, 7, 30, 90, 365)


class TokenForm(forms.Form):
    """What a token is for, what it may say, how long it lives."""

    name = forms.CharField(
        label=_("Name"),
        help_text=_("What it is for, such as “Student information system”."),
        max_length=100,
        error_messages={"required": _("Say what it is for.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    days = forms.TypedChoiceField(label=_("Ends after"), coerce=int)
    scope = forms.MultipleChoiceField(
        label=_("What it may do"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Reading is always allowed. Choose what else the program needs, and no more."),
    )

    def __init__(self, acting: Acting, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [days for days in DAYS if days <= settings.ASSAY_TOKEN_DAYS] or [settings.ASSAY_TOKEN_DAYS]
        choices = [(days, ngettext("%(count)d day", "%(count)d days", days) % {"count": days}) for days in offered]
        days, scope = self.fields["days"], self.fields["scope"]
        days.choices, days.initial = choices, offered[-1]  # type: ignore[attr-defined]  # a choice field
        scope.choices = [(verb, VERB_WORDS[verb]) for verb in offer(acting)]  # type: ignore[attr-defined]

    def read_scope(self) -> tuple[str, ...]:
        """Return the scope as roles.SCOPES has it."""
        return (READ, *self.cleaned_data["scope"])


def offer(acting: Acting) -> list[str]:
    """Return the verbs that a token of this membership may be given: those of its role that need no second person."""
    from register.desk.four_eyes import choice_of  # the desk imports access

    held_back = choice_of(acting.role, acting.organisation)
    allowed = allowed_verbs(acting.role, (WRITE,))
    return [verb for verb in VERBS if verb in allowed and verb not in held_back]


_ANY: Final = (OPERATOR, AGENCY, ISSUER, AUDITOR)


@confirmed
@needs(*_ANY, home="/account/tokens")
def show_tokens(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Show the tokens of the membership one acts in, and make one."""
    form = TokenForm(acting, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _make(request, acting, form)
        except Refused as error:
            form.add_error(None, error.message)
    rows = (
        Token.objects.filter(membership_id=acting.membership)
        .select_related("membership", "made_by")
        .order_by("-created")
    )
    context = {
        "place": "tokens",
        "form": form,
        "tokens": [describe_token(row) for row in rows],
        "role": name_role(acting.role, acting.approves),
        "organisation": name_organisation(acting.role, acting.organisation),
        "held_back": [VERB_WORDS[verb] for verb in VERBS if verb in allowed_verbs(acting.role, (WRITE,))
                      and verb not in offer(acting)],
    }  # fmt: skip
    return answer_account(request, "access/tokens.html", context, 422 if form.errors else 200)


@transaction.atomic
def _make(request: HttpRequest, acting: Acting, form: TokenForm) -> HttpResponse:
    membership = Membership.objects.select_related("user").get(pk=acting.membership)
    # A minute less, so that the longest life offered is not refused for the time it takes to get there.
    until = timezone.now() + timedelta(days=form.cleaned_data["days"]) - timedelta(minutes=1)
    scope = form.read_scope()
    row, secret = create_token(membership, form.cleaned_data["name"], scope, until)
    note(request, "token_made", row.name, scope=", ".join(scope), until=until.date().isoformat())
    context = {"place": "tokens", "token": describe_token(row), "secret": secret}
    return answer_account(request, "access/token_made.html", context)


def describe_token(row: Token) -> dict[str, Any]:
    """Return what pages show of a token, which never is its secret."""
    verbs = [VERB_WORDS[verb] for verb in row.scope if verb in VERB_WORDS]
    return {
        "id": row.public_id,
        "name": row.name,
        "made_by": row.made_by.name if row.made_by is not None else "",
        "made": row.created,
        "until": row.expiry,
        "expired": row.expiry is not None and row.expiry <= timezone.now(),
        "used": row.last_used,
        "all": WRITE in row.scope,
        "verbs": verbs,
    }


@confirmed
@needs(*_ANY, home="/account/tokens")
def revoke(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """Revoke one of the own tokens; it ends at once."""
    row = Token.objects.filter(membership_id=acting.membership, public_id=id).first()
    if request.method == "POST" and row is not None:
        with transaction.atomic():
            for name in end_token(row):
                note(request, "token_revoked", name)
        messages.success(request, gettext("The token is revoked. Programs that use it are refused from now on."))
    return HttpResponseRedirect("/account/tokens", status=303)
