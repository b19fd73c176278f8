"""Operators' actions: shown before they are done, done by operators alone, only as they were shown, and noted.

What is said for good, or makes this register believe somebody, is drafted, and a second operator approves it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from federation.fingerprint import compute_fingerprint
from federation.lifecycle import KEY_REPORTED_STOLEN
from federation.models import Alert, Evidence, Following
from federation.views import steps
from federation.views.verbs import VERBS
from ledger.logs import get_log
from register.access.models import AuditRecord, Membership
from register.desk import four_eyes
from register.desk.models import Draft
from register.queries.peers import list_peers
from tests import factories
from tests.federation import cast
from tests.federation.people import as_operator
from tests.federation.strangers import Stranger, listening
from tests.people import sign_in

SMALL = {"remit": ["DE"], "max_age": "60"}


@pytest.fixture(autouse=True)
def _open_node(transactional_db: None) -> None:
    factories.open_register()


@pytest.fixture
def operator() -> Client:
    return as_operator()


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    with listening("de", territory=("DE", "LU")) as met:
        yield met


def words(response: Any) -> str:
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split()))


def token(response: Any) -> str:
    found = re.search(r'name="token" value="([^"]+)"', response.content.decode())
    assert found, words(response)
    return found[1]


def size() -> int:
    return get_log(settings.ASSAY_ORIGIN).size


@pytest.fixture
def second() -> Client:
    """Another operator, who may approve."""
    client = Client()
    sign_in(client, "operator", approves=True)
    return client


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
    return f"/federation/peers/{row.peer}" + (f"/{verb}" if verb else "")


def refuse(response: Any, status: int, sentence: str) -> None:
    assert response.status_code == status
    assert sentence.casefold() in words(response).casefold()  # it begins with a capital on pages


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
    refuse(operator.post("/federation/add", {"url": gone.url}), 422, "the connection failed")
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


def test_a_changed_key_is_shown_beside_the_known_one_and_accepted_by_two(
    operator: Client, second: Client, stranger: Stranger
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
    Following.objects.update(status="paused", status_reason=KEY_REPORTED_STOLEN)
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


def test_an_alert_is_settled_once(operator: Client) -> None:
    fields = {"origin": "register.de.example/ledger", "code": "odd", "raised_at": timezone.now()}
    alert = Alert.objects.create(message="look here", **fields)
    shown = operator.get(f"/federation/alerts/{alert.id}/settle")
    assert "look here" in words(shown)
    done = operator.post(f"/federation/alerts/{alert.id}/settle", {"token": token(shown)})
    assert done.status_code == 303
    alert.refresh_from_db()
    assert alert.settled_at is not None
    assert noted() == [("alert_settled", "operator@nl.example", "register.de.example/ledger")]
    refuse(operator.get(f"/federation/alerts/{alert.id}/settle"), 404, "no such open alert")


def list_actions() -> list[str]:
    row = cast.recognise(cast.open_country("be"), "https://register.be.example")
    alert = Alert.objects.create(origin=row.origin, code="odd", message="look", raised_at=timezone.now())
    verbs = [path(row, verb) for verb in (*VERBS, "confirm-key")]
    return ["/federation/add", f"/federation/alerts/{alert.id}/settle", *verbs]


def test_readers_are_led_to_sign_in_and_other_roles_are_told_no() -> None:
    agency = Client()
    sign_in(agency, "agency", str(uuid4()))
    for action in list_actions():
        answer = Client().get(action)
        assert (answer.status_code, answer["Location"]) == (302, f"/sign-in?next={action}")
        assert Client().post(action, {"reason": "x"})["Location"] == "/sign-in?next=/federation"
        for tried in (agency.get(action), agency.post(action, {"reason": "x", "token": "x"})):
            refuse(tried, 403, "This page belongs to people with another role.")
    assert "Add a peer" not in words(agency.get("/federation"))
    assert Following.objects.get().status == "following"


def test_no_action_goes_without_the_forms_own_token(stranger: Stranger) -> None:
    strict = as_operator(enforce_csrf_checks=True)
    for action in list_actions():
        assert strict.post(action, {"reason": "x"}).status_code == 403
        assert strict.put(action).status_code in (403, 405)


def test_an_unknown_action_or_peer_is_not_there(operator: Client) -> None:
    row = cast.recognise(cast.open_country("be"), "https://register.be.example")
    assert operator.get(path(row, "delete")).status_code == 404
    assert operator.get(f"/federation/peers/{uuid4()}/pause").status_code == 404
    assert operator.get(f"/federation/peers/{uuid4()}/confirm-key").status_code == 404


def test_pages_of_actions_are_kept_by_nobody(operator: Client) -> None:
    for action in list_actions():
        response = operator.get(action)
        assert "no-store" in response["Cache-Control"], action
