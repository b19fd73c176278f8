"""`/operator/people` and `/desk/people`: who belongs, who is invited; inviting, taking away, resetting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from register.access import people
from register.access.acting import Acting, needs
from register.access.bindings import list_bindings, unbind
from register.access.invitations import invite, needs_organisation, withdraw
from register.access.letters import send
from register.access.models import Invitation, Membership
from register.access.organisations import name_organisations
from register.access.people import Asked, find_membership, invitations_for, list_people, may_keep, offer_roles
from register.access.reach import check_invites, find_beyond, may_invite
from register.access.roles import AGENCY, AUDITOR, ISSUER, MEMBER_ROLES, OPERATOR
from register.access.views.framed import answer_framed, base_of
from register.access.views.own_tokens import describe_token
from register.access.words import MEANINGS, ROLES, name_role
from register.errors import NotEntitled, NotFound, Refused
from register.queries.cuts import resolve_cut
from register.queries.filters import Filters
from register.queries.lists import list_agencies, list_issuers
from register.queries.selecting import is_uid
from register.queries.single import find_records
from register.site.names import name_record

_ALL: Final = (OPERATOR, AUDITOR, AGENCY, ISSUER)
_KEEPERS: Final = (OPERATOR, AGENCY, ISSUER)
_MOST: Final = 12
"""Organisations that a search offers."""


class InvitationForm(forms.Form):
    """Whom to invite, to what."""

    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        error_messages={"required": _("Write the e-mail of the person."), "invalid": _("This is no e-mail address.")},
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "wide"}),
    )
    role = forms.ChoiceField(
        label=_("Role"), widget=forms.RadioSelect, error_messages={"required": _("Choose a role.")}
    )
    organisation = forms.CharField(
        label=_("Agency or issuer"),
        help_text=_("For officers: the name of the organisation, or a part of it."),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "wide"}),
    )
    chosen = forms.ChoiceField(
        label=_("Which of these?"),
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(("required", "invalid_choice"), _("Several organisations fit. Choose one.")),
    )
    approves = forms.BooleanField(
        label=_("May approve what others drafted"),
        help_text=_("Where a decision needs two people, this person may be the second one."),
        required=False,
    )

    def __init__(self, acting: Acting, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.acting = acting
        roles = offer_roles(acting)
        choices = [(role, f"{ROLES[role]}: {MEANINGS[role]}") for role in roles]
        self.fields["role"].choices = choices  # type: ignore[attr-defined]  # a choice field
        self.offered = self._offer()
        if len(self.offered) > 1:
            self.fields["chosen"].choices = self.offered  # type: ignore[attr-defined]
        else:
            del self.fields["chosen"]
        if acting.role != OPERATOR:
            for name in ("organisation", "chosen", "approves", "role"):
                self.fields.pop(name, None)

    def _offer(self) -> Sequence[tuple[str, str]]:
        """Return the organisations that the text typed may mean, once it was typed."""
        text, role = self.data.get("organisation", "").strip(), self.data.get("role", "")
        return find_organisations(role, text) if text and needs_organisation(role) else ()

    def clean(self) -> dict[str, Any]:
        """Find the organisation: one chosen of several, or the only one that the text names."""
        said = super().clean() or {}
        if self.acting.role != OPERATOR:
            return {**said, "role": self.acting.role, "found": self.acting.organisation, "approves": False}
        if not needs_organisation(said.get("role", "")):
            return {**said, "found": "", "approves": said.get("approves") and said.get("role") == OPERATOR}
        if not self.data.get("organisation", "").strip():
            self.add_error("organisation", gettext("Say for which organisation."))
        elif not self.offered:
            self.add_error("organisation", gettext("No such organisation is registered here. Look at the spelling."))
        return {**said, "found": said.get("chosen") or next((id for id, _name in self.offered), "")}


def find_organisations(role: str, text: str) -> list[tuple[str, str]]:
    """Return id and name of the agencies or issuers that a text names, the best first."""
    cut = resolve_cut()
    if is_uid(text):
        return [(id, name_record(record).text) for id, record in find_records(role, [text], cut).items()]
    search = list_agencies if role == AGENCY else list_issuers
    found = search(cut, Filters(timezone.now(), q=text), limit=_MOST)
    return [(record.id, name_record(record).text) for record in found.items]


def read_asked(request: HttpRequest) -> Asked:
    """Return what the list is narrowed by; what cannot be read narrows by nothing."""
    page, role = request.GET.get("page", ""), request.GET.get("role", "")
    number = int(page) if page.isdecimal() and len(page) < 6 else 1
    return Asked(
        request.GET.get("q", "").replace("\0", "").strip()[:100], role if role in MEMBER_ROLES else "", max(1, number)
    )


@needs(*_ALL)
def show_people(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Show who belongs and who is invited."""
    if acting.role not in (OPERATOR, AUDITOR) and not acting.approves:
        return answer_framed(request, acting, "access/people_not_yours.html", {"place": "people"}, 403)
    asked = read_asked(request)
    rows, more = list_people(acting, asked)
    invited = list(invitations_for(acting)[:100])
    belonging = [(row.role, row.organisation) for row in rows]
    names = name_organisations([*belonging, *((row.role, row.organisation) for row in invited)])
    beyond = find_beyond(acting, {row.user_id for row in rows})
    context = {
        "place": "people",
        "asked": asked,
        "roles": [(role, ROLES[role]) for role in MEMBER_ROLES],
        "people": [_describe(acting, row, names) | {"beyond": row.user_id in beyond} for row in rows],
        "invited": [_describe_invited(row, names) for row in invited],
        "more": asked.page + 1 if more else None,
        "keeps": may_keep(acting),
        "invites": may_keep(acting) and may_invite(acting),
        "everybody": acting.role in (OPERATOR, AUDITOR),
        "base": base_of(acting),
        "open_demonstration": not settings.ASSAY_DEMO and any(row.demonstration for row in rows),
    }
    return answer_framed(request, acting, "access/people.html", context)


