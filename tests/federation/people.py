"""Operators on the pages of the federation: what they read, and the steps that two of them take."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from django.conf import settings
from django.test import Client

from federation.models import Following
from ledger.logs import get_log
from register.access.models import AuditRecord
from register.desk.models import Draft
from tests.federation.strangers import Stranger
from tests.people import sign_in


def as_operator(**options: Any) -> Client:
    """Return the browser of an operator who has signed in."""
    client = Client(**options)
    sign_in(client, "operator")
    return client


def words(response: Any) -> str:
    """Return the text of a page."""
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split()))


def token(response: Any) -> str:
    """Return what confirms the step that a page shows."""
    found = re.search(r'name="token" value="([^"]+)"', response.content.decode())
    assert found, words(response)
    return found[1]


def size() -> int:
    """Return how many entries our own ledger has."""
    return get_log(settings.ASSAY_ORIGIN).size


def step(client: Client, draft: str, name: str) -> Any:
    """Do a step with a draft, having seen it."""
    found = re.search(r'name="digest" value="([^"]+)"', client.get(draft).content.decode())
    assert found, words(client.get(draft))
    return client.post(draft, {"step": name, "digest": found[1]})


def propose(operator: Client, stranger: Stranger, **terms: Any) -> str:
    """Draft the recognition of a node; return the draft's address."""
    shown = operator.post("/federation/add", {"url": stranger.url})
    asked = {"url": stranger.url, "shown": "1", "remit": ["DE", "LU"], "token": token(shown), **terms}
    drafted = operator.post("/federation/add", asked)
    assert drafted.status_code == 303, words(drafted)
    return str(drafted["Location"])


def let_two_decide(operator: Client, second: Client, draft: str) -> None:
    """Let one operator hand a draft over, and another one approve it."""
    assert step(operator, draft, "hand-over").status_code == 303
    assert step(second, draft, "approve").status_code == 303
    assert Draft.objects.get(pk=draft.rpartition("/")[2]).state == "published"


def add(operator: Client, second: Client, stranger: Stranger, **terms: Any) -> Following:
    """Go through all steps of adding a peer."""
    let_two_decide(operator, second, propose(operator, stranger, **terms))
    return Following.objects.get(origin=stranger.peer.origin)


def noted() -> list[tuple[str, str, str]]:
    """Code, person and subject of each line of the audit record, oldest first."""
    return [(row.code, row.email, row.about) for row in AuditRecord.objects.order_by("id")]


def path(row: Following, verb: str = "") -> str:
    """Return the address of a peer's page, or of an action on it."""
    return f"/federation/peers/{row.peer}" + (f"/{verb}" if verb else "")


def refuse(response: Any, status: int, sentence: str) -> None:
    """Insist that an answer is a refusal in these words."""
    assert response.status_code == status
    assert sentence.casefold() in words(response).casefold()  # it begins with a capital on pages
