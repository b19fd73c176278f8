"""The API of peers: operators recognise, amend, pause and withdraw; everybody reads."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.conf import settings

from federation.introduction import PATH
from federation.models import Following
from federation.sync import follow
from ledger.logs import get_log
from ledger.signer import node_signers
from ledger.tlog.proof import check_proof, parse_proof
from register.access.models import AuditRecord
from register.desk import four_eyes
from tests import factories
from tests.api.callers import Answer, Caller, check_problem, make_caller
from tests.federation import cast
from tests.federation.strangers import Stranger, listening

PEERS = "/api/v1/peers"


@pytest.fixture
def operator(transactional_db: None) -> Caller:
    factories.open_register()
    return make_caller("operator")


@pytest.fixture
def german() -> Iterator[Stranger]:
    with listening("de", territory=("DE", "LU")) as stranger:
        yield stranger


def recognise(operator: Caller, stranger: Stranger, **terms: Any) -> Answer:
    answer = operator.post(PEERS, {"url": stranger.url, "vkey": stranger.vkey, **terms})
    assert answer.status == 201, answer.body
    return answer


def size() -> int:
    return get_log(settings.ASSAY_ORIGIN).size


def test_a_peer_is_recognised_with_its_receipt_and_read_by_anybody(operator: Caller, german: Stranger) -> None:
    answer = recognise(operator, german, remit=["LU"], max_age_seconds=3600, note="Agreement")
    told = answer.body
    assert answer.headers["Location"].endswith(f"{PEERS}/{told['id']}")
    assert (told["origin"], told["name"], told["address"]) == (german.peer.origin, "Register of DE", german.url)
    assert (told["vkeys"], told["remit"], told["max_age_seconds"]) == ([german.vkey], ["LU"], 3600)
    assert (told["state"], told["following"]["status"], told["following"]["size"]) == ("recognised", "following", 0)
    proof = parse_proof(told["entry"]["receipt"])
    assert proof.index == told["entry"]["index"] == size() - 1
    entry = Caller().get(f"/api/v1/events/{proof.index}").body
    assert entry["type"] == "peer.recognised"
    check_proof(proof, entry["data"].encode(), [node_signers().log.verifier])
    read = Caller().get(f"{PEERS}/{told['id']}").body
    assert read == {name: value for name, value in told.items() if name != "entry"}


def test_how_we_stand_to_a_peer_is_told(operator: Caller, german: Stranger) -> None:
    told = recognise(operator, german).body
    assert told["following"]["fresh"] is False
    follow(german.peer.origin)
    following = Caller().get(f"{PEERS}/{told['id']}").body["following"]
    assert (following["size"], following["lag"], following["fresh"]) == (len(german.peer.entries), 0, True)
    assert (following["error"], following["failures"]) == (None, 0)
    assert following["signed_at"] is not None
    german.peer.respond = {"/ledger/checkpoint": lambda: httpx.Response(500)}
    with pytest.raises(Exception, match="500"):
        follow(german.peer.origin)
    following = Caller().get(f"{PEERS}/{told['id']}").body["following"]
    assert following["failures"] == 1
    assert following["error"]["code"] == "unexpected_answer"
    assert following["error"]["text"].startswith("It answered in a way")


def test_the_list_goes_by_pages_and_status_and_time(operator: Caller, german: Stranger) -> None:
    with listening("fr") as french:
        first, second = recognise(operator, german).body, recognise(operator, french).body
    operator.post(f"{PEERS}/{first['id']}/withdraw", {"reason": "closed"})
    page = Caller().get(f"{PEERS}?limit=1").body
    assert [one["id"] for one in page["items"]] == [first["id"]]
    page = Caller().get(page["next"].removeprefix(settings.ASSAY_BASE_URL)).body
    assert ([one["id"] for one in page["items"]], page["next"]) == ([second["id"]], None)
    for status, expected in (("withdrawn", first), ("recognised", second)):
        assert [one["id"] for one in Caller().get(f"{PEERS}?status={status}").body["items"]] == [expected["id"]]
    before = f"{settings.ASSAY_ORIGIN}@{first['entry']['index'] + 1}"
    earlier = Caller().get(f"{PEERS}?known_at={before}").body["items"]
    assert [(one["id"], one["state"]) for one in earlier] == [(first["id"], "recognised")]
    check_problem(Caller().get(f"{PEERS}?colour=red"), 400, "unknown_parameter")


def test_what_was_said_of_a_peer_is_its_history(operator: Caller, german: Stranger) -> None:
    told = recognise(operator, german).body
    operator.post(f"{PEERS}/{told['id']}/amend", {"remit": ["DE"]})
    items = Caller().get(f"{PEERS}/{told['id']}/history").body["items"]
    assert [one["type"] for one in items] == ["peer.amended", "peer.recognised"]
    check_problem(Caller().get(f"{PEERS}/{uuid4()}/history"), 404, "peer_unknown")


def test_terms_are_amended_and_emptied_and_keys_are_not(operator: Caller, german: Stranger) -> None:
    peer = f"{PEERS}/{recognise(operator, german, max_age_seconds=3600).body['id']}"
    told = operator.post(f"{peer}/amend", {"remit": ["DE"], "max_age_seconds": None, "url": "https://x.example"}).body
    assert (told["remit"], told.get("max_age_seconds"), told["address"]) == (["DE"], None, "https://x.example")
    check_problem(operator.post(f"{peer}/amend", {"vkeys": [german.vkey]}), 400, "unknown_field")
    check_problem(operator.post(f"{peer}/amend", {}), 422, "nothing_changes")
    check_problem(operator.post(f"{peer}/amend", {"remit": ["FR"]}), 422, "outside_territory", "remit.0")
    check_problem(operator.post(f"{PEERS}/{uuid4()}/amend", {"remit": ["DE"]}), 404, "peer_unknown")


def test_a_token_with_single_verbs_does_not_do_alone_what_operators_want_two_for(
    operator: Caller, german: Stranger
) -> None:
    peer = f"{PEERS}/{recognise(operator, german).body['id']}"
    narrow = make_caller("operator", scope=("amend_peer",))
    Following.objects.update(status="frozen")
    check_problem(narrow.post(f"{peer}/unfreeze", {"reason": "restored"}), 403, "scope")
    german.hand_over(2, reason="compromised")
    check_problem(narrow.post(f"{peer}/confirm-key", {"vkey": german.vkey}), 403, "scope")
    four_eyes.choose("operator", "", [])
    assert narrow.post(f"{peer}/unfreeze", {"reason": "restored"}).status == 200
    assert narrow.post(f"{peer}/confirm-key", {"vkey": german.vkey}).status == 201


def test_a_peer_is_paused_resumed_thawed_and_withdrawn(operator: Caller, german: Stranger) -> None:
    told = recognise(operator, german).body
    peer, before = f"{PEERS}/{told['id']}", size()
    answer = operator.post(f"{peer}/pause", {"reason": "their disk is full"})
    assert (answer.status, answer.body["following"]["status"]) == (200, "paused")
    assert answer.body["following"]["status_reason"] == "their disk is full"
    check_problem(operator.post(f"{peer}/pause"), 422, "peer_refused")
    assert operator.post(f"{peer}/resume").body["following"]["status"] == "following"
    Following.objects.update(status="frozen")
    check_problem(operator.post(f"{peer}/unfreeze"), 400, "missing_field", "reason")
    thawed = operator.post(f"{peer}/unfreeze", {"reason": "restored backup"}).body
    assert (thawed["following"]["status"], size()) == ("following", before)
    noted = AuditRecord.objects.order_by("id").values_list("code", "role", "facts__how")
    done = ("draft_published", "peer_paused", "peer_resumed", "peer_unfrozen")
    assert list(noted) == [(code, "operator", "API") for code in done]
    assert all(AuditRecord.objects.values_list("email", flat=True))
    gone = operator.post(f"{peer}/withdraw", {"reason": "agreement_ended"})
    assert (gone.status, gone.body["state"], gone.body["following"]["status"]) == (201, "withdrawn", "withdrawn")
    check_problem(operator.post(f"{peer}/withdraw", {"reason": "closed"}), 409, "already_withdrawn")
    for verb in ("pause", "resume", "withdraw"):
        body = {"reason": "closed"} if verb == "withdraw" else {}
        check_problem(operator.post(f"{PEERS}/{uuid4()}/{verb}", body), 404, "peer_unknown")


def test_another_key_is_confirmed(operator: Caller, german: Stranger) -> None:
    told = recognise(operator, german).body
    first = german.vkey
    german.hand_over(2, reason="compromised")
    check_problem(operator.post(f"{PEERS}/{told['id']}/confirm-key", {"vkey": first}), 422, "peer_refused", "vkey")
    answer = operator.post(f"{PEERS}/{told['id']}/confirm-key", {"vkey": german.vkey, "note": "called on Monday"})
    assert (answer.status, answer.body["vkeys"]) == (201, [german.vkey])
    assert answer.body["former_vkeys"] == [first]


def test_the_same_request_twice_is_one_entry(operator: Caller, german: Stranger) -> None:
    body = {"url": german.url, "vkey": german.vkey}
    first = operator.post(PEERS, body, **{"Idempotency-Key": "k"})
    before = size()
    again = operator.post(PEERS, body, **{"Idempotency-Key": "k"})
    assert (again.status, again.body, size()) == (201, first.body, before)
    assert again.headers["Idempotency-Replayed"] == "true"
    check_problem(operator.post(PEERS, body), 409, "peer_taken", "origin")
    other = {**body, "remit": ["DE"]}
    check_problem(operator.post(PEERS, other, **{"Idempotency-Key": "k"}), 409, "idempotency_key_reused")


def test_only_operators_change_peers(operator: Caller, german: Stranger) -> None:
    peer = f"{PEERS}/{recognise(operator, german).body['id']}"
    agency = make_caller("agency", factories.make_agency())
    requests: list[tuple[str, dict[str, Any]]] = [
        (PEERS, {"url": german.url, "vkey": german.vkey}),
        (f"{peer}/amend", {"remit": ["DE"]}),
        (f"{peer}/confirm-key", {"vkey": german.vkey}),
        (f"{peer}/withdraw", {"reason": "closed"}),
        (f"{peer}/pause", {}),
        (f"{peer}/resume", {}),
        (f"{peer}/unfreeze", {"reason": "x"}),
    ]
    before = size()
    asked = len(german.peer.asked)
    for path, body in requests:
        check_problem(Caller().post(path, body), 401, "not_authenticated")
        check_problem(agency.post(path, body), 403, "not_entitled")
        check_problem(make_caller("operator", scope=("read",)).post(path, body), 403, "scope")
    assert (size(), len(german.peer.asked)) == (before, asked)
    assert Following.objects.get().status == "following"


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"vkey": "key of another"}, 422, "peer_refused", "vkey"),
        ({"url": "http://127.0.0.1:9/"}, 400, "invalid_field", "url"),
        ({"url": "http://127.0.0.1:9"}, 422, "address_forbidden", "url"),
        ({"url": "http://10.0.0.1"}, 422, "address_forbidden", "url"),
        ({"url": "http://127.0.0.1:1024"}, 502, "peer_unreachable", "url"),
        ({"vkey": "nonsense"}, 400, "invalid_field", "vkey"),
        ({"remit": ["FR"]}, 422, "outside_territory", "remit.0"),
        ({"remit": ["XX"]}, 400, "invalid_field", "remit.0"),
        ({"max_age_seconds": 1}, 400, "invalid_field", "max_age_seconds"),
        ({"colour": "red"}, 400, "unknown_field", "colour"),
    ],
)
def test_a_request_that_cannot_be_met_leaves_nothing(
    operator: Caller, german: Stranger, change: dict[str, Any], status: int, code: str, field: str
) -> None:
    before = size()
    if change.get("vkey") == "key of another":
        change = {"vkey": str(cast.signer_of(german.peer.origin, number=5).verifier)}
    answer = operator.post(PEERS, {"url": german.url, "vkey": german.vkey, **change})
    check_problem(answer, status, code, field)
    assert (size(), Following.objects.count()) == (before, 0)


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (httpx.Response(404), 502, "peer_unreachable"),
        (httpx.Response(302, headers={"Location": "http://127.0.0.1:9"}), 502, "peer_unreachable"),
        (httpx.Response(200, html="<html>"), 502, "peer_unreachable"),
        (httpx.Response(200, json={}), 422, "peer_refused"),
        (httpx.Response(200, json={"name": "x" * 2_000_000}), 502, "peer_unreachable"),
    ],
    ids=["absent", "redirect", "page", "empty", "endless"],
)
def test_whatever_the_other_node_answers_is_a_sentence(
    operator: Caller, german: Stranger, answer: httpx.Response, status: int, code: str
) -> None:
    german.peer.respond = {PATH: lambda: answer}
    check_problem(operator.post(PEERS, {"url": german.url, "vkey": german.vkey}), status, code, "url")


def test_a_node_that_does_not_answer_in_time_is_given_up(
    operator: Caller, german: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("federation.api.verbs.PATIENCE", 0.2)
    waiting: list[Any] = []

    def hang(connection: Any) -> None:
        waiting.append(connection.rfile.read(1))

    german.peer.misbehave = {PATH: hang}
    check_problem(operator.post(PEERS, {"url": german.url, "vkey": german.vkey}), 504, "peer_too_slow", "url")


def test_this_node_and_nodes_inside_are_not_asked(operator: Caller, settings: Any) -> None:
    settings.ASSAY_PEER_NETWORKS = []
    for url in ("http://127.0.0.1:8000", "https://localhost", "https://169.254.169.254", "http://[::1]:8000"):
        vkey = str(cast.signer_of("x.example/ledger").verifier)
        check_problem(operator.post(PEERS, {"url": url, "vkey": vkey}), 422, "address_forbidden", "url")
    settings.ASSAY_PEER_NETWORKS = [ip_network("127.0.0.0/8")]


def test_what_a_token_puts_on_record_about_a_peer_is_noted_once_in_its_persons_name(
    operator: Caller, german: Stranger
) -> None:
    said = {"url": german.url, "vkey": german.vkey}
    once = {"Idempotency-Key": "recognised-once"}
    first, again = (operator.post(PEERS, said, **once) for _ in range(2))
    peer = f"{PEERS}/{first.body['id']}"
    assert again.body["id"] == first.body["id"]
    operator.post(f"{peer}/withdraw", {"reason": "closed"})
    check_problem(operator.post(f"{peer}/withdraw", {"reason": "closed"}), 409, "already_withdrawn")
    noted = AuditRecord.objects.filter(about=f"/federation/peers/{first.body['id']}").order_by("id")
    assert [(row.facts["verb"], row.facts["how"]) for row in noted] == [
        ("recognise_peer", "API"),
        ("withdraw_peer", "API"),
    ]
    assert {row.email for row in noted} != {""}
    assert noted[0].facts["entry"] == first.body["entry"]["index"]
