"""`/invitations/{secret}`: who invites to what; a new account chooses its password, others sign in and accept."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from register.access.acting import MEMBERSHIP
from register.access.invitations import accept, find
from register.access.models import Invitation, Membership
from register.access.opening import open_page
from register.access.organisations import name_organisation
from register.access.signing_in import complete, is_for_demonstration
from register.access.views.passwords import NewPasswordForm
from register.access.words import MEANINGS, Words, name_role
from register.errors import NotFound, Refused
from register.site.page import Context, render_page

OVER: Final[dict[str, Words]] = {
    "accepted": _("This invitation was accepted already. Sign in with your account."),
    "withdrawn": _("This invitation was withdrawn. Ask whoever invited you for a new one."),
    "expired": _("This invitation has expired. Ask whoever invited you for a new one."),
    "account_exists": _("Your account was made a moment ago by another invitation. Open the link again and sign in."),
    "invitation_unknown": _("There is no such invitation. Look whether the whole address of the mail was taken over."),
}


@sensitive_post_parameters()
@open_page
def answer(request: HttpRequest, secret: str) -> HttpResponse:
    """Show the invitation, and accept it on a POST alone: mail programs follow links by themselves."""
    try:
        row = find(secret)
        response = _answer(request, row, secret)
    except (NotFound, Refused) as error:
        status = 404 if isinstance(error, NotFound) else 410
        told = {"sentence": OVER.get(error.code, error.message), "back": "/sign-in"}
        response = render_page(request, "access/invitation_over.html", told, status)
    # Django would log the address of a refusal, and with it the secret.
    response._has_been_logged = True  # type: ignore[attr-defined]  # read by django.utils.log.log_response
    return response


def _answer(request: HttpRequest, row: Invitation, secret: str) -> HttpResponse:
    person = User.objects.filter(username=row.email).first()
    context = _describe(row, secret)
    if request.user.is_authenticated and request.user.pk != (person.pk if person else None):
        return render_page(request, "access/invitation_other.html", context, 403)
    if person is None:
        return _open_account(request, row, secret, context)
    if not request.user.is_authenticated:
        return render_page(request, "access/invitation_known.html", context)
    if is_for_demonstration(person):
        return render_page(request, "access/invitation_demonstration.html", context, 403)
    if request.method == "POST":
        accept(request, secret, None)
        _act_in_it(request, person, row)
        return HttpResponseRedirect("/account", status=303)
    return render_page(request, "access/invitation_accept.html", context)


def _open_account(request: HttpRequest, row: Invitation, secret: str, context: Context) -> HttpResponse:
    form = NewPasswordForm(User(username=row.email, email=row.email), request.POST or None)
    if request.method != "POST" or not form.is_valid():
        status = 422 if form.errors else 200
        return render_page(request, "access/invitation_new.html", {**context, "form": form}, status)
    person = accept(request, secret, form.cleaned_data["new_password1"])
    response = complete(request, person, "/account", None, "invitation")
    _act_in_it(request, person, row)
    response.status_code = 303
    return response


def _act_in_it(request: HttpRequest, person: User, row: Invitation) -> None:
    found = Membership.objects.filter(user=person, role=row.role, organisation=row.organisation).first()
    if found is not None:
        request.session[MEMBERSHIP] = found.pk


def _describe(row: Invitation, secret: str) -> Context:
    return {
        "invitation": row,
        "address": f"/invitations/{secret}",
        "role": name_role(row.role, row.approves),
        "means": MEANINGS[row.role],
        "organisation": name_organisation(row.role, row.organisation),
        "by": row.invited_by.email if row.invited_by else "",
        "single_sign_on": settings.ASSAY_OIDC_NAME,
    }
