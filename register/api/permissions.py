"""Who may use an address at all: whoever brings a valid token."""

from __future__ import annotations

from pydantic import BaseModel
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from register.access.models import Token
from register.access.roles import READ, VERBS, WRITE, allowed_verbs
from register.commands import data_of
from register.errors import NotEntitled


class HasToken(BasePermission):
    """Anybody with a token."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Tell whether the request brought a valid token."""
        return request.auth is not None


class HasTokenToWrite(BasePermission):
    """Anybody to read, anybody with a token to write."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Tell whether the request only reads or brought a valid token."""
        return request.method in SAFE_METHODS or request.auth is not None


def check_verb(token: Token, verb: str) -> None:
    """Raise NotEntitled unless the token's role may say `verb` and its scope lets it."""
    if token.role not in VERBS[verb]:
        allowed = ", ".join(sorted(VERBS[verb]))
        raise NotEntitled("not_entitled", "", f"this may be said by {allowed}; the token's role is {token.role}")
    if verb not in allowed_verbs(token.role, tuple(token.scope)):
        given = ", ".join(token.scope) or READ
        raise NotEntitled("scope", "", f"the token's scope is {given}; this needs write or {verb}")


def check_alone(token: Token, verb: str, terms: BaseModel, subject: str) -> None:
    """Raise NotEntitled where a token with single verbs would say what its organisation wants two people for by now.

    Such tokens are made at the desk, which offers none for what needs two; but the organisation may ask for more since,
    and corrections and the like have no verb of their own. `subject` as in register.desk.models.Draft.
    """
    from register.desk import four_eyes  # the desk imports the API's bodies

    if WRITE in token.scope:
        return
    held_back = four_eyes.choice_of(token.role, token.organisation or "")
    asked = held_back & four_eyes.codes_of(verb, data_of(terms), subject)
    if asked:
        sentence = (
            f"the organisation wants two people for this ({', '.join(sorted(asked))}); "
            "say it at the desk, or with a token that may write"
        )
        raise NotEntitled("scope", "", sentence)
