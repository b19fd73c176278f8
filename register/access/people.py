"""People of organisations: who belongs, what may be changed, and by whom.

| who | may |
|---|---|
| operator | invite to every role and organisation; say who approves; take memberships, tokens and lost factors away |
| approver of an agency or issuer | invite officers to their own organisation, take their memberships and tokens away |
| auditor | read |

Only the operator says who approves: an approver who could name approvers would be two people alone. Nobody takes the
last operator's or the own membership away. What somebody may not see does not exist for them. Whoever keeps people no
more has none on the way either: their open invitations are withdrawn. Demonstration accounts reach no real person
(register.access.reach).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from register.access.acting import Acting
from register.access.audit import note
from register.access.invitations import withdraw
from register.access.letters import tell_person
from register.access.models import Invitation, Membership, Token
from register.access.reach import check_reach
from register.access.roles import AGENCY, AUDITOR, ISSUER, MEMBER_ROLES, OPERATOR
from register.access.second_factor import remove_all_factors
from register.access.sessions import end_sessions
from register.access.tokens import end_token
from register.errors import NotEntitled, NotFound, Refused
from register.outbox.notices import forget_member

PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list of people is narrowed by: a part of the e-mail, a role."""

    q: str = ""
    role: str = ""
    page: int = 1


def may_keep(acting: Acting) -> bool:
    """Tell whether somebody keeps people: operators all, approvers those of their organisation."""
    return acting.role == OPERATOR or (acting.role in (AGENCY, ISSUER) and acting.approves)


def offer_roles(acting: Acting) -> tuple[str, ...]:
    """Return the roles that somebody may invite to."""
    if not may_keep(acting):
        return ()
    return MEMBER_ROLES if acting.role == OPERATOR else (acting.role,)


def memberships_for(acting: Acting) -> QuerySet[Membership]:
    """Return the memberships that somebody may see, each with `strong` (has a second factor)."""
    factors = Authenticator.objects.filter(user=OuterRef("user"), type__in=("totp", "webauthn"))
    rows = Membership.objects.select_related("user").annotate(strong=Exists(factors))
    if acting.role in (OPERATOR, AUDITOR):
        return rows
    return rows.filter(role=acting.role, organisation=acting.organisation)


def invitations_for(acting: Acting) -> QuerySet[Invitation]:
    """Return the open invitations that somebody may see, the newest first."""
    rows = Invitation.objects.filter(accepted=None, withdrawn=None, expires__gt=timezone.now())
    if acting.role not in (OPERATOR, AUDITOR):
        rows = rows.filter(role=acting.role, organisation=acting.organisation)
    return rows.select_related("invited_by").order_by("-created", "-id")


def list_people(acting: Acting, asked: Asked) -> tuple[list[Membership], bool]:
    """Return a page of memberships by e-mail, and whether there are more."""
    rows = memberships_for(acting)
    if asked.q:
        rows = rows.filter(user__email__icontains=asked.q)
    if asked.role:
        rows = rows.filter(role=asked.role)
    first = (asked.page - 1) * PAGE
    found = list(rows.order_by("user__email", "id")[first : first + PAGE + 1])
    return found[:PAGE], len(found) > PAGE


def find_membership(acting: Acting, id: int) -> Membership:
    """Return a membership that somebody keeps; raises NotFound for all others."""
    row = memberships_for(acting).filter(pk=id).first() if may_keep(acting) else None
    if row is None:
        raise NotFound("membership_unknown", "", "there is no such person here")
    return row


@transaction.atomic
def remove(request: HttpRequest, acting: Acting, row: Membership) -> None:
    """Take a membership away, with its tokens and what waits to be mailed of its desk.

    Raises Refused for the own one and the last operator's.
    """
    check_reach(acting, row.user_id)
    if row.pk == acting.membership or row.user_id == acting.user:
        raise Refused("own_membership", "", "nobody takes the own membership away; ask somebody else")
    if row.role == OPERATOR and not _others(OPERATOR, row.pk):
        raise Refused("last_operator", "", "this is the last operator; invite another one first")
    tokens = row.tokens.count()
    note(request, "membership_removed", row.user.email, organisation=row.organisation, role=row.role, tokens=tokens)
    Membership.objects.filter(pk=row.pk).delete()
    forget_member(row.user_id, row.role, row.organisation)
    _withdraw_invitations(request, row)
    if not Membership.objects.filter(user=row.user).exists():
        end_sessions(row.user)


def list_tokens(row: Membership) -> list[Token]:
    """Return the tokens of a membership, the newest first."""
    return list(row.tokens.select_related("made_by", "membership").order_by("-created"))


@transaction.atomic
def revoke_token(request: HttpRequest, acting: Acting, row: Membership, id: str) -> list[str]:
    """Revoke one token of a person, and all that were made by it; return their names, none when it is gone already."""
    check_reach(acting, row.user_id)
    found = next((token for token in row.tokens.all() if str(token.public_id) == id), None)
    names = end_token(found) if found is not None else []
    for name in names:
        note(request, "token_revoked", row.user.email, organisation=row.organisation, name=name)
    if names and row.user_id != acting.user:
        tell_person(row.user, "tokens_revoked", names=", ".join(names))
    return names


def _withdraw_invitations(request: HttpRequest, row: Membership) -> None:
    """Withdraw what a person has invited as this one: else a second mailbox would bring them back."""
    rows = Invitation.objects.filter(invited_by=row.user, accepted=None, withdrawn=None)
    if row.role != OPERATOR:
        rows = rows.filter(role=row.role, organisation=row.organisation)
    for invitation in rows:
        withdraw(request, invitation)


def _others(role: str, besides: int) -> bool:
    # Locked, so that two operators who remove one another at once leave one.
    rows = Membership.objects.select_for_update().filter(role=role, user__is_active=True)
    return any(pk != besides for pk in rows.values_list("pk", flat=True))


@transaction.atomic
def set_approves(request: HttpRequest, acting: Acting, row: Membership, approves: bool) -> None:
    """Say whether a person approves others' drafts; raises NotEntitled for all but operators."""
    check_reach(acting, row.user_id)
    if acting.role != OPERATOR or row.role == AUDITOR:
        raise NotEntitled("not_entitled", "", "only the operator says who approves")
    Membership.objects.filter(pk=row.pk).update(approves=approves)
    note(request, "membership_changed", row.user.email, organisation=row.organisation, approves=approves)
    if not approves and row.role != OPERATOR:
        _withdraw_invitations(request, row)


@transaction.atomic
def reset_factors(request: HttpRequest, acting: Acting, user: User) -> None:
    """Remove the second factors of a person who lost them, and end their sessions; raises NotEntitled and Refused."""
    check_reach(acting, user.pk)
    if acting.role != OPERATOR:
        raise NotEntitled("not_entitled", "", "only the operator resets second factors")
    if user.pk == acting.user:
        raise Refused("own_factors", "", "your own second factors are kept on your account")
    count = remove_all_factors(user)
    end_sessions(user)
    note(request, "second_factor_reset", user.email, organisation="", count=count)
    tell_person(user, "factors_reset")
