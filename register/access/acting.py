"""Who is acting on a page: a signed-in person in one of their memberships, and what they may do in it.

A person may have several memberships; the session says which one they act in (`MEMBERSHIP`), by default the first. A
membership that was taken away ends at once, in every session: it is read on each request; what was being said in it is
said in no other one's name. So is the second factor read that the session was opened with (`FACTOR`): when that is
removed, the session may no longer write.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final, Literal, cast
from urllib.parse import quote

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from register.access.addresses import read_network
from register.access.models import Membership
from register.access.roles import AUDITOR, OPERATOR
from register.payloads import Actor
from register.site.language import speak
from register.site.page import choose_language, render_page

MEMBERSHIP: Final = "membership"
"""Key of the session that holds the id of the membership its person acts in."""

FACTOR: Final = "second_factor"
"""Key of the session that holds the id of the second factor (allauth's Authenticator) it was opened with."""

HOMES: Final = {OPERATOR: "/operator", AUDITOR: "/operator"}
"""Role → where its people begin; all others at `/desk`."""

View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class Acting:
    """A person in one of their memberships: `organisation` is an id of an agency or issuer, or empty."""

    membership: int
    user: int
    email: str
    role: str
    organisation: str
    approves: bool
    demonstration: bool
    proven: bool = False
    """Whether this session was opened with a second factor that still stands."""
    network: str = ""
    """The network they ask from, for the audit record; empty where nobody asks by HTTP."""

    @property
    def secured(self) -> bool:
        """Tell whether the session is as strong as the role asks: demonstrations and auditors need no second factor."""
        return self.proven or self.demonstration or not self.writes

    @property
    def home(self) -> str:
        """Return the address where this role begins."""
        return HOMES.get(self.role, "/desk")

    @property
    def writes(self) -> bool:
        """Tell whether the role may say anything at all."""
        return self.role != AUDITOR

    @property
    def actor(self) -> Actor:
        """Return who speaks in the entry: the role and its organisation, never the person."""
        return Actor(
            role=cast(Literal["operator", "agency", "issuer"], self.role), organisation=self.organisation or None
        )


def acting_of(request: HttpRequest) -> Acting | None:
    """Return who is acting, None for readers without a session and for people without any membership (one query)."""
    if not request.user.is_authenticated:
        return None
    if not hasattr(request, "_acting"):
        request._acting = _find(request)  # type: ignore[attr-defined]  # kept for the other callers of this request
    found: Acting | None = request._acting  # type: ignore[attr-defined]
    return found


def _find(request: HttpRequest) -> Acting | None:
    proof = Authenticator.objects.filter(pk=request.session.get(FACTOR), user=OuterRef("user"))
    memberships = Membership.objects.filter(user=cast(User, request.user)).annotate(proven=Exists(proof))
    rows = list(memberships.select_related("user").order_by("id"))
    chosen = request.session.get(MEMBERSHIP)
    row = next((row for row in rows if row.pk == chosen), rows[0] if rows else None)
    if row is not None and chosen is not None and row.pk != chosen:
        del request.session[MEMBERSHIP]
        if request.method not in ("GET", "HEAD"):  # it was meant to be said for somebody else
            return None
    return None if row is None else act_in(row, row.proven, read_network(request))


def act_in(row: Membership, proven: bool = False, network: str = "") -> Acting:
    """Return a person acting in one of their memberships."""
    email = row.user.email
    return Acting(
        row.pk, row.user_id, email, row.role, row.organisation, row.approves, row.demonstration, proven, network
    )


def needs(
    *roles: str, methods: tuple[str, ...] = ("GET", "HEAD", "POST"), home: str = "/desk"
) -> Callable[[View], View]:
    """Make a view for people who act in one of the roles: others are led to sign in, or told that it is not theirs.

    Whoever may write is asked for a second factor first. The view gets the request with `acting` among its keyword
    arguments; it speaks the reader's language, and its answers are never stored. After a POST without a session one
    comes back to `home`.
    """

    def make(view: View) -> View:
        @never_cache
        @require_http_methods(list(methods))
        @wraps(view)
        def guarded(request: HttpRequest, **parts: Any) -> HttpResponse:
            with speak(choose_language(request)):
                acting = acting_of(request)
                if acting is None and not request.user.is_authenticated:
                    return HttpResponseRedirect(f"/sign-in?next={quote(come_back_to(request, home))}")
                if acting is None or acting.role not in roles:
                    return render_page(request, "access/forbidden.html", {"acting": acting}, 403)
                if not acting.secured:
                    return HttpResponseRedirect(f"/sign-in/second-factor?next={quote(come_back_to(request, home))}")
                return view(request, acting=acting, **parts)

        return guarded

    return make


def operators_only(view: View) -> View:
    """Make a view for operators alone."""
    return needs(OPERATOR)(view)


def come_back_to(request: HttpRequest, home: str = "/desk") -> str:
    """Return where to go on after signing in: never into the middle of an action."""
    return request.get_full_path() if request.method in ("GET", "HEAD") else home
