"""`/sign-in/passkey`: a passkey alone, whose device has checked who uses it; it counts as both factors.

By POST alone, as a challenge has to be kept: reading the page of e-mail and password makes no session.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters

from register.access import passkeys
from register.access.addresses import read_address
from register.access.attempts import PASSKEY_ALONE
from register.access.audit import note
from register.access.models import Membership
from register.access.opening import open_page
from register.access.second_factor import PASSKEY
from register.access.signing_in import complete, is_for_demonstration, read_onward
from register.access.views.signin import try_counting
from register.site.page import render_page


@sensitive_post_parameters("credential")
@open_page
def sign_in_with_passkey(request: HttpRequest) -> HttpResponse:
    """Ask for a passkey of whomever; open the session of the person whose it is."""
    if request.method != "POST" or not passkeys.are_possible(request):
        return HttpResponseRedirect("/sign-in")
    answer = request.POST.get("credential", "")
    if not answer:
        return _ask(request)
    person = passkeys.name_person(answer)
    # Not by the person: whom an answer names is a stranger's word, and strangers must keep nobody out.
    attempt = try_counting(request, read_address(request), PASSKEY_ALONE)
    if isinstance(attempt, HttpResponse):
        return attempt
    admitted = person is not None and person.is_active and Membership.objects.filter(user=person).exists()
    factor = passkeys.check_alone(person, answer) if person is not None and admitted else None
    if person is None or factor is None or is_for_demonstration(person):
        note(request, "sign_in_failed", person=person, how=PASSKEY)
        return _ask(request, gettext("This passkey did not fit. Try again, or sign in with your password."), 422)
    attempt.forgive()
    return complete(request, person, read_onward(request), factor, PASSKEY)


def _ask(request: HttpRequest, wrong: str = "", status: int = 200) -> HttpResponse:
    context = {"options": passkeys.ask_anybody(), "next": read_onward(request), "wrong": wrong}
    return render_page(request, "access/sign_in_passkey.html", context, status)
