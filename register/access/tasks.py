"""Background jobs of access; each may run twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from allauth.usersessions.models import UserSession
from celery import shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone

from register.access import password_links
from register.access.models import KeptAnswer, Token

KEPT: Final = timedelta(hours=48)
"""How long an Idempotency-Key is honoured; the interface promises 24 hours."""

FORGOTTEN: Final = timedelta(days=30)
"""How long an expired token stays on its owner's list."""


@shared_task
def purge_kept_answers() -> None:
    """Forget Idempotency-Keys older than KEPT, tokens that expired FORGOTTEN ago, and sessions that are over."""
    now = timezone.now()
    Session.objects.filter(expire_date__lt=now).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    KeptAnswer.objects.filter(created__lt=now - KEPT).delete()
    Token.objects.filter(expiry__lt=now - FORGOTTEN).delete()


@shared_task
def send_password_link(request: int) -> None:
    """Send a link to a new password that was asked for."""
    password_links.send_link(request)


@shared_task
def send_password_links() -> None:
    """Send the links that no worker was told of, or that could not be handed over."""
    password_links.send_due()
