"""Tokens: made with at most one's own rights, shown once, listed and revoked by their owner, useless when over."""

from __future__ import annotations

import time
from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from register.access.authentication import USED_EVERY, find_token
from register.access.models import AuditRecord, Token
from register.access.tokens import delegate, end_token
from register.errors import NotFound
from tests.api.callers import Caller, check_problem, make_caller, make_membership, token_of

pytestmark = pytest.mark.django_db

AGENCY = "01900000-0000-7000-8000-000000000001"
OTHER = "01900000-0000-7000-8000-000000000002"


def test_me_tells_role_organisation_name_and_end() -> None:
    body = make_caller("agency", AGENCY).get("/api/v1/me").body
    assert {name: body[name] for name in ("role", "organisation", "name", "scope")} == {
        "role": "agency",
        "organisation": AGENCY,
        "name": "test",
        "scope": ["write"],
    }
    assert body["expires_at"].endswith("Z")
    assert "token" not in body


def test_an_operator_has_no_organisation() -> None:
    assert make_caller("operator").get("/api/v1/me").body["organisation"] is None


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer " + "0" * 64,
        "Bearer " + "x" * 5000,
        "Bearer \u00e9\u00ff",
        "bearer \x00",
        "Bearer ../../etc",
    ],
)
def test_a_token_that_is_none_is_401_and_says_how_to_send_one(header: str) -> None:
    response = Caller().client.get("/api/v1/me", headers={"Authorization": header})
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert response["Content-Type"] == "application/problem+json"


def test_without_token_401_names_the_header() -> None:
    body = check_problem(Caller().get("/api/v1/me"), 401, "not_authenticated")
    assert "Authorization: Bearer" in body["detail"]


def test_reading_with_a_wrong_token_is_refused_rather_than_ignored() -> None:
    check_problem(Caller("0" * 64).get("/api/v1/reasons"), 401, "not_authenticated")


def test_the_secret_is_stored_nowhere() -> None:
    caller = make_caller("operator")
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM access_token t")
        rows = " ".join(row[0] for row in cursor.fetchall())
    assert caller.secret[20:] not in rows


def test_an_expired_token_is_refused_and_stays_on_the_list() -> None:
    caller, second = make_caller("operator"), make_caller("operator")
    Token.objects.filter(pk=token_of(caller).pk).update(expiry=timezone.now() - timedelta(seconds=1))
    check_problem(caller.get("/api/v1/me"), 401, "not_authenticated")
    assert len(second.get("/api/v1/tokens").body["items"]) == 2


def test_a_token_ends_with_its_membership_and_with_its_user() -> None:
    caller, other = make_caller("agency", AGENCY), make_caller("agency", OTHER)
    make_membership("agency", AGENCY).delete()
    check_problem(caller.get("/api/v1/me"), 401, "not_authenticated")
    user = token_of(other).user
    user.is_active = False
    user.save()
    check_problem(other.get("/api/v1/me"), 401, "not_authenticated")


def test_last_use_is_written_at_most_once_a_minute() -> None:
    caller = make_caller("operator")
    assert token_of(caller).last_used is None
    with CaptureQueriesContext(connection) as first:
        caller.get("/api/v1/me")
    with CaptureQueriesContext(connection) as second:
        caller.get("/api/v1/me")
    assert [query["sql"].split()[0] for query in first] == ["UPDATE"]
    assert len(second) == 0
    used = timezone.now() - USED_EVERY
    Token.objects.filter(pk=token_of(caller).pk).update(last_used=used)
    caller.get("/api/v1/me")
    assert (token_of(caller).last_used or used) > used


def test_the_token_that_is_found_is_the_row_that_the_orm_reads() -> None:
    caller = make_caller("agency", AGENCY)
    found = find_token(caller.secret.encode())
    stored = Token.objects.select_related("membership", "user").get()
    assert found is not None
    for one, other in ((found, stored), (found.membership, stored.membership)):
        names = [field.attname for field in one._meta.concrete_fields]
        assert [getattr(one, name) for name in names] == [getattr(other, name) for name in names]
    assert (found.user, found.user.is_active, found.user.username) == (stored.user, True, stored.user.username)


