"""Operators' actions: shown before they are done, done by operators alone, only as they were shown, and noted.

What is said for good, or makes this register believe somebody, is drafted, and a second operator approves it.
"""

from __future__ import annotations

import re
import time
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from federation.fingerprint import compute_fingerprint
from federation.lifecycle import KEY_REPORTED_STOLEN
from federation.models import Evidence, Following
from federation.views import steps
from federation.views.verbs import VERBS
from register.access.models import AuditRecord, Membership
from register.desk import four_eyes
from register.desk.models import Draft
from register.queries.peers import list_peers
from register.sentences import to_text
from tests import factories
from tests.federation import cast
from tests.federation.people import add, let_two_decide, noted, path, propose, refuse, size, step, token, words
from tests.federation.strangers import Stranger, listening
from tests.people import sign_in

SMALL = {"remit": ["DE"], "max_age": "60"}


@pytest.fixture(autouse=True)
def _open_node(transactional_db: None) -> None:
    factories.open_register()


def test_a_node_is_shown_with_its_fingerprint_before_it_is_recognised(
    operator: Client, second: Client, stranger: Stranger
) -> None:
    before = size()
    assert "Address of the other register" in words(operator.get("/federation/add"))
    shown = operator.post("/federation/add", {"url": stranger.url})
    text = words(shown)
    fingerprint = compute_fingerprint(stranger.vkey)
    assert " ".join(fingerprint.words) in text
    assert fingerprint.grouped in text
    assert "Register of DE" in text
    assert "Germany, Luxembourg" in text
    draft = propose(operator, stranger, **SMALL)
    for client in (operator, second):
        page = words(client.get(draft))
        assert "Recognising another register" in page
        assert "is heard about Germany" in page
        assert " ".join(fingerprint.words) in page
        assert fingerprint.grouped in page
        assert stranger.vkey in page
    assert (size(), Following.objects.count()) == (before, 0)
    let_two_decide(operator, second, draft)
    (record,) = list_peers()
    assert (record.remit, record.max_age_seconds, record.vkeys) == (("DE",), 3600, (stranger.vkey,))
    assert size() == before + 1
    row = Following.objects.get()
    assert "is heard about Germany" in words(operator.get(path(row)))
    assert Draft.objects.get().written == path(row)
    assert noted() == [
        ("draft_submitted", "operator@nl.example", draft),
        ("draft_approved", "approver@nl.example", draft),
    ]


def test_one_operator_alone_recognises_nobody(operator: Client, stranger: Stranger) -> None:
    before = size()
    draft = propose(operator, stranger)
    assert step(operator, draft, "submit").status_code == 303
    assert Draft.objects.get().state == "waiting"
    refuse(step_blindly(operator, draft, "approve"), 422, "Nobody approves their own draft")
    assert (size(), Following.objects.count()) == (before, 0)


def step_blindly(client: Client, draft: str, name: str) -> Any:
    return client.post(draft, {"step": name, "digest": "0" * 64})


def test_where_operators_want_no_second_person_one_recognises_alone(operator: Client, stranger: Stranger) -> None:
    four_eyes.choose("operator", "", [])
    assert step(operator, propose(operator, stranger), "submit").status_code == 303
    assert Following.objects.get().status == "following"


def test_a_demonstration_account_is_nobodys_second_person(operator: Client, second: Client, stranger: Stranger) -> None:
    Membership.objects.filter(user__username="approver@nl.example").update(demonstration=True)
    draft = propose(operator, stranger)
    assert step(operator, draft, "hand-over").status_code == 303
    assert "Approve and publish" not in words(second.get(draft))
    refuse(step_blindly(second, draft, "approve"), 422, "a demonstration account acts on demonstration people alone")
    assert Following.objects.count() == 0


def test_leaving_all_countries_chosen_means_all_of_the_territory(
    operator: Client, second: Client, stranger: Stranger
) -> None:
    row = add(operator, second, stranger)
    assert (row.remit, row.max_age_seconds) == (None, None)
    refuse(operator.post("/federation/add", {"url": stranger.url}), 422, "It is a peer already: Register of DE")


