"""Callers of the API for tests: one a role, each with a token of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model
from django.test import Client

from register.access.models import Membership, Token
from register.access.tokens import create_token


@dataclass
class Caller:
    """Somebody with a token, or nobody when `secret` is empty."""

    secret: str = ""
    client: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))

    def headers(self, **more: str) -> dict[str, str]:
        """Return the headers of a request."""
        return {**({"Authorization": f"Bearer {self.secret}"} if self.secret else {}), **more}

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        """Send JSON, or bytes as they are."""
        data = body if isinstance(body, bytes) else json.dumps({} if body is None else body)
        return Answer(self.client.post(path, data, content_type="application/json", headers=self.headers(**headers)))

    def get(self, path: str, **headers: str) -> Answer:
        """Ask for an address."""
        return Answer(self.client.get(path, headers=self.headers(**headers)))

    def delete(self, path: str) -> Answer:
        """Delete what is at an address."""
        return Answer(self.client.delete(path, headers=self.headers()))


class Answer:
    """An answer: status, headers and the JSON in it."""

    def __init__(self, response: Any) -> None:
        self.response = response
        self.status = response.status_code
        self.headers = response.headers
        self.content = response.content

    @property
    def body(self) -> Any:
        """The JSON of the answer."""
        return json.loads(self.content)


def make_membership(role: str, organisation: str = "", email: str = "") -> Membership:
    """Make a person with one role."""
    name = email or f"{role}-{organisation or 'node'}@tests.example"
    user, _ = get_user_model().objects.get_or_create(username=name, defaults={"email": name})
    return Membership.objects.get_or_create(user=user, role=role, organisation=organisation)[0]


def make_caller(role: str, organisation: str = "", scope: tuple[str, ...] = ("write",)) -> Caller:
    """Make somebody with a token."""
    return Caller(create_token(make_membership(role, organisation), "test", scope)[1])


def check_problem(answer: Answer, status: int, code: str, field: str | None = None) -> dict[str, Any]:
    """Insist that an answer is the problem expected, in the form of RFC 9457, and return its body."""
    body: dict[str, Any] = answer.body
    assert (answer.status, body.get("code")) == (status, code), body
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert body["status"] == status
    assert {"type", "title", "detail", "instance"} <= body.keys()
    assert all(isinstance(body[name], str) and body[name] for name in ("type", "title", "detail", "instance"))
    assert body["type"].endswith(f"#problem-{code}")
    if field is not None:
        assert body.get("field", "") == field, body
    return body


def token_of(caller: Caller) -> Token:
    """Return the row of a caller's token."""
    from register.access.authentication import find_token

    found = find_token(caller.secret.encode())
    assert found is not None
    return found
