"""Invitations: the one way to an account. Made by whoever keeps the people of an organisation, accepted once.

The link goes to the mailbox that was invited, and is shown to who invites, for nodes without mail. It ends after seven
days, at its use, when withdrawn, or when the same is invited anew; what was decided and why is in README.md.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from register.access.audit import note
from register.access.models import Invitation, Membership
from register.access.roles import AGENCY, ISSUER
from register.errors import Conflict, NotFound, Refused

LIFE: Final = timedelta(days=7)
_MOST: Final = 200
"""Open invitations of one organisation: more is a mistake, or somebody who plays the postman."""


@transaction.atomic
def invite(
    request: HttpRequest | None,
    email: str,
    role: str,
    organisation: str = "",
    approves: bool = False,
    by: User | None = None,
) -> tuple[Invitation, str]:
    """Invite a person; return the row and the secret of the link, which is nowhere else.

    An open invitation to the same is withdrawn. Raises Conflict when the person belongs already, Refused when too
    many are open.
    """
    email = email.strip().lower()
    if Membership.objects.filter(user__username=email, role=role, organisation=organisation).exists():
        raise Conflict("belongs_already", "email", "expected somebody new, this person has that role here already")
    same = Invitation.objects.filter(role=role, organisation=organisation, accepted=None, withdrawn=None)
    if same.filter(expires__gt=timezone.now()).count() >= _MOST:
        raise Refused("too_many_invitations", "", f"expected fewer than {_MOST} open invitations; withdraw some")
    for earlier in same.filter(email=email):
        withdraw(request, earlier)
    secret = secrets.token_urlsafe(32)
    row = Invitation.objects.create(
        digest=digest_of(secret), email=email, role=role, organisation=organisation, approves=approves,
        invited_by=by, expires=timezone.now() + LIFE,
    )  # fmt: skip
    note(request, "invited", email, organisation=organisation, role=role, approves=approves)
    return row, secret


def digest_of(secret: str) -> bytes:
    """Return what is stored of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def find(secret: str) -> Invitation:
    """Return the invitation of a link; raises NotFound for none, Refused when it is over, which says why."""
    row = Invitation.objects.select_related("invited_by").filter(digest=digest_of(secret)).first()
    if row is None:
        raise NotFound("invitation_unknown", "", "there is no such invitation")
    code = why_over(row)
    if code:
        raise Refused(code, "", "expected an open invitation; ask for a new one")
    return row


def why_over(row: Invitation) -> str:
    """Return why an invitation is over: `accepted`, `withdrawn`, `expired`; empty while it is open."""
    if row.accepted is not None:
        return "accepted"
    if row.withdrawn is not None:
        return "withdrawn"
    return "expired" if row.expires <= timezone.now() else ""


@transaction.atomic
def accept(request: HttpRequest, secret: str, password: str | None) -> User:
    """Accept an invitation: make the account where there is none, and the membership; return the person.

    `password` is for a new account, None for one without (single sign-on). The row is locked, so that a link used
    twice at once serves once. Raises as `find`, and Conflict where another invitation made the account meanwhile: a
    link and a new password let nobody into an account that is there.
    """
    Invitation.objects.select_for_update().filter(digest=digest_of(secret)).first()
    row = find(secret)
    user = User.objects.filter(username=row.email).first()
    if user is None:
        user = _open_account(row.email, password)
    elif password is not None:
        raise _account_exists()
    Membership.objects.get_or_create(
        user=user, role=row.role, organisation=row.organisation, defaults={"approves": row.approves}
    )
    Invitation.objects.filter(pk=row.pk).update(accepted=timezone.now())
    note(request, "invitation_accepted", organisation=row.organisation, person=user, role=row.role)
    return user


def _open_account(email: str, password: str | None) -> User:
    """Make an account; raises Conflict where another invitation to the same mailbox makes it at this very moment."""
    user = User(username=email, email=email)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        raise _account_exists() from None
    return user


def _account_exists() -> Conflict:
    return Conflict("account_exists", "", "expected no account yet, there is one by now; open the link again")


@transaction.atomic
def withdraw(request: HttpRequest | None, row: Invitation) -> None:
    """Withdraw an invitation that was not accepted, and note it; one that is over already stays as it is."""
    if Invitation.objects.filter(pk=row.pk, accepted=None, withdrawn=None).update(withdrawn=timezone.now()):
        note(request, "invitation_withdrawn", row.email, organisation=row.organisation, role=row.role)


def needs_organisation(role: str) -> bool:
    """Tell whether people of a role act for an organisation."""
    return role in (AGENCY, ISSUER)
