"""`/desk/programmes`: programmes and micro-credentials described once, kept current, ended."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from register.access.acting import Acting, needs
from register.access.roles import ISSUER, ROLES
from register.desk.elements import look_for_elements
from register.desk.issuer_forms import EndingForm
from register.desk.page import answer, explain_refusals
from register.desk.programme_forms import (
    AmendProgramme,
    CloseProgramme,
    NewProgramme,
    ReopenProgramme,
    show_programme,
    terms_of,
)
from register.desk.things import choose_issuer, fill_in, find_closure, find_own
from register.errors import NotFound
from register.queries.cuts import resolve_cut
from register.queries.filters import Filters
from register.queries.lists import list_programmes
from register.records import ProgrammeRecord
from register.site.links import with_query
from register.site.names import name_record
from register.site.reading import read_directory

_PAGE: Final = 25


@needs(*ROLES, methods=("GET", "HEAD"))
@explain_refusals
def list_all(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Show programmes with what their descriptions miss: an issuer's own, for others all or one issuer's."""
    q, after = request.GET.get("q", "").strip(), request.GET.get("after")
    issuer = acting.organisation if acting.role == ISSUER else request.GET.get("issuer", "")
    filters = Filters(timezone.now(), q=q or None, issuer=issuer or None)
    found = list_programmes(resolve_cut(), filters, after, _PAGE)
    kept = {"q": q, "issuer": issuer if acting.role != ISSUER else ""}
    context = {
        "place": "programmes",
        "rows": [(one, name_record(one), look_for_elements(asdict(one))) for one in found.items],
        "directory": read_directory([one.issuer for one in found.items]),
        "q": q,
        "issuer": issuer,
        "after": after,
        "next": with_query("/desk/programmes", **kept, after=found.next) if found.next else None,
        "first": with_query("/desk/programmes", **kept),
    }
    return answer(request, acting, "desk/programmes.html", context)


@needs(*ROLES)
@explain_refusals
def describe(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Describe a new programme; which of the standard's elements are missing is told beside the form."""
    issuer = choose_issuer(request, acting, NewProgramme.verb)
    context = {"place": "programmes", "issuer": issuer, "name": name_record(issuer)}
    make = partial(NewProgramme, issuer.id, acting=acting)
    said = {"credential_type": "micro-credential", "issuer": issuer.id}
    return fill_in(
        request,
        acting,
        make,
        "desk/programme_new.html",
        context,
        verb=NewProgramme.verb,
        show=show_programme,
        said=said,
    )


def _find(acting: Acting, programme: UUID) -> ProgrammeRecord:
    """Return a programme that who acts may speak for; raises NotFound."""
    record: ProgrammeRecord = find_own("programme", programme)
    if acting.role == ISSUER and record.issuer != acting.organisation:
        raise NotFound("programme_unknown", "", gettext("This is not a programme of yours."))
    return record


@needs(*ROLES)
@explain_refusals
def amend(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """Change a programme's description."""
    record = _find(acting, id)
    return fill_in(
        request,
        acting,
        partial(AmendProgramme, record),
        "desk/programme_amend.html",
        {"place": "programmes", "programme": record, "name": name_record(record)},
        verb=AmendProgramme.verb,
        subject=record.id,
        show=show_programme,
        said=terms_of(record),
    )


@needs(*ROLES)
@explain_refusals
def close(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """Record that a programme has ended."""
    record = _find(acting, id)
    return fill_in(
        request,
        acting,
        CloseProgramme,
        "desk/programme_close.html",
        {"place": "programmes", "programme": record, "name": name_record(record)},
        verb=CloseProgramme.verb,
        subject=record.id,
        show=EndingForm.show,
    )


@needs(*ROLES)
@explain_refusals
def take_back(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """Take back that a programme has ended, by a correction of the entry that said it."""
    record = _find(acting, id)
    context = {
        "place": "programmes",
        "name": name_record(record),
        "all": "/desk/programmes",
        "all_words": gettext("Programmes"),
        "back": f"/desk/programmes/{record.id}/amend",
    }
    make = partial(ReopenProgramme, entry=find_closure(record))
    return fill_in(request, acting, make, "desk/take_back.html", context, verb=ReopenProgramme.verb, subject=record.id)