def test_what_was_shown_is_what_is_drafted(operator: Client, stranger: Stranger) -> None:
    shown = token(operator.post("/federation/add", {"url": stranger.url}))
    asked = {"shown": "1", **SMALL}
    with listening("fr") as other:
        wrong = {"url": other.url, "remit": ["FR"], "shown": "1", "token": shown}
        refuse(operator.post("/federation/add", wrong), 422, "This was to confirm something else.")
    for altered in (shown[:-2] + "xx", ""):
        answer = operator.post("/federation/add", {"url": stranger.url, "token": altered, **asked})
        refuse(answer, 422, "is not what you were shown")
    stranger.peer.signer = cast.signer_of(stranger.peer.origin, number=9)
    assert operator.post("/federation/add", {"url": stranger.url, "token": shown, **asked}).status_code == 422
    assert Draft.objects.count() == 0


def test_a_node_that_changed_between_two_people_is_not_recognised(
    operator: Client, second: Client, stranger: Stranger
) -> None:
    before, draft = size(), propose(operator, stranger)
    assert step(operator, draft, "hand-over").status_code == 303
    stranger.hand_over(2)
    refuse(step(second, draft, "approve"), 422, "says something else of itself than when this was drafted")
    assert (size(), Following.objects.count(), Draft.objects.get().state) == (before, 0, "waiting")


def test_terms_that_were_drafted_can_be_changed(operator: Client, second: Client, stranger: Stranger) -> None:
    draft = propose(operator, stranger)
    form = f"/federation/add?draft={draft.rpartition('/')[2]}"
    assert form in unescape(operator.get(draft).content.decode())
    assert stranger.url in operator.get(form).content.decode()
    shown = operator.post(form, {"url": stranger.url})
    asked = {"url": stranger.url, "shown": "1", "token": token(shown), **SMALL}
    assert operator.post(form, asked)["Location"] == draft
    let_two_decide(operator, second, draft)
    assert Following.objects.get().remit == ["DE"]
    assert operator.get(form).status_code == 404


def test_an_address_where_no_node_answers_is_said_beside_the_field(operator: Client, settings: Any) -> None:
    refuse(operator.post("/federation/add", {"url": ""}), 422, "Write the address that the other operator gave you.")
    refuse(operator.post("/federation/add", {"url": "nonsense"}), 422, "expected a node's address")
    with listening("fr") as gone:
        pass
    refuse(operator.post("/federation/add", {"url": gone.url}), 422, "nobody answers at")
    refuse(operator.post("/federation/add", {"url": gone.url}), 422, "(Connection refused); see whether")
    settings.ASSAY_PEER_NETWORKS = []
    refuse(operator.post("/federation/add", {"url": gone.url}), 422, "ASSAY_PEER_NETWORKS")
    assert Following.objects.count() == 0


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        ({"remit": []}, "Choose a country at least."),
        ({"remit": ["FR"]}, "FR is not one of the available choices"),
        ({"remit": ["DE"], "max_age": "0"}, "greater than or equal to 1"),
        ({"remit": ["DE"], "max_age": "soon"}, "Enter a whole number"),
    ],
)
def test_terms_that_cannot_be_are_not_drafted(
    operator: Client, stranger: Stranger, terms: dict[str, Any], sentence: str
) -> None:
    refuse(operator.post("/federation/add", {"url": stranger.url, "shown": "1", **terms}), 422, sentence)
    assert Draft.objects.count() == 0


