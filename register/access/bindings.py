"""Bindings: which account of the organisation's sign-in (single sign-on) is known to be a person; shown and taken away.

Once bound, only that account of the provider opens the person's account here, whatever its e-mail. Taking it away lets
whoever the provider vouches for next, by the person's e-mail, be bound anew: after a change there, or a wrong binding.
"""

from __future__ import annotations

from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest

from register.access.acting import Acting
from register.access.audit import note
from register.access.letters import tell_person
from register.access.reach import check_reach
from register.access.roles import OPERATOR
from register.access.sessions import end_sessions
from register.errors import NotEntitled, Refused


def list_bindings(user: User) -> list[SocialAccount]:
    """Return what binds a person, the oldest first; `date_joined` and `last_login` say since when and when last."""
    return list(SocialAccount.objects.filter(user=user).order_by("date_joined", "pk"))


@transaction.atomic
def unbind_own(request: HttpRequest, user: User) -> None:
    """Take the own binding away and end all other sessions; raises Refused for who could not sign in any more."""
    if not user.has_usable_password():
        raise Refused("no_password", "", "expected a password, without which nobody could sign in any more")
    _unbind(request, user, request.session.session_key)


@transaction.atomic
def unbind(request: HttpRequest, acting: Acting, user: User) -> None:
    """Take a person's binding away and end all their sessions; raises NotEntitled for all but operators."""
    check_reach(acting, user.pk)
    if acting.role != OPERATOR:
        raise NotEntitled("not_entitled", "", "only the operator takes single sign-on away")
    if user.pk == acting.user:
        raise Refused("own_binding", "", "your own single sign-on is kept on your account")
    _unbind(request, user, None)


def _unbind(request: HttpRequest, user: User, but: str | None) -> None:
    count, _ = SocialAccount.objects.filter(user=user).delete()
    if count:
        end_sessions(user, but=but)
        note(request, "single_sign_on_removed", user.email, organisation="")
        tell_person(user, "single_sign_on_removed")
