"""`/sign-in/single`: to the provider of single sign-on and back."""

from __future__ import annotations

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.openid_connect.views import callback
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from requests import RequestException

from register.access.opening import open_page
from register.access.signing_in import read_onward
from register.access.single_sign_on import PROVIDER, UNDER_WAY, refuse
from register.site.page import render_page

_INVITATION = "/invitations/"


@open_page
def leave(request: HttpRequest) -> HttpResponse:
    """Lead to the provider, by a page that goes on by itself.

    Not by a redirect: `form-action 'self'` would stop a form that is led elsewhere, and the provider's address is
    known from its own description alone.
    """
    if not settings.ASSAY_OIDC_ISSUER:
        raise Http404
    if request.method != "POST":
        return HttpResponseRedirect("/sign-in")
    invitation = request.POST.get("invitation", "")
    secret = invitation.removeprefix(_INVITATION) if invitation.startswith(_INVITATION) else ""
    request.session[UNDER_WAY] = {"onward": read_onward(request), "invitation": secret}
    try:
        forth = get_adapter().get_provider(request, PROVIDER).redirect(request, process="login")
    except (RequestException, ValueError, KeyError):
        return refuse(request, "failed", 502)
    context = {"address": forth["Location"], "name": settings.ASSAY_OIDC_NAME}
    return render_page(request, "access/leaving.html", context)


@open_page
def come_back(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take what the provider says; what follows is register.access.single_sign_on's."""
    if not settings.ASSAY_OIDC_ISSUER:
        raise Http404
    try:
        response: HttpResponse = callback(request, provider_id)
    except (RequestException, ValueError, KeyError, TypeError):  # an answer that is none
        return refuse(request, "failed", 502)
    return response