def test_a_confirmation_is_good_for_a_quarter_of_an_hour(
    operator: Client, second: Client, stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = add(operator, second, stranger)
    shown = operator.post(path(row, "pause"), {"reason": "maintenance"})
    late = time.time() + steps.MOST_SECONDS + 1
    monkeypatch.setattr("django.core.signing.time.time", lambda: late)
    refuse(operator.post(path(row, "pause"), {"token": token(shown)}), 422, "Too much time has passed")
    assert Following.objects.get().status == "following"


def test_a_confirmation_is_that_persons_alone(operator: Client, second: Client, stranger: Stranger) -> None:
    row = add(operator, second, stranger)
    shown = operator.post(path(row, "pause"), {"reason": "maintenance"})
    other = Client()
    sign_in(other, "operator", email="second@nl.example")
    refuse(other.post(path(row, "pause"), {"token": token(shown)}), 422, "This was to confirm something else.")


def test_pausing_and_resuming(operator: Client, second: Client, stranger: Stranger) -> None:
    row, entries = add(operator, second, stranger), size()
    refuse(operator.post(path(row, "pause"), {"reason": " "}), 422, "Write why, in a sentence.")
    shown = operator.post(path(row, "pause"), {"reason": "maintenance"})
    assert "Pause?" in words(shown)
    assert Following.objects.get().status == "following"
    assert operator.post(path(row, "pause"), {"token": token(shown)})["Location"] == path(row)
    assert "It is paused." in words(operator.get(path(row)))
    row.refresh_from_db()
    assert (row.status, row.status_reason) == ("paused", "maintenance")
    again = operator.post(path(row, "pause"), {"token": token(shown)})
    refuse(again, 409, "It is paused at the moment, so this cannot be done.")
    operator.post(path(row, "resume"), {"token": token(operator.get(path(row, "resume")))})
    row.refresh_from_db()
    assert (row.status, size()) == ("following", entries)
    who = "operator@nl.example"
    assert noted()[-2:] == [("peer_paused", who, path(row)), ("peer_resumed", who, path(row))]
    assert AuditRecord.objects.get(code="peer_paused").facts == {"name": "Register of DE", "reason": "maintenance"}


def test_new_terms_go_on_our_ledger_unless_the_peer_changed_meanwhile(
    operator: Client, second: Client, stranger: Stranger
) -> None:
    row, entries = add(operator, second, stranger), size()
    assert operator.get(path(row, "amend")).content.count(b" checked") == 2
    draft = operator.post(path(row, "amend"), {"remit": ["LU"], "max_age": ""})["Location"]
    stale = operator.post(path(row, "amend"), {"remit": ["DE"], "max_age": ""})["Location"]
    shown = operator.get(stale)
    assert "Heard for Luxembourg" in words(operator.get(draft))
    assert size() == entries
    assert step(operator, draft, "submit").status_code == 303
    row.refresh_from_db()
    assert (row.remit, size()) == (["LU"], entries + 1)
    digest = re.search(r'name="digest" value="([^"]+)"', shown.content.decode())
    assert digest
    assert operator.post(stale, {"step": "submit", "digest": digest[1]}).status_code == 409
    assert size() == entries + 1
    draft = operator.post(path(row, "amend"), {"remit": ["DE", "LU"], "max_age": "5"})["Location"]
    step(operator, draft, "submit")
    row.refresh_from_db()
    assert (row.remit, row.max_age_seconds) == (None, 300)
    assert noted()[-1] == ("draft_published", "operator@nl.example", draft)


def test_withdrawing_with_a_reason(operator: Client, second: Client, stranger: Stranger) -> None:
    row = add(operator, second, stranger)
    refuse(operator.post(path(row, "withdraw"), {"reason": "whim"}), 422, "whim is not one of the available choices")
    told = {"reason": "agreement_ended", "note": "One line.\r\nAnother."}
    draft = operator.post(path(row, "withdraw"), told)["Location"]
    assert "Withdrawing the recognition of another register" in words(operator.get(draft))
    assert "Register of DE, " in words(operator.get(draft))
    assert "Register of DE" in words(operator.get("/desk/drafts"))
    let_two_decide(operator, second, draft)
    assert "Register of DE, " in words(operator.get(draft))
    row.refresh_from_db()
    assert row.status == "withdrawn"
    (record,) = list_peers()
    assert record.withdrawal is not None
    assert (record.withdrawal.reason, record.withdrawal.note) == ("agreement_ended", "One line.\nAnother.")
    page = words(operator.get(path(row)))
    assert "Reason: The agreement has ended." in page
    assert not any(str(verb.title) in page for verb in VERBS.values())
    anew = add(operator, second, stranger)
    assert (anew.status, anew.peer != row.peer) == ("following", True)
    page = words(operator.get(path(anew)))
    assert page.count("Peer recognised.") == 2
    assert "Recognition of a peer withdrawn." in page


def test_following_again_after_a_fork_wants_a_reason_and_two_people(
    operator: Client, second: Client, stranger: Stranger
) -> None:
    row = add(operator, second, stranger)
    entries = size()
    Following.objects.update(status="frozen")
    draft = operator.post(path(row, "unfreeze"), {"reason": "a restored backup, explained"})["Location"]
    assert "The evidence and our report of it stay for ever." in words(operator.get(draft))
    assert step(operator, draft, "submit").status_code == 303
    row.refresh_from_db()
    assert row.status == "frozen"
    assert "a restored backup, explained" in words(second.get(draft))
    assert step(second, draft, "approve").status_code == 303
    row.refresh_from_db()
    assert (row.status, size()) == ("following", entries)
    assert "a restored backup, explained" in words(operator.get(path(row)))
    assert "Following another register again after a fork" in words(operator.get(draft))
    assert noted()[-1] == ("peer_unfrozen", "approver@nl.example", path(row))
    assert AuditRecord.objects.get(code="peer_unfrozen").facts["reason"] == "a restored backup, explained"


def test_a_peer_that_forks_again_while_a_draft_waits_stays_frozen_until_somebody_looks(
    operator: Client, second: Client, stranger: Stranger
) -> None:
    row = add(operator, second, stranger)
    Following.objects.update(status="frozen")
    draft = operator.post(path(row, "unfreeze"), {"reason": "explained"})["Location"]
    step(operator, draft, "hand-over")
    digest = re.search(r'name="digest" value="([^"]+)"', second.get(draft).content.decode())
    assert digest
    bytes_of = dict.fromkeys(("older", "newer", "proof", "fingerprint"), b"another")
    Evidence.objects.create(id=uuid4(), origin=row.origin, kind="same_size", found_at=timezone.now(), **bytes_of)
    assert second.post(draft, {"step": "approve", "digest": digest[1]}).status_code == 409
    row.refresh_from_db()
    assert row.status == "frozen"


def test_hidden_characters_in_a_reason_are_refused(operator: Client, second: Client, stranger: Stranger) -> None:
    row = add(operator, second, stranger)
    refuse(operator.post(path(row, "pause"), {"reason": "safe\u202eesrever"}), 422, "hidden characters")


@pytest.mark.parametrize("kept", [f"{KEY_REPORTED_STOLEN}", to_text(KEY_REPORTED_STOLEN)], ids=["older", "sentence"])
def test_a_changed_key_is_shown_beside_the_known_one_and_accepted_by_two(
    operator: Client, second: Client, stranger: Stranger, kept: str
) -> None:
    row = add(operator, second, stranger)
    assert "Its key has not changed" in words(operator.get(path(row, "confirm-key")))
    former = stranger.vkey
    stranger.hand_over(2, reason="compromised")
    assert stranger.vkey != former
    shown = operator.get(path(row, "confirm-key"))
    assert "Accept another key for Register of DE?" in words(shown)
    assert former in shown.content.decode()
    assert stranger.vkey in shown.content.decode()
    before = size()
    Following.objects.update(status="paused", status_reason=kept)
    draft = operator.post(path(row, "confirm-key"), {"token": token(shown)})["Location"]
    page = words(operator.get(draft))
    assert "Accepting a changed key of another register" in page
    assert compute_fingerprint(stranger.vkey).grouped in page
    assert step(operator, draft, "submit").status_code == 303
    assert size() == before
    assert step(second, draft, "approve").status_code == 303
    row.refresh_from_db()
    assert (row.vkeys, row.status, size()) == ([stranger.vkey], "following", before + 1)


def test_a_key_that_changed_once_more_meanwhile_is_not_accepted(
    operator: Client, second: Client, stranger: Stranger
) -> None:
    row = add(operator, second, stranger)
    stranger.hand_over(2, reason="compromised")
    shown = operator.get(path(row, "confirm-key"))
    draft = operator.post(path(row, "confirm-key"), {"token": token(shown)})["Location"]
    step(operator, draft, "hand-over")
    stranger.hand_over(3, reason="compromised")
    refuse(step(second, draft, "approve"), 422, "says something else of itself than when this was drafted")