def _describe(acting: Acting, row: Membership, names: Any) -> dict[str, Any]:
    return {
        "id": row.pk,
        "email": row.user.email,
        "role": name_role(row.role, row.approves),
        "organisation": names.get(row.organisation, row.organisation),
        "strong": row.strong,  # type: ignore[attr-defined]  # annotated
        "needs_factor": row.role != AUDITOR and not row.demonstration,
        "demonstration": row.demonstration,
        "seen": row.user.last_login,
        "own": row.user_id == acting.user,
    }


def _describe_invited(row: Invitation, names: Any) -> dict[str, Any]:
    return {
        "id": row.pk,
        "email": row.email,
        "role": name_role(row.role, row.approves),
        "organisation": names.get(row.organisation, row.organisation),
        "by": row.invited_by.email if row.invited_by else "",
        "expires": row.expires,
    }


@needs(*_KEEPERS)
def invite_person(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Ask whom to invite; invite, mail the link, and show it."""
    if not may_keep(acting) or not may_invite(acting):
        told = {"place": "people", "demonstration": acting.demonstration}
        return answer_framed(request, acting, "access/people_not_yours.html", told, 403)
    form = InvitationForm(acting, request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            row, secret = invite(
                request, said["email"], said["role"], said["found"], bool(said["approves"]), _person(request)
            )
        except Refused as error:
            form.add_error("email" if error.field else None, _REFUSALS.get(error.code, error.message))
        else:
            return _show_invited(request, acting, row, secret)
    context = {"place": "people", "form": form, "base": base_of(acting)}
    return answer_framed(request, acting, "access/invite.html", context, 422 if form.errors else 200)


_REFUSALS: Final = {
    "belongs_already": _("This person has that role there already."),
    "too_many_invitations": _("Too many invitations are open there. Withdraw some first."),
}


def _person(request: HttpRequest) -> Any:
    return request.user


def _show_invited(request: HttpRequest, acting: Acting, row: Invitation, secret: str) -> HttpResponse:
    link = f"{settings.ASSAY_BASE_URL}/invitations/{secret}"
    lines = (
        gettext("%(by)s invites you to this register as: %(role)s.")
        % {"by": acting.email, "role": name_role(row.role, row.approves)},
        gettext("Open this address within seven days. It serves once, and only you:"),
        link,
    )
    handed_over = send(row.email, gettext("An invitation"), lines)
    context = {
        "place": "people",
        "invitation": row,
        "link": link,
        "role": name_role(row.role, row.approves),
        "mailed": handed_over and settings.ASSAY_MAIL_SENDS,
        "base": base_of(acting),
    }
    return answer_framed(request, acting, "access/invited.html", context)


@needs(*_KEEPERS)
def withdraw_invitation(request: HttpRequest, acting: Acting, id: int) -> HttpResponse:
    """Withdraw an open invitation."""
    row = invitations_for(acting).filter(pk=id).first() if may_keep(acting) else None
    if row is None:
        raise Http404
    if request.method == "POST":
        try:
            check_invites(acting)
        except NotEntitled:
            told = {"place": "people", "demonstration": True}
            return answer_framed(request, acting, "access/people_not_yours.html", told, 403)
        withdraw(request, row)
        messages.success(request, gettext("The invitation is withdrawn."))
    return HttpResponseRedirect(f"{base_of(acting)}/people", status=303)


@needs(*_KEEPERS)
def change_person(request: HttpRequest, acting: Acting, id: int) -> HttpResponse:
    """Show one membership and what may be done about it; do it."""
    try:
        row = find_membership(acting, id)
    except NotFound:
        raise Http404 from None
    sentence = ""
    if request.method == "POST":
        try:
            return _do(request, acting, row)
        except (Refused, NotEntitled) as error:
            sentence = str(_WHY_NOT.get(error.code, error.message))
    names = name_organisations([(row.role, row.organisation)])
    context = {
        "place": "people",
        "person": _describe(acting, row, names),
        "operator": acting.role == OPERATOR,
        "approves": row.approves,
        "can_approve": row.role != AUDITOR,
        "tokens": [describe_token(token) for token in people.list_tokens(row)],
        "bindings": list_bindings(row.user),
        "sentence": sentence,
        "beyond": bool(find_beyond(acting, [row.user_id])),
        "base": base_of(acting),
    }
    return answer_framed(request, acting, "access/person.html", context, 422 if sentence else 200)


_WHY_NOT: Final = {
    "own_membership": _("Nobody takes their own membership away. Ask somebody else."),
    "last_operator": _("This is the last operator. Invite another one first."),
    "own_binding": _("Your own single sign-on is kept on your account."),
    "own_factors": _("Your own second factors are kept on your account."),
    "not_entitled": _("Only the operator may do this."),
    "demonstration": _("A demonstration account acts on demonstration people alone: its password may be known."),
}


def _do(request: HttpRequest, acting: Acting, row: Membership) -> HttpResponse:
    wished, back = request.POST.get("do", ""), f"{base_of(acting)}/people"
    if wished == "remove":
        people.remove(request, acting, row)
        messages.success(request, gettext("%(email)s no longer belongs here.") % {"email": row.user.email})
    elif wished == "reset":
        people.reset_factors(request, acting, row.user)
        messages.success(request, gettext("The second factors are removed, and all sessions ended."))
    elif wished == "revoke":
        if people.revoke_token(request, acting, row, request.POST.get("token", "")):
            messages.success(request, gettext("The token is revoked. Programs that use it are refused from now on."))
        back = f"{back}/{row.pk}"
    elif wished == "disconnect":
        unbind(request, acting, row.user)
        messages.success(request, gettext("Single sign-on is disconnected, and all sessions of this person are ended."))
        back = f"{back}/{row.pk}"
    elif wished in ("approver", "no-approver"):
        people.set_approves(request, acting, row, wished == "approver")
        messages.success(request, gettext("The rights are changed. They hold from now on."))
    else:
        back = f"{back}/{row.pk}"
    return HttpResponseRedirect(back, status=303)
