"""Demonstration users: one a role where there is something to act for, the same passwords at every start."""

from __future__ import annotations

import json
import stat
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command
from pytest_django import Settings

from register.access.demonstration import PASSWORDS
from register.access.models import Membership, Token
from tests import factories
from tests.api.callers import Caller, check_problem


@pytest.fixture(autouse=True)
def _own_directory(settings: Settings, tmp_path: Path) -> None:
    settings.ASSAY_DATA_DIR = tmp_path
    settings.ASSAY_DEMO = True


def make() -> Any:
    """Run the command as a node's start does."""
    written = StringIO()
    call_command("demo_access", json=True, stdout=written)
    return json.loads(written.getvalue())


@pytest.mark.django_db
def test_each_role_gets_a_token_that_works_and_a_login() -> None:
    factories.open_register()
    agency, issuer = factories.make_agency(), factories.make_issuer()
    factories.make_accreditation(issuer, agency)
    access = make()
    assert list(access["tokens"]) == ["operator", "agency", "issuer"]
    logins = ["operator", "second-operator", "agency", "approver", "issuer", "auditor"]
    assert [login["role"] for login in access["logins"]] == logins
    organisations = {
        role: Caller(token).get("/api/v1/me").body["organisation"] for role, token in access["tokens"].items()
    }
    assert organisations == {"operator": None, "agency": agency, "issuer": issuer}
    for login in access["logins"]:
        assert login["email"].endswith(".example")
        user = authenticate(username=login["email"], password=login["password"])
        assert user is not None
        assert not user.is_staff
    assert all(Membership.objects.values_list("demonstration", flat=True))


@pytest.mark.django_db
def test_the_approvers_are_second_persons_of_the_same_agency_and_of_the_register() -> None:
    factories.open_register()
    factories.make_accreditation(factories.make_issuer(), factories.make_agency())
    make()
    for role in ("agency", "operator"):
        officer, approver = Membership.objects.filter(role=role).order_by("approves")
        assert (officer.approves, approver.approves) == (False, True)
        assert officer.organisation == approver.organisation
        assert officer.user_id != approver.user_id


@pytest.mark.django_db
def test_a_second_start_keeps_passwords_and_renews_tokens(tmp_path: Path) -> None:
    factories.open_register()
    factories.make_accreditation(factories.make_issuer(), factories.make_agency())
    first, second = make(), make()
    assert second["logins"] == first["logins"]
    assert Token.objects.count() == 3
    for role, token in first["tokens"].items():
        check_problem(Caller(token).get("/api/v1/me"), 401, "not_authenticated")
        assert Caller(second["tokens"][role]).get("/api/v1/me").status == 200
    assert stat.S_IMODE((tmp_path / PASSWORDS).stat().st_mode) == 0o600


@pytest.mark.django_db
def test_without_demonstration_data_the_operator_alone_is_made(settings: Settings) -> None:
    factories.open_register()
    assert list(make()["tokens"]) == ["operator"]
    factories.make_accreditation(factories.make_issuer(), factories.make_agency())
    settings.ASSAY_DEMO = False
    assert list(make()["tokens"]) == ["operator"]