def test_a_token_is_shown_once_and_works() -> None:
    caller = make_caller("agency", AGENCY)
    made = caller.post("/api/v1/tokens", {"name": "import", "scope": ["grant_accreditation"]})
    assert made.status == 201
    assert made.body["scope"] == ["grant_accreditation"]
    assert Caller(made.body["token"]).get("/api/v1/me").body["name"] == "import"
    listed = caller.get("/api/v1/tokens")
    assert [item["name"] for item in listed.body["items"]] == ["import", "test"]
    assert made.body["token"] not in listed.content.decode()


def test_a_token_passes_on_no_more_than_it_may() -> None:
    reader = make_caller("agency", AGENCY, ("read",))
    check_problem(reader.post("/api/v1/tokens", {"name": "x", "scope": ["write"]}), 403, "not_entitled", "scope")
    check_problem(reader.post("/api/v1/tokens", {"name": "x", "scope": ["amend_issuer"]}), 403, "not_entitled", "scope")
    granting = make_caller("agency", AGENCY, ("grant_accreditation",))
    check_problem(granting.post("/api/v1/tokens", {"name": "x", "scope": ["write"]}), 403, "not_entitled", "scope")
    assert granting.post("/api/v1/tokens", {"name": "x", "scope": ["read", "grant_accreditation"]}).status == 201


def test_a_token_lives_no_longer_than_the_one_that_made_it() -> None:
    caller = make_caller("operator")
    own = token_of(caller)
    made = caller.post("/api/v1/tokens", {"name": "x"}).body
    assert token_of(Caller(made["token"])).expiry <= own.expiry
    late = (own.expiry + timedelta(days=1)).isoformat()
    check_problem(caller.post("/api/v1/tokens", {"name": "x", "expires_at": late}), 422, "expiry", "expires_at")
    check_problem(caller.post("/api/v1/tokens", {"name": "x", "expires_at": "2020-01-01"}), 422, "expiry", "expires_at")


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "missing_field", "name"),
        ({"name": ""}, "invalid_field", "name"),
        ({"name": "x" * 200}, "invalid_field", "name"),
        ({"name": "x", "scope": ["all"]}, "invalid_field", "scope.0"),
        ({"name": "x", "scope": []}, "invalid_field", "scope"),
        ({"name": "x", "role": "operator"}, "unknown_field", "role"),
        ({"name": "x", "organisation": OTHER}, "unknown_field", "organisation"),
        ({"name": "x", "expires_at": "2026-02-31"}, "invalid_field", "expires_at"),
    ],
)
def test_terms_of_a_token_that_cannot_be_read_are_refused(body: dict[str, object], code: str, field: str) -> None:
    check_problem(make_caller("operator").post("/api/v1/tokens", body), 400, code, field)


def test_there_is_an_end_to_the_number_of_tokens() -> None:
    caller = make_caller("operator")
    for _ in range(99):
        assert caller.post("/api/v1/tokens", {"name": "x"}).status == 201
    check_problem(caller.post("/api/v1/tokens", {"name": "x"}), 422, "token_limit")


def test_own_tokens_are_revoked_and_others_are_not_found() -> None:
    caller, stranger = make_caller("agency", AGENCY), make_caller("agency", OTHER)
    made = caller.post("/api/v1/tokens", {"name": "x"}).body
    check_problem(stranger.delete(f"/api/v1/tokens/{made['id']}"), 404, "token_unknown")
    assert Caller(made["token"]).get("/api/v1/me").status == 200
    assert caller.delete(f"/api/v1/tokens/{made['id']}").status == 204
    check_problem(Caller(made["token"]).get("/api/v1/me"), 401, "not_authenticated")
    assert caller.delete(f"/api/v1/tokens/{token_of(caller).public_id}").status == 204
    check_problem(caller.get("/api/v1/me"), 401, "not_authenticated")


