"""Demonstration accounts: what their known passwords let nobody do to real people."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from pytest_django.fixtures import Settings

from register.access.models import Invitation, Membership, Token
from register.access.tokens import create_token
from tests import factories
from tests.access.pages import noted, words
from tests.people import PASSWORD, give_app, make_member, sign_in

pytestmark = pytest.mark.django_db(transaction=True)
INVITED = {"email": "new@nl.example", "role": "operator"}


@pytest.fixture
def demonstration() -> Client:
    """The demonstration's operator, who signs in with a password that stands in a file."""
    factories.open_register()
    client = Client()
    row = sign_in(client, "operator", email="operator@demo.example")
    Membership.objects.filter(pk=row.pk).update(demonstration=True)
    return client


def accept_invitation(operator: Client, email: str = "new@nl.example") -> Membership:
    """Let an operator invite somebody, who accepts."""
    shown = operator.post("/operator/people/invite", {"email": email, "role": "operator"})
    assert shown.status_code == 200, words(shown)
    link = "/invitations/" + shown.content.decode().partition("/invitations/")[2].partition("<")[0]
    assert Client().post(link, {"new_password1": PASSWORD, "new_password2": PASSWORD}).status_code == 303
    return Membership.objects.get(user__username=email)


@pytest.mark.parametrize("wish", ["reset", "remove", "approver", "revoke"])
def test_a_real_person_is_beyond_a_demonstration_account(demonstration: Client, wish: str) -> None:
    real = make_member("operator", email="real@nl.example")
    give_app(real.user)
    token, _secret = create_token(real, "program", ("read",))
    answer = demonstration.post(f"/operator/people/{real.pk}", {"do": wish, "token": str(token.public_id)})
    assert answer.status_code == 422
    assert "acts on demonstration people alone" in words(answer)
    assert Authenticator.objects.filter(user=real.user).exists()
    assert not Membership.objects.get(pk=real.pk).approves
    assert Token.objects.filter(pk=token.pk).exists()
    assert not any(
        noted(code) for code in ("second_factor_reset", "membership_removed", "membership_changed", "token_revoked")
    )
    page = demonstration.get(f"/operator/people/{real.pk}").content.decode()
    assert 'name="do"' not in page
    assert f"/operator/people/{real.pk}" not in demonstration.get("/operator/people").content.decode()


def test_it_invites_nobody_among_real_people_and_withdraws_nothing_of_theirs(demonstration: Client) -> None:
    real = Client()
    sign_in(real, "operator", email="real@nl.example")
    assert demonstration.post("/operator/people/invite", INVITED).status_code == 403
    assert "Invite somebody" not in words(demonstration.get("/operator/people"))
    assert not Invitation.objects.exists()
    assert real.post("/operator/people/invite", INVITED).status_code == 200
    row = Invitation.objects.get()
    assert demonstration.post(f"/operator/people/invitations/{row.pk}/withdraw").status_code == 403
    row.refresh_from_db()
    assert row.withdrawn is None


def test_demonstration_people_are_its_own_kind(demonstration: Client) -> None:
    row = make_member("auditor", email="auditor@demo.example")
    Membership.objects.filter(pk=row.pk).update(demonstration=True)
    assert demonstration.post(f"/operator/people/{row.pk}", {"do": "remove"}).status_code == 303
    assert not Membership.objects.filter(pk=row.pk).exists()


def test_it_invites_the_first_operator_of_a_new_node_and_has_no_hold_of_them(demonstration: Client) -> None:
    first = accept_invitation(demonstration)
    assert demonstration.post(f"/operator/people/{first.pk}", {"do": "reset"}).status_code == 422
    assert demonstration.post("/operator/people/invite", {**INVITED, "email": "b@nl.example"}).status_code == 403


def test_guests_of_a_demonstration_node_can_be_invited_and_taken_away(
    demonstration: Client, settings: Settings
) -> None:
    settings.ASSAY_DEMO = True
    guest = accept_invitation(demonstration)
    assert demonstration.post("/operator/people/invite", {**INVITED, "email": "b@nl.example"}).status_code == 200
    assert demonstration.post(f"/operator/people/{guest.pk}", {"do": "remove"}).status_code == 303
    real = make_member("operator", email="real@nl.example")
    assert demonstration.post(f"/operator/people/{real.pk}", {"do": "remove"}).status_code == 422


def test_a_guest_whom_a_real_person_invited_too_is_a_guest_no_more(demonstration: Client, settings: Settings) -> None:
    settings.ASSAY_DEMO = True
    guest = accept_invitation(demonstration)
    real = make_member("operator", email="real@nl.example")
    also = {"email": guest.user.email, "role": "auditor", "invited_by": real.user, "accepted": guest.created}
    Invitation.objects.create(digest=b"another", expires=guest.created, **also)
    assert demonstration.post(f"/operator/people/{guest.pk}", {"do": "reset"}).status_code == 422
