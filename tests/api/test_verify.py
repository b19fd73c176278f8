"""`POST /api/v1/verify`: every way of handing in, what is refused, and that nothing of it is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from register import commands
from tests import factories
from tests.api.callers import Answer, check_problem
from tests.api.conftest import World
from tests.credential_forge import PEN, badge, sign_jwt
from tests.credential_world import entry

NAMES = {"en": "College of Tests"}


@pytest.fixture
def college(world: World) -> str:
    """An issuer with a key and an accreditation for EQF 6."""
    issuer = factories.make_issuer(names=NAMES)
    factories.make_key(issuer, value=PEN.did)
    factories.make_accreditation(issuer, world.agency, scope={"eqf_levels": [6]})
    return issuer


def verify(world: World, body: bytes, media: str = "application/octet-stream", query: str = "") -> Answer:
    return Answer(world.anybody.client.post(f"/api/v1/verify{query}", body, content_type=media))


def hand_in(world: World, **parts: Any) -> Answer:
    return Answer(world.anybody.client.post("/api/v1/verify", parts))


def test_a_credential_of_an_accredited_issuer_is_valid(world: World, college: str) -> None:
    report = verify(world, sign_jwt(badge())).body
    assert report["questions"]["entitled"]["outcome"] == "pass", report["questions"]["entitled"]
    assert report["verdict"] == "valid", report["questions"]
    assert report["decision"]["decision"] == "trusted"
    assert report["about"]["issuer"] == PEN.did
    assert report["at"]["source"] == "issue_date"


@pytest.mark.parametrize("media", ["application/json", "application/vc+jwt", "text/plain", "image/png", "x/y"])
def test_the_media_type_does_not_matter(world: World, college: str, media: str) -> None:
    assert verify(world, sign_jwt(badge()), media).body["verdict"] == "valid"


def test_a_form_brings_a_file(world: World, college: str) -> None:
    file = SimpleUploadedFile("badge.jwt", sign_jwt(badge()), "application/octet-stream")
    assert hand_in(world, file=file).body["verdict"] == "valid"


def test_a_form_of_another_shape_is_refused(world: World) -> None:
    check_problem(hand_in(world, document="x"), 400, "unknown_field", "document")
    check_problem(hand_in(world, receipt="x"), 400, "missing_field", "file")


@pytest.mark.parametrize("body", [b"", b"hello", b"{}", json.dumps({"a": 1}).encode(), b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_credential_is_a_problem(world: World, body: bytes) -> None:
    check_problem(verify(world, body), 400, "no_credential")


def test_an_unknown_issuer_is_neither_green_nor_red(world: World) -> None:
    report = verify(world, sign_jwt(badge())).body
    assert report["verdict"] == "cannot_be_confirmed"
    assert report["questions"]["entitled"]["findings"][0]["code"] == "issuer_unknown"


def test_at_moves_the_check_of_expiry(world: World, college: str) -> None:
    data = sign_jwt(badge(validUntil="2025-01-01T00:00:00Z"))
    assert verify(world, data).body["verdict"] == "not_valid"
    assert verify(world, data, query="?at=2024-12-31").body["verdict"] == "valid"
    check_problem(verify(world, data, query="?at=tomorrow"), 400, "invalid", "at")


def test_the_lists_that_this_node_publishes_are_read_without_asking_anybody(world: World, college: str) -> None:
    address = f"{settings.ASSAY_BASE_URL}/status/{college}/revocation/0"
    data = sign_jwt(badge(credentialStatus=[entry(5, address)]))
    report = verify(world, data).body
    assert [one["code"] for one in report["questions"]["still_valid"]["findings"]] == ["not_on_list"]
    assert report["verdict"] == "valid"
    terms = factories.withdrawal(college, "ab" * 32, status=[{"list": 0, "index": 5}])
    commands.revoke_credentials(terms, actor=factories.as_issuer(college))
    report = verify(world, data).body
    assert (report["verdict"], report["questions"]["still_valid"]["outcome"]) == ("not_valid", "fail")


def test_an_address_of_this_node_that_is_no_list_stays_unread(world: World, college: str) -> None:
    data = sign_jwt(badge(credentialStatus=[entry(5, f"{settings.ASSAY_BASE_URL}/api/v1/me")]))
    report = verify(world, data).body
    assert report["questions"]["still_valid"]["findings"][0]["code"] == "status_unreachable"
    assert report["verdict"] == "cannot_be_confirmed"


def test_a_body_beyond_the_limit_is_413(world: World, settings: Any) -> None:
    settings.ASSAY_MAX_BODY_BYTES = 70_000
    assert (verify(world, b"x" * 70_001).status, verify(world, b"x" * 70_001).body["code"]) == (413, "too_large")
