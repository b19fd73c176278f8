"""People who sign in, for every test of a page that needs one: each with a membership of their own. All invented."""

from __future__ import annotations

from typing import Final

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import encrypt
from django.contrib.auth.models import User
from django.test import Client

from register.access.acting import FACTOR, MEMBERSHIP
from register.access.models import Membership

PASSWORD: Final = "correct horse battery"
TOTP_SECRET: Final = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
"""Secret of every authenticator app here (base32)."""


def make_member(role: str, organisation: str = "", approves: bool = False, email: str = "") -> Membership:
    """Return the membership of a person, who signs in by e-mail and `PASSWORD`; an e-mail known already is reused."""
    name = email or f"{'approver' if approves else role}@nl.example"
    person = User.objects.filter(username=name).first() or User.objects.create_user(name, name, PASSWORD)
    found, _ = Membership.objects.get_or_create(
        user=person, role=role, organisation=organisation, defaults={"approves": approves}
    )
    return found


def give_app(person: User) -> Authenticator:
    """Give a person an authenticator app with `TOTP_SECRET`, or return the one they have."""
    found, _ = Authenticator.objects.get_or_create(
        user=person, type="totp", defaults={"data": {"secret": encrypt(TOTP_SECRET)}}
    )
    return found


def sign_in(client: Client, role: str, organisation: str = "", approves: bool = False, email: str = "") -> Membership:
    """Sign a person in, as after all steps of the page, second factor included; return the membership they act in.

    Two people of the same role get e-mails of their own through `email`; who approves is another person by default.
    """
    membership = make_member(role, organisation, approves, email)
    client.force_login(membership.user)
    session = client.session
    session[MEMBERSHIP] = membership.pk
    session[FACTOR] = give_app(membership.user).pk
    session.save()
    return membership
