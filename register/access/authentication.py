"""Bearer tokens (RFC 6750): found by their hash in one query, only when a request brings one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.utils import timezone
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from rest_framework.exceptions import AuthenticationFailed

from register.access.models import Token

USED_EVERY: Final = timedelta(minutes=1)
"""`last_used` is written at most this often, so that reading costs no write."""

_NEEDED: Final = (
    *("digest", "expiry", "public_id", "name", "created", "scope", "last_used"),
    *("user__is_active", "membership__role", "membership__organisation"),
)
_MAX_TOKEN: Final = 200
_INVALID: Final = "The token is not valid here: it was mistyped, has expired or was revoked. Ask for a new one."


class BearerAuthentication(TokenAuthentication):  # type: ignore[misc]  # knox publishes no types
    """knox's header handling; the look-up by primary key instead of knox's walk over all tokens of the user."""

    def authenticate_credentials(self, token: bytes) -> tuple[Any, Token]:
        """Return user and token; raise AuthenticationFailed with the same sentence whatever was wrong."""
        found = find_token(token)
        if found is None or not found.user.is_active or (found.expiry is not None and found.expiry <= timezone.now()):
            raise AuthenticationFailed(_INVALID)
        note_use(found)
        return found.user, found


def find_token(token: bytes) -> Token | None:
    """Find a token by its secret, expired or not."""
    if len(token) > _MAX_TOKEN or not token.isalnum():
        return None
    # Every write asks this: what is not needed, an order among one row least of all, is left out.
    tokens = Token.objects.select_related("user", "membership").only(*_NEEDED)
    try:
        return tokens.get(digest=hash_token(token.decode("ascii")))
    except Token.DoesNotExist:
        return None


def note_use(token: Token) -> None:
    """Write when the token was last used, coarsely; two processes at once write the same."""
    now = timezone.now()
    if token.last_used is None or now - token.last_used >= USED_EVERY:
        Token.objects.filter(pk=token.pk).update(last_used=now)
