"""Single sign-on by OpenID Connect Core 1.0: allauth speaks the protocol (code flow, PKCE, state), we say who gets in.

It never makes an account: the e-mail that the provider vouches for (`email_verified`) has to be that of a person who
was invited, or the invitation has to be at hand. Once bound, the provider's own name for the person (`sub`) counts,
whatever their e-mail becomes, and whoever else that e-mail is given to. Demonstration accounts are not bound. The
second factor is asked for all the same.
"""

from __future__ import annotations

from typing import Any, Final

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from register.access.audit import note
from register.access.invitations import accept, find
from register.access.models import Membership
from register.access.signing_in import SINGLE_SIGN_ON, begin, is_for_demonstration
from register.access.words import Words
from register.errors import RegisterError
from register.site.page import render_page

UNDER_WAY: Final = "single_sign_on"
"""Key of the session, while the person is at the provider: where to go on to, and the secret of an invitation."""

PROVIDER: Final = "node"
"""Name of the one provider of a node in allauth's tables and in addresses."""

_REFUSALS: Final[dict[str, Words]] = {
    "not_invited": _("Nobody with this account was invited here. Ask whoever keeps the people of your organisation."),
    "unverified": _("Your organisation does not vouch for your e-mail, so it cannot be told who you are here."),
    "contradiction": _("What your organisation’s sign-in said contradicts itself, so it counts for nothing."),
    "cancelled": _("You left before it was done. Nothing has changed."),
    "failed": _("Your organisation’s sign-in could not be reached, or answered in a way that is not understood."),
}


class NotAdmitted(RegisterError):
    """The provider knows the person, this register does not let them in; `code` is one of the refusals."""

    def __init__(self, code: str) -> None:
        super().__init__(f"not admitted by single sign-on: {code}")
        self.code = code


class SingleSignOn(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth publishes no types
    """Takes over from allauth as soon as the provider has said who it is."""

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Open the session, or say why not; allauth goes no further either way."""
        under_way = request.session.pop(UNDER_WAY, {})
        try:
            user = admit(request, sociallogin, under_way.get("invitation", ""))
        except NotAdmitted as error:
            note(request, "sign_in_failed", how="single_sign_on", why=error.code)
            raise ImmediateHttpResponse(refuse(request, error.code, 403)) from None
        raise ImmediateHttpResponse(begin(request, user, under_way.get("onward", ""), SINGLE_SIGN_ON))

    def on_authentication_error(self, request: HttpRequest, provider: Any, error: Any = None, **told: Any) -> None:
        """Say that it did not work."""
        cancelled = str(getattr(error, "value", error)) == "cancelled"
        raise ImmediateHttpResponse(refuse(request, "cancelled" if cancelled else "failed", 403 if cancelled else 502))

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Refuse: accounts are made by invitation."""
        return False


def refuse(request: HttpRequest, code: str, status: int) -> HttpResponse:
    """Answer in words why somebody is not let in."""
    return render_page(request, "access/refused.html", {"sentence": _REFUSALS[code], "back": "/sign-in"}, status)


@transaction.atomic
def admit(request: HttpRequest, sociallogin: Any, secret: str = "") -> User:
    """Return the person whom the provider vouches for, binding them when it is the first time.

    `secret` is that of an invitation to be accepted on the way. Raises NotAdmitted.
    """
    said = read_claims(sociallogin.account.extra_data)
    user = sociallogin.user if sociallogin.is_existing else _find_by_email(request, said, secret)
    if not user.is_active or is_for_demonstration(user) or not Membership.objects.filter(user=user).exists():
        raise NotAdmitted("not_invited")
    account = sociallogin.account
    bound = SocialAccount.objects.select_for_update().filter(user=user, provider=account.provider)
    if not sociallogin.is_existing and bound.exists():
        # Mail addresses are given to somebody else once their owner has left.
        raise NotAdmitted("not_invited")
    # The claims are not kept: they hold more of a person than is needed to know them again.
    if sociallogin.is_existing:
        SocialAccount.objects.filter(pk=account.pk).update(extra_data={})
    else:
        SocialAccount.objects.create(user=user, provider=account.provider, uid=account.uid)
        note(request, "single_sign_on_bound", person=user, organisation="")
    return User.objects.get(pk=user.pk)


def read_claims(data: dict[str, Any]) -> dict[str, Any]:
    """Return what the provider says of the person; raises NotAdmitted when ID token and userinfo name two people.

    They have to state the same `sub` (OpenID Connect Core 1.0, section 5.3.2).
    """
    userinfo, token = data.get("userinfo") or {}, data.get("id_token") or {}
    if userinfo and token and userinfo.get("sub") != token.get("sub"):
        raise NotAdmitted("contradiction")
    return {**token, **userinfo}


def _find_by_email(request: HttpRequest, said: dict[str, Any], secret: str) -> User:
    email = said.get("email")
    if said.get("email_verified") is not True or not isinstance(email, str):
        raise NotAdmitted("unverified")
    if secret:
        return _accept(request, secret, email.lower())
    user = User.objects.filter(username=email.lower()).first()
    if user is None:
        raise NotAdmitted("not_invited")
    return user


def _accept(request: HttpRequest, secret: str, email: str) -> User:
    try:
        if find(secret).email != email:
            raise NotAdmitted("not_invited")
        return accept(request, secret, None)
    except RegisterError as error:
        raise error if isinstance(error, NotAdmitted) else NotAdmitted("not_invited") from None
