"""Tokens: who am I, and the tokens of my membership: list, make, revoke."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from django.db import transaction
from django.http import HttpResponse
from pydantic import BaseModel, ConfigDict, Field
from rest_framework.request import Request

from register.access import tokens
from register.access.acting import act_in
from register.access.addresses import read_network
from register.access.audit import note
from register.access.models import Token
from register.access.roles import SCOPES
from register.api.address import Address, answer_json, token_of
from register.api.bodies import read_object
from register.api.limits import WriteLimit
from register.api.permissions import HasToken
from register.moments import Instant, format_instant
from register.values import Text

Scope = Annotated[tuple[Literal[SCOPES], ...], Field(min_length=1, max_length=len(SCOPES))]  # type: ignore[valid-type]


class TokenTerms(BaseModel):
    """A token to be made: what it is for, what it may do, until when (default: as long as this one)."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[Text, Field(max_length=100)]
    scope: Scope = ("read",)
    expires_at: Instant | None = None


class TokenDescription(BaseModel):
    """A token without its secret."""

    id: str
    name: str
    role: str
    organisation: str | None
    scope: list[str]
    created: Instant
    expires_at: Instant | None
    last_used: Instant | None
    made_by: str | None


class MadeToken(TokenDescription):
    """A token just made: its secret is shown this once."""

    token: str


class TokenList(BaseModel):
    """Tokens, newest first."""

    items: list[TokenDescription]
    next: None = None


def describe(token: Token) -> dict[str, Any]:
    """Return what may be shown of a token."""
    return {
        "id": str(token.public_id),
        "name": token.name,
        "role": token.role,
        "organisation": token.organisation,
        "scope": list(token.scope),
        "created": format_instant(token.created),
        "expires_at": format_instant(token.expiry) if token.expiry else None,
        "last_used": format_instant(token.last_used) if token.last_used else None,
        "made_by": str(token.made_by.public_id) if token.made_by is not None else None,
    }


class Me(Address):
    """The token that asks."""

    permission_classes = (HasToken,)
    tag = "access"
    answers = {"GET": TokenDescription}

    def get(self, request: Request) -> HttpResponse:
        """Tell the role, organisation, name and end of the token that asks."""
        self.query(request)
        return answer_json(describe(token_of(request)))


class Tokens(Address):
    """The tokens of the asking token's membership."""

    permission_classes = (HasToken,)
    throttle_classes = (WriteLimit,)
    tag = "access"
    body = TokenTerms
    answers = {"GET": TokenList, "POST": MadeToken}
    statuses = {"POST": 201}
    problems = (422,)

    def get(self, request: Request) -> HttpResponse:
        """List your own tokens, newest first."""
        self.query(request)
        found = tokens.own_tokens(token_of(request)).select_related("membership", "made_by")
        return answer_json({"items": [describe(token) for token in found], "next": None})

    def post(self, request: Request) -> HttpResponse:
        """Make a token.

        It may do at most what the asking token may, ends no later, and is revoked with it. Its secret is in this answer
        and nowhere else.
        """
        terms = TokenTerms.model_validate(read_object(request.data))
        with transaction.atomic():
            made, secret = tokens.delegate(token_of(request), terms.name, terms.scope, terms.expires_at)
            _note(request, "token_made", made.name, scope=", ".join(made.scope), until=_day_of(made))
        return answer_json({**describe(made), "token": secret}, status=201)


class OneToken(Address):
    """One of the own tokens."""

    permission_classes = (HasToken,)
    throttle_classes = (WriteLimit,)
    tag = "access"
    statuses = {"DELETE": 204}

    def delete(self, request: Request, id: UUID) -> HttpResponse:
        """Revoke one of your own tokens, this one included; it stops working at once.

        So do the tokens that were made with it.
        """
        asking = token_of(request)
        with transaction.atomic():
            for name in tokens.revoke_token(asking, id):
                _note(request, "token_revoked", name)
        return HttpResponse(status=204)


def _note(request: Request, code: str, about: str, scope: str = "", until: str = "") -> None:
    """Note in the audit record what a token did to tokens, in the name of its person."""
    membership = token_of(request).membership
    person = act_in(membership, network=read_network(request._request))
    note(person, code, about, how="API", scope=scope, until=until)


def _day_of(token: Token) -> str:
    return token.expiry.date().isoformat() if token.expiry is not None else ""
