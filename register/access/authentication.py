"""Bearer tokens (RFC 6750): found by their hash in one query, only when a request brings one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.contrib.auth.models import User
from django.utils import timezone
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from rest_framework.exceptions import AuthenticationFailed

from ledger.database import fetch_one
from register.access.models import Membership, Token

USED_EVERY: Final = timedelta(minutes=1)
"""`last_used` is written at most this often, so that reading costs no write."""

_TOKEN: Final = [field.attname for field in Token._meta.concrete_fields]
_MEMBERSHIP: Final = [field.attname for field in Membership._meta.concrete_fields]
_FIND: Final = f"""
    SELECT {", ".join(f"t.{name}" for name in _TOKEN)}, {", ".join(f"m.{name}" for name in _MEMBERSHIP)}, u.is_active
    FROM access_token t JOIN auth_user u ON u.id = t.user_id JOIN access_membership m ON m.id = t.membership_id
    WHERE t.digest = %s
"""
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
    """Find a token by its secret, expired or not; of its user only what is asked here is fetched.

    Every write asks this, and the ORM would take four times as long to compose it as the database to answer it.
    """
    if len(token) > _MAX_TOKEN or not token.isalnum():
        return None
    row = fetch_one(_FIND, (hash_token(token.decode("ascii")),))
    if row is None:
        return None
    found: Token = Token.from_db("default", _TOKEN, row[: len(_TOKEN)])
    found.membership = Membership.from_db("default", _MEMBERSHIP, row[len(_TOKEN) : -1])
    found.user = User.from_db("default", ["id", "is_active"], [found.user_id, row[-1]])
    return found


def note_use(token: Token) -> None:
    """Write when the token was last used, coarsely; two processes at once write the same."""
    now = timezone.now()
    if token.last_used is None or now - token.last_used >= USED_EVERY:
        Token.objects.filter(pk=token.pk).update(last_used=now)
