"""The frame of the desk's pages: who acts and where they may go; answers to what cannot be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Final, NamedTuple

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from register.access.acting import Acting, View
from register.access.roles import AGENCY, AUDITOR, ISSUER, OPERATOR
from register.errors import Conflict, NotEntitled, NotFound, NotUnderstood, Refused
from register.queries.cuts import resolve_cut
from register.queries.single import find_records
from register.site.names import Name, name_record
from register.site.page import render_page

Answer = Callable[[HttpRequest, Acting, Refused | NotUnderstood], HttpResponse]


class NotChosen(Refused):
    """A page about an issuer was asked for, and it does not say which: people choose one first."""


class Place(NamedTuple):
    """One place of the desk: its code, address, words, and the roles that go there."""

    code: str
    path: str
    words: str | Promise
    roles: frozenset[str]
    approvers_only: bool = False

    def is_for(self, acting: Acting) -> bool:
        """Tell whether somebody may go there, so that nobody is shown the way to a refusal."""
        return acting.role in self.roles and (acting.approves or not self.approvers_only)


_DECIDING: Final = frozenset({AGENCY, OPERATOR})
_ALL: Final = frozenset({AGENCY, OPERATOR, ISSUER})

PLACES: Final = (
    Place("home", "/desk", _("Desk"), _ALL),
    Place("own", "/desk/own", _("Our institution"), frozenset({ISSUER})),
    Place("decisions", "/desk/decisions/new", _("Record a decision"), _DECIDING),
    Place("accreditations", "/desk/accreditations", _("Accreditations"), _DECIDING),
    Place("drafts", "/desk/drafts", _("Drafts"), _ALL),
    Place("issuers", "/desk/issuers", _("Issuers"), _DECIDING),
    Place("programmes", "/desk/programmes", _("Programmes"), _ALL),
    Place("imports", "/desk/imports", _("Imports"), _DECIDING),
    Place("remarks", "/desk/remarks", _("Remarks"), _DECIDING),
    Place("notices", "/desk/notices", _("Notices"), _ALL),
    Place("people", "/desk/people", _("People"), frozenset({AGENCY, ISSUER}), approvers_only=True),
    Place("four-eyes", "/desk/four-eyes", _("Four eyes"), _ALL),
    Place("operator", "/operator", _("Operator’s board"), frozenset({OPERATOR, AUDITOR})),
)
"""Where the desk leads to, in the order of its navigation."""


def answer(
    request: HttpRequest, acting: Acting, template: str, context: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    """Answer with a page of the desk; `place` in the context says which place it belongs to."""
    places = [place for place in PLACES if place.is_for(acting)]
    told = {"section": "desk", "acting": acting, "places": places, "organisation": name_organisation(acting)}
    return render_page(request, template, {**told, **context}, status)


def name_organisation(acting: Acting) -> Name | None:
    """Return the name of the organisation that somebody acts for, None for operators."""
    if not acting.organisation:
        return None
    found = find_records(acting.role, [acting.organisation], resolve_cut()).get(acting.organisation)
    return name_record(found) if found is not None else Name(acting.organisation)


def explain_with(answer_refusal: Answer) -> Callable[[View], View]:
    """Make views answer, as `answer_refusal` does, where what was asked for is not there or not allowed."""

    def explain(view: View) -> View:
        @wraps(view)
        def explaining(request: HttpRequest, acting: Acting, **parts: Any) -> HttpResponse:
            try:
                return view(request, acting=acting, **parts)
            except (Refused, NotUnderstood) as error:
                return answer_refusal(request, acting, error)

        return explaining

    return explain


def answer_error(request: HttpRequest, acting: Acting, error: Refused | NotUnderstood, back: str) -> HttpResponse:
    """Answer in words why something was not done, and where to go on."""
    status = next((number for kind, number in _STATUSES if isinstance(error, kind)), 422)
    return answer(
        request,
        acting,
        "desk/refused.html",
        {"sentence": error.message, "back": back, "missing": status == 404},
        status,
    )


_STATUSES: Final = ((NotFound, 404), (NotEntitled, 403), (Conflict, 409), (NotUnderstood, 400))


def _answer_refusal(request: HttpRequest, acting: Acting, error: Refused | NotUnderstood) -> HttpResponse:
    if isinstance(error, NotChosen):
        return HttpResponseRedirect("/desk/issuers")
    return answer_error(request, acting, error, "/desk")


explain_refusals: Final = explain_with(_answer_refusal)
"""Make a view of the desk answer in words where what was asked for is not there or not allowed."""
