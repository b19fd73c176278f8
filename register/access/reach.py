"""Whom a demonstration account reaches: its password may be known to everybody, so real people are beyond it.

It acts on demonstration people alone; on a demonstration node also on its guests, who were invited by demonstration
accounts and by nobody else, so that inviting and taking away can be tried there. It invites only where nobody real
belongs yet: that is also how a new node gets its first operator.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, QuerySet

from register.access.acting import Acting
from register.access.models import Invitation, Membership
from register.errors import NotEntitled


def check_reach(acting: Acting, person: int | None) -> None:
    """Raise NotEntitled where a demonstration account would act on a real person, or on what one has made."""
    if find_beyond(acting, [person] if person is not None else []):
        raise _beyond()


def check_reach_of_work(acting: Acting, author: int | None) -> None:
    """Raise NotEntitled where a demonstration account would change what a real person of its desk made.

    Nor does it reach what somebody made who is not of the desk any more: a membership alone tells who is real.
    """
    if not acting.demonstration or author == acting.user:
        return
    colleagues = Membership.objects.filter(role=acting.role, organisation=acting.organisation)
    if author is None or not colleagues.filter(user=author).exists() or find_beyond(acting, [author]):
        raise _beyond()


def _beyond() -> NotEntitled:
    return NotEntitled("demonstration", "", "a demonstration account acts on demonstration people alone")


def check_invites(acting: Acting) -> None:
    """Raise NotEntitled where a demonstration account would invite, or withdraw, among real people."""
    if not may_invite(acting):
        raise NotEntitled("demonstration", "", "a demonstration account invites nobody where real people belong")


def may_invite(acting: Acting) -> bool:
    """Tell whether an account may invite as far as demonstrations go; at most one query."""
    return not acting.demonstration or not _real_people().exists()


def find_beyond(acting: Acting, people: Iterable[int]) -> frozenset[int]:
    """Return those of some people (ids) whom an account does not reach; one query, for demonstration accounts alone."""
    if not acting.demonstration:
        return frozenset()
    return frozenset(_real_people().filter(pk__in=list(people)).values_list("pk", flat=True))


def _real_people() -> QuerySet[User]:
    """Return everybody with a membership that is no demonstration, without the guests of a demonstration node."""
    belonging = Membership.objects.filter(user=OuterRef("pk"), demonstration=False)
    people = User.objects.filter(Exists(belonging))
    if not settings.ASSAY_DEMO:
        return people
    accepted = Invitation.objects.filter(email=OuterRef("username")).exclude(accepted=None)
    ours = Membership.objects.filter(demonstration=True).values("user")
    # Who was never invited came by the console: nobody's guest.
    return people.exclude(Exists(accepted.filter(invited_by__in=ours)) & ~Exists(accepted.exclude(invited_by__in=ours)))
