"""From a good password to a session: a second factor in between where the person has one.

Between the two steps the session holds who it would be (`Pending`) and nothing more; it ends after ten minutes, and
with any change of the password. A new key at each step, so that a session planted in a browser is worth nothing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme

from register.access.acting import FACTOR, HOMES
from register.access.audit import note
from register.access.models import Membership
from register.access.sessions import forget_session, renew_session

PENDING: Final = "pending"
CONFIRMED: Final = "confirmed"
"""Key of the session: when its person last proved who they are, in seconds since 1970."""

SINGLE_SIGN_ON: Final = "single_sign_on"
"""How somebody signed in for whom the provider vouched."""

PATIENCE: Final = 600
"""Seconds between a good password and the second factor."""

BACKEND: Final = "django.contrib.auth.backends.ModelBackend"


@dataclass(frozen=True, slots=True)
class Pending:
    """Who has given a good password (or single sign-on) and still owes the second factor."""

    user: User
    onward: str


def begin(request: HttpRequest, user: User, onward: str, how: str = "password") -> HttpResponseRedirect:
    """Sign in whoever has no second factor; ask all others for it."""
    if not has_second_factor(user):
        return complete(request, user, onward, None, how)
    await_factor(request, user, onward)
    return HttpResponseRedirect("/sign-in/second-factor")


def await_factor(request: HttpRequest, user: User, onward: str) -> None:
    """Remember who would be signed in, under a new key of the session."""
    renew_session(request)
    request.session[PENDING] = {
        "user": user.pk,
        "hash": user.get_session_auth_hash(),
        "onward": onward,
        "at": int(time.time()),
    }


def read_pending(request: HttpRequest) -> Pending | None:
    """Return who owes the second factor, None when nobody does, took too long, or changed the password since."""
    said = request.session.get(PENDING)
    if said is None:
        return None
    user = User.objects.filter(pk=said["user"], is_active=True).first()
    late = time.time() - said["at"] > PATIENCE
    if user is None or late or said["hash"] != user.get_session_auth_hash():
        del request.session[PENDING]
        return None
    return Pending(user, said["onward"])


def complete(
    request: HttpRequest, user: User, onward: str, factor: Authenticator | None, how: str = "password"
) -> HttpResponseRedirect:
    """Open the session and lead on.

    Single sign-on alone proves nothing to whoever has a password: else a provider that was taken over could set up the
    first second factor of somebody who has none yet, and write.
    """
    request.session.pop(PENDING, None)
    forget_session(request)
    login(request, user, backend=BACKEND)
    if hasattr(request, "_acting"):
        del request._acting
    request.session.pop(CONFIRMED, None)
    if factor is not None or how != SINGLE_SIGN_ON or not user.has_usable_password():
        request.session[CONFIRMED] = int(time.time())
    request.session.pop(FACTOR, None)
    if factor is not None:
        request.session[FACTOR] = factor.pk
    UserSession.objects.create_from_request(request)
    note(request, "signed_in", person=user, how=how, second_factor=factor.type if factor is not None else "")
    return HttpResponseRedirect(onward or find_home(user))


def has_second_factor(user: User) -> bool:
    """Tell whether the person has one that can be asked for; recovery codes alone are none."""
    return bool(Authenticator.objects.filter(user=user, type__in=("totp", "webauthn")).exists())


def is_proven(request: HttpRequest) -> bool:
    """Tell whether this session was opened with a second factor of its person that still stands."""
    return bool(Authenticator.objects.filter(pk=request.session.get(FACTOR), user=request.user.pk).exists())


def is_for_demonstration(user: User) -> bool:
    """Tell whether the account is one of the demonstration's, whose password everybody may know."""
    return Membership.objects.filter(user=user, demonstration=True).exists()


def find_home(user: User) -> str:
    """Return where a person begins: by the role of their first membership."""
    role = Membership.objects.filter(user=user).order_by("id").values_list("role", flat=True).first()
    return HOMES.get(role, "/desk") if role else "/account"


def read_onward(request: HttpRequest) -> str:
    """Return where to go on to (`next`), empty when it is missing or leads elsewhere."""
    wished = request.POST.get("next") or request.GET.get("next") or ""
    hosts = {request.get_host()}
    safe = wished.startswith("/") and url_has_allowed_host_and_scheme(wished, hosts, request.is_secure())
    return wished if safe else ""