def test_a_token_revokes_none_that_may_do_more() -> None:
    writer = make_caller("agency", AGENCY)
    reader = Caller(writer.post("/api/v1/tokens", {"name": "reads"}).body["token"])
    check_problem(reader.delete(f"/api/v1/tokens/{token_of(writer).public_id}"), 403, "not_entitled")
    assert writer.get("/api/v1/me").status == 200
    other = reader.post("/api/v1/tokens", {"name": "reads, too"}).body["id"]
    assert reader.delete(f"/api/v1/tokens/{other}").status == 204
    assert reader.delete(f"/api/v1/tokens/{token_of(reader).public_id}").status == 204


def test_two_people_of_one_agency_do_not_see_each_others_tokens() -> None:
    from register.access.tokens import create_token

    first = Caller(create_token(make_membership("agency", AGENCY, "a@tests.example"), "a", ("write",))[1])
    create_token(make_membership("agency", AGENCY, "b@tests.example"), "b", ("write",))
    assert [item["name"] for item in first.get("/api/v1/tokens").body["items"]] == ["a"]


def test_what_tokens_do_to_tokens_is_in_the_audit_record() -> None:
    caller = make_caller("agency", AGENCY)
    made = caller.post("/api/v1/tokens", {"name": "import", "scope": ["read"]}).body
    check_problem(caller.post("/api/v1/tokens", {"name": "x", "expires_at": "2020-01-01"}), 422, "expiry", "expires_at")
    caller.delete(f"/api/v1/tokens/{made['id']}")
    lines = AuditRecord.objects.order_by("id")
    email = token_of(caller).membership.user.email
    assert [(line.code, line.about, line.email, line.organisation) for line in lines] == [
        ("token_made", "import", email, AGENCY),
        ("token_revoked", "import", email, AGENCY),
    ]
    assert lines[0].facts["how"] == "API"
    assert lines[0].network
    assert made["token"] not in str(lines.values())


def test_what_a_token_made_ends_with_it_however_many_steps_away() -> None:
    stolen, owner = make_caller("operator"), make_caller("operator")
    child = Caller(stolen.post("/api/v1/tokens", {"name": "child", "scope": ["write"]}).body["token"])
    grandchild = Caller(child.post("/api/v1/tokens", {"name": "grandchild"}).body["token"])
    listed = {item["name"]: item for item in owner.get("/api/v1/tokens").body["items"]}
    assert listed["child"]["made_by"] == str(token_of(stolen).public_id)
    assert listed["grandchild"]["made_by"] == listed["child"]["id"]
    assert owner.delete(f"/api/v1/tokens/{token_of(stolen).public_id}").status == 204
    for caller in (stolen, child, grandchild):
        check_problem(caller.get("/api/v1/me"), 401, "not_authenticated")
    assert owner.get("/api/v1/me").body["made_by"] is None
    noted = AuditRecord.objects.filter(code="token_revoked").values_list("about", flat=True)
    assert sorted(noted) == ["child", "grandchild", "test"]


def test_a_token_that_was_revoked_while_it_asked_makes_none() -> None:
    caller = make_caller("operator")
    asking = token_of(caller)
    Token.objects.all().delete()
    with pytest.raises(NotFound):
        delegate(asking, "late", ("read",), None)
    assert not Token.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_token_being_made_while_its_maker_is_revoked_ends_with_it() -> None:
    asking = token_of(make_caller("operator"))
    ended: list[list[str]] = []

    def revoke() -> None:
        try:
            with transaction.atomic():
                ended.append(end_token(asking))
        finally:
            connections.close_all()

    with transaction.atomic():
        delegate(asking, "late", ("read",), None)
        other = Thread(target=revoke)
        other.start()
        _wait_for_somebody_who_waits()
    other.join(60)
    assert ended == [["test", "late"]]
    assert not Token.objects.exists()


def _wait_for_somebody_who_waits() -> None:
    """Return once another session waits for a lock that this one holds."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("nobody waits")
