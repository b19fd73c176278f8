"""Batches and withdrawals over the API: who may, what is answered, what is refused, and what lists say afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from ledger.logs import get_log
from register.projection import replaying
from tests import factories
from tests.api.callers import Answer, Caller, check_problem
from tests.api.conftest import World

ALGORITHM = "assay-batch-v1"


def anchor(caller: Caller, **fields: Any) -> Answer:
    return caller.post(
        "/api/v1/batches", {"root": factories.make_digest(), "count": 3, "tree_algorithm": ALGORITHM} | fields
    )


def withdraw(caller: Caller, verb: str, *commitments: str, reason: str = "fraud", **fields: Any) -> Answer:
    body = {"commitments": list(commitments), "reason": reason, **fields}
    return caller.post(f"/api/v1/credentials/{verb}", body)


def size() -> int:
    return get_log(settings.ASSAY_ORIGIN).size


def test_a_batch_is_anchored_and_found(world: World) -> None:
    answer = anchor(world.issuing, issued_from="2026-06-01", credential_type="micro-credential")
    assert answer.status == 201
    batch = answer.body
    assert batch["entry"]["receipt"].startswith("c2sp.org/tlog-proof@")
    assert (batch["issuer"], batch["count"], batch["state"]) == (world.issuer, 3, "anchored")
    assert answer.headers["Location"] == f"{settings.ASSAY_BASE_URL}/api/v1/batches/{batch['id']}"
    told = {name: value for name, value in batch.items() if name != "entry"}
    assert world.anybody.get(f"/api/v1/batches/{batch['id']}").body == told
    other = anchor(world.operator, issuer=world.other_issuer).body
    assert [one["id"] for one in world.anybody.get("/api/v1/batches").body["items"]] == [batch["id"], other["id"]]
    for narrowed in (
        f"/issuers/{world.issuer}/batches",
        f"/batches?issuer={world.issuer}",
        f"/batches?root={batch['root']}",
    ):
        assert world.anybody.get(f"/api/v1{narrowed}").body == {"items": [told], "next": None}


def test_batches_of_a_programme_are_found_by_it(world: World) -> None:
    joint = factories.make_programme(world.issuer, awarding_bodies=[world.issuer, world.other_issuer])
    own = anchor(world.issuing, programme=joint).body
    theirs = anchor(world.other_issuing, programme=joint).body
    anchor(world.issuing)
    assert (own["programme"], theirs["programme"]) == (joint, joint)
    found = world.anybody.get(f"/api/v1/batches?programme={joint}").body["items"]
    assert [one["id"] for one in found] == [own["id"], theirs["id"]]
    of_issuer = world.anybody.get(f"/api/v1/issuers/{world.issuer}/batches?programme={joint}").body["items"]
    assert [one["id"] for one in of_issuer] == [own["id"]]
    assert world.anybody.get(f"/api/v1/batches?programme={own['id']}").body["items"] == []
    assert replaying.check() is None


def test_a_batch_names_no_programme_that_is_not_its_issuers_or_not_on_offer(world: World) -> None:
    past = factories.make_programme(world.issuer, valid_from="2020-01-01", valid_until="2024-01-01")
    before = size()
    check_problem(anchor(world.other_issuing, programme=past), 422, "programme_unknown", "programme")
    check_problem(anchor(world.issuing, programme=past), 422, "programme_not_offered", "programme")
    assert size() == before
    assert anchor(world.issuing, programme=past, issued_until="2023-07-01").status == 201


def test_root_and_count_suffice_and_the_entry_names_the_usual_tree(world: World) -> None:
    batch = world.issuing.post("/api/v1/batches", {"root": factories.make_digest(), "count": 1}).body
    entry = world.anybody.get(f"/api/v1/events/{batch['entry']['index']}").body
    assert batch["tree_algorithm"] == "merkletools-sha256-v1"
    assert "merkletools-sha256-v1" in str(entry)


def test_a_root_is_anchored_once_and_the_refusal_names_the_first(world: World) -> None:
    first = anchor(world.issuing).body
    before = size()
    refused = anchor(world.issuing, root=first["root"])
    check_problem(refused, 409, "batch_taken", "root")
    assert first["url"] in refused.body["detail"]
    assert size() == before
    assert anchor(world.other_issuing, root=first["root"]).status == 201


def test_credentials_are_suspended_reinstated_and_revoked(world: World) -> None:
    one, two = sorted((factories.make_digest(), factories.make_digest()))
    batch = anchor(world.issuing).body["id"]
    done = withdraw(world.issuing, "suspend", one, two, reason="under_review", batch=batch, effective_from="2026-01-01")
    assert done.status == 201
    assert (done.body["act"], done.body["commitments"]) == ("suspended", [one, two])
    assert world.anybody.get(f"/api/v1/withdrawals/{done.body['id']}").body["reason"] == "under_review"
    assert withdraw(world.issuing, "reinstate", one, reason="review_closed", effective_from="2026-03-01").status == 201
    assert withdraw(world.operator, "revoke", two, issuer=world.issuer, effective_from="2026-02-01").status == 201
    assert states(world) == {one: "reinstated", two: "revoked"}
    assert states(world, "?at=2026-01-15") == {one: "suspended", two: "suspended"}
    assert states(world, "?at=2025-12-31") == {one: "pending", two: "pending"}
    assert states(world, f"?commitment={two}") == {two: "revoked"}
    assert states(world, f"?batch={batch}") == states(world)
    assert states(world, f"?known_at={settings.ASSAY_ORIGIN}@{done.body['entry']['index'] + 1}") == {
        one: "suspended", two: "suspended",
    }  # fmt: skip
    assert replaying.check() is None


def states(world: World, query: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    path = f"/api/v1/issuers/{world.issuer}/withdrawals{query}{'&' if query else '?'}limit=1"
    while path:
        page = world.anybody.get(path.removeprefix(settings.ASSAY_BASE_URL)).body
        found |= {item["commitment"]: item["state"] for item in page["items"]}
        path = page["next"]
    return found


def test_a_list_tells_why_since_when_and_by_which_entry(world: World) -> None:
    one = factories.make_digest()
    entry = withdraw(world.issuing, "revoke", one, effective_from="2026-02-01").body["entry"]
    (item,) = world.anybody.get(f"/api/v1/issuers/{world.issuer}/withdrawals").body["items"]
    assert (item["reason"], item["effective_from"]) == ("fraud", "2026-02-01")
    assert item["entry"] == {"origin": settings.ASSAY_ORIGIN, "index": entry["index"]}
    assert item["recorded_at"] == item["changes"][0]["recorded"]["time"]


def test_nobody_withdraws_what_another_issued(world: World) -> None:
    theirs = anchor(world.other_issuing).body["id"]
    before = size()
    one = factories.make_digest()
    check_problem(withdraw(world.issuing, "revoke", one, issuer=world.other_issuer), 403, "not_entitled", "actor")
    check_problem(withdraw(world.issuing, "revoke", one, batch=theirs), 422, "batch_unknown", "batch")
    check_problem(withdraw(world.agent, "revoke", one, issuer=world.issuer), 403, "not_entitled")
    check_problem(withdraw(world.anybody, "revoke", one), 401, "not_authenticated")
    check_problem(anchor(world.issuing, issuer=world.other_issuer), 403, "not_entitled", "actor")
    assert size() == before
    assert withdraw(world.issuing, "revoke", one).status == 201
    assert world.anybody.get(f"/api/v1/issuers/{world.other_issuer}/withdrawals").body["items"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"commitments": []}, "commitments"),
        ({"commitments": ["ab"]}, "commitments.0"),
        ({"commitments": ["a" * 64, "a" * 64]}, "commitments"),
        ({"commitments": [f"{n:064x}" for n in range(201)]}, "commitments"),
        ({"reason": "because"}, "reason"),
        ({"note": "he cheated"}, "note"),
        ({"status": [{"list": 0, "index": 131_072}]}, "status.0.index"),
        ({"status": []}, "status"),
    ],
)
def test_what_cannot_be_read_is_refused_by_field(world: World, body: dict[str, Any], field: str) -> None:
    answer = world.issuing.post("/api/v1/credentials/revoke", {"commitments": ["a" * 64], "reason": "fraud"} | body)
    assert (answer.status, answer.body["field"]) in ((400, field), (422, field))
    assert world.anybody.get(f"/api/v1/issuers/{world.issuer}/withdrawals").body["items"] == []


def test_one_that_may_not_be_withdrawn_spoils_all_of_a_request(world: World) -> None:
    one, two = factories.make_digest(), factories.make_digest()
    assert withdraw(world.issuing, "revoke", one).status == 201
    check_problem(withdraw(world.issuing, "revoke", two, one), 409, "already_revoked", "commitments.1")
    assert list(states(world)) == [one]


def test_the_same_key_withdraws_once(world: World) -> None:
    body = {"commitments": [factories.make_digest()], "reason": "fraud"}
    first, again = (
        world.issuing.post("/api/v1/credentials/revoke", body, **{"Idempotency-Key": "k1"}) for _ in range(2)
    )
    assert (first.status, again.status, again.body) == (201, 201, first.body)
