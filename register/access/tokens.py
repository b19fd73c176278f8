"""Making, listing and revoking tokens: never more rights, nor a longer life, than the token or person that asks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from knox.models import get_digest_token
from knox.settings import CONSTANTS

from register.access.models import Membership, Token
from register.access.roles import WRITE, allowed_verbs
from register.errors import NotEntitled, NotFound, Refused
from register.sentences import say

MOST: Final = 100
"""Live tokens of one membership."""


def create_token(
    membership: Membership,
    name: str,
    scope: tuple[str, ...],
    expires_at: datetime | None = None,
    made_by: Token | None = None,
) -> tuple[Token, str]:
    """Make a token for a membership; return its row and its secret, which is nowhere else.

    `expires_at` is an aware instant, by default `ASSAY_TOKEN_DAYS` from now; `made_by` the token that asks. Raises
    Refused when the end is past or further away than that.
    """
    now = timezone.now()
    latest = now + timedelta(days=settings.ASSAY_TOKEN_DAYS)
    end = expires_at or latest
    if not now < end <= latest:
        sentence = f"expected an instant after now and not after {latest.isoformat()}; choose another"
        raise Refused("expiry", "expires_at", sentence)
    if membership.tokens.filter(expiry__gt=now).count() >= MOST:
        sentence = say("expected fewer than {most} live tokens, there are as many; revoke one", most=MOST)
        raise Refused("token_limit", "", sentence)
    digest, secret = get_digest_token()
    # Not knox's manager: it counts a life from its own clock, and a chain of tokens would outlive the first one.
    token = Token(digest=digest, token_key=secret[: CONSTANTS.TOKEN_KEY_LENGTH], user=membership.user, expiry=end)
    token.membership, token.name, token.scope, token.made_by = membership, name, list(scope), made_by
    token.save(force_insert=True)
    return token, secret


def delegate(parent: Token, name: str, scope: tuple[str, ...], expires_at: datetime | None) -> tuple[Token, str]:
    """Make a token with at most the rights and the remaining life of `parent`, which ends with it.

    Raises NotEntitled for more rights, Refused for a later end, NotFound where `parent` was revoked meanwhile.
    """
    if _goes_beyond(parent, scope):
        raise NotEntitled("not_entitled", "scope", "a token can pass on only what it may do itself; ask for less")
    if parent.expiry is not None and (expires_at is None or expires_at > parent.expiry):
        if expires_at is not None:
            raise Refused(
                "expiry", "expires_at", f"expected an end not after {parent.expiry.isoformat()}, this token's own"
            )
        expires_at = parent.expiry
    # Locked, or one could be made in the moment in which all of them end.
    if not Token.objects.select_for_update().filter(pk=parent.pk).exists():
        raise NotFound("token_unknown", "", "this token was revoked; ask for a new one")
    return create_token(parent.membership, name, scope, expires_at, parent)


def _goes_beyond(token: Token, scope: Iterable[str]) -> bool:
    """Tell whether a scope allows more than a token may do."""
    wished = tuple(scope)
    missing = allowed_verbs(token.role, wished) - allowed_verbs(token.role, tuple(token.scope))
    return bool(missing) or (WRITE in wished and WRITE not in token.scope)


def own_tokens(token: Token) -> QuerySet[Token]:
    """Return the tokens of the same person in the same role and organisation, newest first."""
    tokens: QuerySet[Token] = Token.objects.filter(membership_id=token.membership_id).order_by("-created", "public_id")
    return tokens


def revoke_token(token: Token, public_id: UUID) -> list[str]:
    """Revoke one of the own tokens, the asking one included, with all that were made by it, and return their names.

    Raises NotFound for others', NotEntitled for one that may do more: a stolen token that reads must stop no writing.
    """
    found = own_tokens(token).filter(public_id=public_id).first()
    if found is None:
        raise NotFound("token_unknown", "", "none of your tokens has this id; GET /api/v1/tokens lists them")
    if _goes_beyond(token, found.scope):
        raise NotEntitled("not_entitled", "", "a token can revoke only those that may do no more than it may itself")
    return end_token(found)


def end_token(token: Token) -> list[str]:
    """Revoke a token and all that were made by it, or by those; return their names, its own first.

    Whoever stole a token may have made others by it: they would outlive the theft's discovery. Part of the caller's
    transaction, which locks each of them, so that none makes another one meanwhile.
    """
    names: list[str] = []
    level = list(Token.objects.select_for_update().filter(pk=token.pk))
    while level:
        names += [str(one.name) for one in level]
        level = list(Token.objects.select_for_update().filter(made_by__in=level).order_by("created"))
    Token.objects.filter(pk=token.pk).delete()
    return names
