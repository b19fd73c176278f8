"""Single sign-on: it lets in people who were invited, for whom the provider vouches, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from pytest_django import Settings

from register.access.invitations import invite
from register.access.models import Invitation, Membership
from tests import factories
from tests.access.pages import code_of, noted, words
from tests.access.provider import CLIENT, SECRET, Provider, run_provider
from tests.people import PASSWORD, give_app, make_member, sign_in

pytestmark = pytest.mark.django_db(transaction=True)
EMAIL = "auditor@nl.example"


@pytest.fixture
def provider(settings: Settings) -> Iterator[Provider]:
    factories.open_register()
    with run_provider() as running:
        app = {"provider_id": "node", "name": "House", "client_id": CLIENT, "secret": SECRET}
        settings.ASSAY_OIDC_ISSUER, settings.ASSAY_OIDC_NAME = running.url, "House"
        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": {
                "OAUTH_PKCE_ENABLED": True,
                "APPS": [{**app, "settings": {"server_url": running.url}}],
            }
        }
        yield running


def go(client: Client, provider: Provider, **said: str) -> Any:
    """Go to the provider and come back."""
    shown = client.post("/sign-in/single", said)
    assert shown.status_code == 200
    address = shown.content.decode().partition("0;url=")[2].partition('"')[0].replace("&amp;", "&")
    assert address.startswith(provider.url)
    return client.get("/sign-in/single/back", provider.authorize(address))


def test_who_was_invited_gets_in_and_is_known_again_by_the_providers_own_name(provider: Provider) -> None:
    make_member("auditor")
    client = Client()
    assert "Sign in with House" in words(client.get("/sign-in"))
    provider.say(EMAIL.upper())
    answer = go(client, provider, next="/operator/audit")
    assert (answer.status_code, answer["Location"]) == (302, "/operator/audit")
    assert client.get("/operator/audit").status_code == 200
    provider.say("renamed@nl.example")
    again = Client()
    assert go(again, provider)["Location"] == "/operator"
    assert [row.facts["how"] for row in noted("signed_in")] == ["single_sign_on"] * 2
    assert len(noted("single_sign_on_bound")) == 1
    assert SocialAccount.objects.get().extra_data == {}


def test_whoever_gets_the_mail_address_of_somebody_else_later_does_not_get_their_account(provider: Provider) -> None:
    make_member("auditor")
    provider.say(EMAIL, sub="person-1")
    assert go(Client(), provider).status_code == 302
    provider.say(EMAIL, sub="person-2")
    client = Client()
    assert go(client, provider).status_code == 403
    assert "_auth_user_id" not in client.session
    assert SocialAccount.objects.get().uid == "person-1"


def test_who_was_not_invited_stays_out_and_no_account_is_made(provider: Provider) -> None:
    provider.say("stranger@nl.example")
    client = Client()
    answer = go(client, provider)
    assert answer.status_code == 403
    assert "Nobody with this account was invited here." in words(answer)
    assert not User.objects.exists()
    assert noted("sign_in_failed")[0].facts == {"how": "single_sign_on", "why": "not_invited"}


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_email_that_the_provider_does_not_vouch_for_is_nobodys(provider: Provider, verified: Any) -> None:
    make_member("auditor")
    provider.say(EMAIL, verified=verified)
    assert go(Client(), provider).status_code == 403
    assert not SocialAccount.objects.exists()


def test_an_answer_that_names_two_people_counts_for_nothing(provider: Provider) -> None:
    make_member("auditor")
    provider.say(EMAIL, sub="person-1")
    provider.token["sub"] = "person-2"
    answer = go(Client(), provider)
    assert answer.status_code == 403
    assert "contradicts itself" in words(answer)


def test_a_token_for_another_register_or_of_another_provider_is_refused(provider: Provider) -> None:
    make_member("auditor")
    for lie in ({"aud": "somebody else"}, {"iss": "https://evil.example"}, {"exp": 1}):
        provider.say(EMAIL, **lie)
        client = Client()
        assert go(client, provider).status_code == 502
        assert "_auth_user_id" not in client.session


def test_the_second_factor_is_asked_for_all_the_same(provider: Provider) -> None:
    give_app(make_member("operator").user)
    provider.say("operator@nl.example")
    client = Client()
    assert go(client, provider)["Location"] == "/sign-in/second-factor"
    assert "_auth_user_id" not in client.session
    assert client.post("/sign-in/second-factor", {"code": code_of()})["Location"] == "/operator"


def test_demonstration_accounts_people_without_membership_and_inactive_ones_stay_out(provider: Provider) -> None:
    member = make_member("auditor")
    provider.say(EMAIL)
    Membership.objects.update(demonstration=True)
    assert go(Client(), provider).status_code == 403
    Membership.objects.update(demonstration=False)
    User.objects.update(is_active=False)
    assert go(Client(), provider).status_code == 403
    User.objects.update(is_active=True)
    assert go(Client(), provider).status_code == 302
    Membership.objects.filter(pk=member.pk).delete()
    assert go(Client(), provider).status_code == 403


def test_an_invitation_is_accepted_without_a_password_by_the_one_invited(provider: Provider) -> None:
    _row, secret = invite(None, "new@nl.example", "auditor")
    link = f"/invitations/{secret}"
    assert "Accept with House" in words(Client().get(link))
    provider.say("other@nl.example", sub="person-2")
    assert go(Client(), provider, invitation=link).status_code == 403
    assert Invitation.objects.get().accepted is None
    provider.say("new@nl.example")
    client = Client()
    assert go(client, provider, invitation=link).status_code == 302
    assert client.get("/operator/audit").status_code == 200
    assert not User.objects.get().has_usable_password()
    assert Invitation.objects.get().accepted is not None


def test_nobody_is_sent_back_with_anothers_answer(provider: Provider) -> None:
    make_member("auditor")
    provider.say(EMAIL)
    mine, theirs = Client(), Client()
    shown = theirs.post("/sign-in/single").content.decode()
    address = shown.partition("0;url=")[2].partition('"')[0].replace("&amp;", "&")
    answer = mine.get("/sign-in/single/back", provider.authorize(address))
    assert answer.status_code == 502
    assert "_auth_user_id" not in mine.session


def test_leaving_halfway_and_a_provider_that_is_away_are_told(provider: Provider, settings: Settings) -> None:
    client = Client()
    shown = client.post("/sign-in/single").content.decode()
    address = shown.partition("0;url=")[2].partition('"')[0].replace("&amp;", "&")
    state = provider.authorize(address)["state"]
    answer = client.get("/sign-in/single/back", {"error": "access_denied", "state": state})
    assert answer.status_code == 403
    assert "You left before it was done." in words(answer)
    settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["settings"]["server_url"] = "http://127.0.0.1:1"
    assert Client().post("/sign-in/single").status_code == 502


def test_a_node_without_single_sign_on_offers_none() -> None:
    factories.open_register()
    assert "Or with the account" not in words(Client().get("/sign-in"))
    assert Client().post("/sign-in/single").status_code == 404
    assert Client().get("/sign-in/single/back").status_code == 404


def test_nobody_is_led_elsewhere_after_single_sign_on(provider: Provider) -> None:
    make_member("auditor")
    provider.say(EMAIL)
    assert go(Client(), provider, next="https://evil.example/")["Location"] == "/operator"


def bind(provider: Provider, sub: str = "person-1") -> Client:
    """Let the auditor in by single sign-on."""
    client = Client()
    provider.say(EMAIL, sub=sub)
    assert go(client, provider).status_code == 302
    return client


def test_the_own_binding_is_seen_and_taken_away_after_which_the_next_one_is_bound(provider: Provider) -> None:
    make_member("auditor")
    client, elsewhere = bind(provider), bind(provider)
    assert "Connected to your organisation’s sign-in since" in words(client.get("/account"))
    assert client.post("/account/confirm", {"password": PASSWORD}).status_code == 303
    answer = client.post("/account/single-sign-on/disconnect", follow=True)
    assert "Single sign-on is disconnected" in words(answer)
    assert not SocialAccount.objects.exists()
    assert "Connected to your organisation’s sign-in" not in words(client.get("/account"))
    assert elsewhere.get("/account").status_code == 302
    assert [(row.email, row.about) for row in noted("single_sign_on_removed")] == [(EMAIL, EMAIL)]
    assert mail.outbox[-1].to == [EMAIL]
    bind(provider, "person-2")
    assert SocialAccount.objects.get().uid == "person-2"


def test_who_has_no_password_keeps_the_binding(provider: Provider) -> None:
    row = make_member("auditor")
    row.user.set_unusable_password()
    row.user.save()
    client = bind(provider)
    page = words(client.get("/account"))
    assert "Choose a password first" in page
    assert "Disconnect it" not in page
    assert client.post("/account/single-sign-on/disconnect").status_code in (302, 303)
    assert SocialAccount.objects.exists()


def test_an_operator_takes_a_wrong_binding_away_and_the_sessions_end(provider: Provider) -> None:
    row = make_member("auditor")
    client, operator, officer = bind(provider), Client(), Client()
    sign_in(operator, "operator", email="operator@nl.example")
    assert "connected since" in words(operator.get(f"/operator/people/{row.pk}"))
    sign_in(officer, "agency", factories.make_agency(), approves=True)
    assert officer.post(f"/desk/people/{row.pk}", {"do": "disconnect"}).status_code == 404
    assert SocialAccount.objects.exists()
    assert operator.post(f"/operator/people/{row.pk}", {"do": "disconnect"}).status_code == 303
    assert not SocialAccount.objects.exists()
    assert client.get("/account").status_code == 302
    assert [(line.email, line.about) for line in noted("single_sign_on_removed")] == [("operator@nl.example", EMAIL)]
    assert "connected since" not in words(operator.get(f"/operator/people/{row.pk}"))


@pytest.mark.parametrize("path", ["/account/second-factor/app", "/account/password", "/account/tokens"])
def test_a_provider_alone_sets_nothing_up_for_who_has_a_password_and_no_second_factor_yet(
    provider: Provider, path: str
) -> None:
    make_member("operator", email=EMAIL)
    client = bind(provider)
    assert client.get(path)["Location"].startswith("/account/confirm?")
    assert client.post(path, {"code": "000000"})["Location"].startswith("/account/confirm?")
    assert client.post("/account/confirm", {"password": "wrong"}).status_code == 422
    assert client.get("/account/second-factor/app").status_code == 302
    assert client.post("/account/confirm", {"password": PASSWORD, "next": path})["Location"] == path
    assert client.get("/account/second-factor/app").status_code == 200


def test_who_has_no_password_sets_a_first_second_factor_up_with_what_the_provider_says(provider: Provider) -> None:
    row = make_member("operator", email=EMAIL)
    row.user.set_unusable_password()
    row.user.save()
    assert bind(provider).get("/account/second-factor/app").status_code == 200
