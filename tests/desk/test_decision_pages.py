"""Recording a decision on its pages: find, fill in, preview, publish, receipt; with and without JavaScript."""

from __future__ import annotations

import re

from django.test import Client

from register.desk.models import Draft
from register.models import AccreditationVersion
from tests.desk.conftest import Desk
from tests.people import sign_in

NEW = "/desk/decisions/new"
PDF = b"%PDF-1.7 a report"


def officer(desk: Desk, client: Client) -> Client:
    """The agency's officer, signed in."""
    sign_in(client, "agency", desk.agency, email="officer@board.example")
    return client


def filled(desk: Desk, **fields: object) -> dict[str, object]:
    """What the form sends for a usual decision."""
    return {
        "issuer": desk.issuer,
        "kind": "institutional",
        "decision": "positive",
        "valid_from": "2024-01-01",
        "valid_until": "2029-12-31",
        "eqf_levels": ["6", "7"],
        **fields,
    }


def digest_on(page: bytes) -> str:
    """The digest that a draft's page sends along."""
    found = re.search(r'name="digest" value="([0-9a-f]{64})"', page.decode())
    assert found, page.decode()
    return found[1]


def test_a_decision_is_filled_in_seen_and_published_with_a_receipt(lasting_desk: Desk, client: Client) -> None:
    officer(lasting_desk, client)
    answer = client.post(NEW, filled(lasting_desk), follow=False)
    assert answer.status_code == 303
    page = client.get(answer["Location"])
    assert b"Havenhogeschool" in page.content
    assert b"valid_until&quot;:&quot;2030-01-01" in page.content
    published = client.post(answer["Location"], {"step": "submit", "digest": digest_on(page.content)}, follow=True)
    assert b"Published as entry" in published.content
    draft = Draft.objects.get()
    assert AccreditationVersion.objects.get().recorded_from == draft.entry_index
    receipt = client.get(f"{answer['Location']}/receipt")
    assert receipt.content.startswith(b"c2sp.org/tlog-proof@v1")


def test_a_second_press_of_publish_writes_nothing_more(lasting_desk: Desk, client: Client) -> None:
    officer(lasting_desk, client)
    address = client.post(NEW, filled(lasting_desk))["Location"]
    digest = digest_on(client.get(address).content)
    client.post(address, {"step": "submit", "digest": digest})
    again = client.post(address, {"step": "submit", "digest": digest})
    assert again.status_code == 422
    assert AccreditationVersion.objects.count() == 1
