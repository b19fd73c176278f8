"""Sessions of a person, kept by allauth's usersessions: listed, ended one by one or all."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.http import HttpRequest


def list_sessions(user: User) -> list[UserSession]:
    """Return the live sessions of a person, the newest first; those that have ended are forgotten."""
    found: list[UserSession] = UserSession.objects.purge_and_list(user)
    return sorted(found, key=lambda session: session.created_at, reverse=True)


def end_session(user: User, id: int) -> bool:
    """End one session of a person; tell whether there was one."""
    session = UserSession.objects.filter(user=user, pk=id).first()
    if session is not None:
        session.end()
    return session is not None


def end_sessions(user: User, but: str | None = None) -> int:
    """End all sessions of a person but the one with key `but`; return how many there were."""
    found = list(UserSession.objects.filter(user=user).exclude(session_key=but or ""))
    for session in found:
        session.end()
    return len(found)


def forget_session(request: HttpRequest) -> None:
    """Take the session that is being ended off the list."""
    UserSession.objects.filter(session_key=request.session.session_key or "").delete()


def renew_session(request: HttpRequest) -> None:
    """Give this session a new key, and its place on the list with it."""
    former = request.session.session_key
    request.session.cycle_key()
    move_session(former, request.session.session_key)


def move_session(former: str | None, key: str | None) -> None:
    """Keep a session's place on the list under its new key."""
    if former and key:
        UserSession.objects.filter(session_key=former).update(session_key=key)
