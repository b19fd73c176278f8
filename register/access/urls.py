"""Addresses of accounts and people; none ends in a slash."""

from __future__ import annotations

from django.urls import URLPattern, path

from register.access.single_sign_on import PROVIDER
from register.access.views import (
    account,
    audit,
    factor,
    invitations,
    own_factors,
    own_tokens,
    passkey,
    passwords,
    people,
    signin,
    single_sign_on,
)


def _for_both(base: str) -> list[URLPattern]:
    return [
        path(f"{base}/people", people.show_people),
        path(f"{base}/people/invite", people.invite_person),
        path(f"{base}/people/<int:id>", people.change_person),
        path(f"{base}/people/invitations/<int:id>/withdraw", people.withdraw_invitation),
        path(f"{base}/audit", audit.show_audit),
    ]


urlpatterns: list[URLPattern] = [
    path("sign-in", signin.sign_in, name="sign-in"),
    path("sign-in/second-factor", factor.prove, name="second-factor"),
    path("sign-in/passkey", passkey.sign_in_with_passkey, name="sign-in-passkey"),
    path("sign-in/single", single_sign_on.leave, name="single-sign-on"),
    path("sign-out", signin.sign_out, name="sign-out"),
    path("password", passwords.ask, name="new-password"),
    path("password/<str:person>/<str:token>", passwords.choose),
    path("invitations/<str:secret>", invitations.answer, name="invitation"),
    path("account", account.show_account, name="account"),
    path("account/act-as", account.act_as),
    path("account/confirm", account.confirm),
    path("account/single-sign-on/disconnect", account.disconnect),
    path("account/password", passwords.change),
    path("account/second-factor", own_factors.show_factors),
    path("account/second-factor/app", own_factors.set_up_app),
    path("account/second-factor/passkey", own_factors.set_up_passkey),
    path("account/second-factor/codes", own_factors.renew_codes),
    path("account/second-factor/<int:id>/remove", own_factors.remove),
    path("account/sessions", account.show_sessions),
    path("account/sessions/end", account.end_one),
    path("account/tokens", own_tokens.show_tokens),
    path("account/tokens/<uuid:id>/revoke", own_tokens.revoke),
    # allauth asks for the provider's name in the address; there is one provider.
    path("sign-in/single/back", single_sign_on.come_back, {"provider_id": PROVIDER}, name="openid_connect_callback"),
    *_for_both("operator"),
    *_for_both("desk"),
]
