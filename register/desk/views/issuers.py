"""`/desk/issuers`: find an issuer, register a new one after a look at those like it, amend, close."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from register.access.acting import Acting, needs
from register.access.roles import AGENCY, ISSUER, OPERATOR
from register.desk.issuer_forms import (
    AmendIssuer,
    CloseIssuer,
    EndingForm,
    NewIssuer,
    ReopenIssuer,
    begin_issuer,
    show_issuer,
    terms_of,
)
from register.desk.letters import find_mixed_words
from register.desk.look_alikes import LookAlike
from register.desk.near_issuers import find_look_alikes
from register.desk.page import answer, explain_refusals
from register.desk.things import fill_in, find_closure, find_draft, find_own, find_theirs, keep, open_form
from register.identifiers import parse_identifier
from register.queries.belongings import list_keys, list_relations
from register.queries.cuts import resolve_cut
from register.queries.filters import Filters
from register.queries.lists import list_issuers, list_programmes
from register.queries.selecting import Page
from register.records import IssuerRecord
from register.site.links import with_query
from register.site.names import name_record, order_names
from register.site.reading import read_directory

_PAGE: Final = 20


@needs(OPERATOR, AGENCY, methods=("GET", "HEAD"))
@explain_refusals
def list_found(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Show issuers of this register by name or identifier, each with the way to its desk page."""
    q, after = request.GET.get("q", "").strip(), request.GET.get("after")
    found = _find(q, after)
    rows = [(one, order_names(one.names, one.country)) for one in found.items]
    following = with_query("/desk/issuers", q=q, after=found.next) if found.next else None
    context = {"place": "issuers", "q": q, "rows": rows, "next": following, "after": after}
    return answer(request, acting, "desk/issuers.html", context)


def _find(q: str, after: str | None) -> Page[IssuerRecord]:
    cut, now = resolve_cut(), timezone.now()
    try:
        found = list_issuers(cut, Filters(now, identifier=parse_identifier(q)), limit=_PAGE)
    except ValueError:
        return list_issuers(cut, Filters(now, q=q or None), after, _PAGE)
    return found if found.items else list_issuers(cut, Filters(now, q=q), after, _PAGE)


@needs(OPERATOR, AGENCY)
@explain_refusals
def register_new(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Take what describes a new issuer, show those it resembles, and make a draft once it is none of them."""
    draft = find_draft(request, acting, NewIssuer.verb, "")
    begun = draft.said if draft else begin_issuer(request.GET.get("name", ""))
    form = open_form(request, partial(NewIssuer, acting=acting), show_issuer(begun))
    assert isinstance(form, NewIssuer)
    context: dict[str, Any] = {"place": "issuers", "form": form, "draft": draft}
    if not form.is_bound:
        return answer(request, acting, "desk/issuer_new.html", context)
    if not form.is_valid():
        return answer(request, acting, "desk/issuer_new.html", context, 422)
    found = find_look_alikes(form.candidate())
    shown = digest_of(found)
    if found and request.POST.get("none_of_these") != shown:
        return answer(request, acting, "desk/issuer_look_alikes.html", {**context, **_compare(form, found, shown)})
    form.denied = tuple(one.record.url for one in found)
    done = keep(acting, form, "", draft, request.POST.get("version", ""))
    return done or answer(request, acting, "desk/issuer_new.html", context, 422)


def digest_of(found: Sequence[LookAlike]) -> str:
    """Return what "none of these" refers to: the look-alikes that were shown."""
    return hashlib.sha256("\n".join(sorted(one.record.url for one in found)).encode()).hexdigest()[:32]


def _compare(form: NewIssuer, found: Sequence[LookAlike], shown: str) -> Mapping[str, Any]:
    own = resolve_cut().origin
    candidate = form.candidate()
    return {
        "found": [(one, name_record(one.record), "" if one.origin == own else one.origin) for one in found],
        "shown": shown,
        "candidate": candidate,
        "mixed": [word for name in candidate.names for word in find_mixed_words(name)],
    }


@needs(OPERATOR, AGENCY, ISSUER, methods=("GET", "HEAD"))
@explain_refusals
def show_issuer_desk(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """Show what may be done about one issuer, and what is on record of it."""
    issuer = find_theirs(acting, id)
    cut = resolve_cut()
    relations = list_relations(cut, issuer.id)
    programmes = list_programmes(cut, Filters(timezone.now(), issuer=issuer.id), limit=_PAGE)
    context = {
        "place": "issuers",
        "issuer": issuer,
        "name": name_record(issuer),
        "keys": list_keys(cut, issuer.id, limit=_PAGE).items,
        "relations": relations,
        "programmes": programmes.items,
        "directory": read_directory([one for rel in relations for one in (rel.issuer, rel.other)]),
        "deciding": acting.role != ISSUER,
    }
    return answer(request, acting, "desk/issuer.html", context)


@needs(OPERATOR, AGENCY)
@explain_refusals
def amend(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """Change an issuer's names, identifiers, website and the rest."""
    issuer = find_own("issuer", id)
    context = {"place": "issuers", "issuer": issuer, "name": name_record(issuer)}
    make = partial(AmendIssuer, issuer)
    said = terms_of(issuer)
    return fill_in(
        request,
        acting,
        make,
        "desk/issuer_amend.html",
        context,
        verb=AmendIssuer.verb,
        subject=issuer.id,
        show=show_issuer,
        said=said,
    )


@needs(OPERATOR, AGENCY)
@explain_refusals
def close(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """Record that an issuer has closed."""
    issuer = find_own("issuer", id)
    context = {"place": "issuers", "issuer": issuer, "name": name_record(issuer)}
    return fill_in(
        request,
        acting,
        CloseIssuer,
        "desk/issuer_close.html",
        context,
        verb=CloseIssuer.verb,
        subject=issuer.id,
        show=EndingForm.show,
    )


@needs(OPERATOR, AGENCY)
@explain_refusals
def take_back(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """Take back that an issuer has closed, by a correction of the entry that said it."""
    issuer: IssuerRecord = find_own("issuer", id)
    context = {
        "place": "issuers",
        "name": name_record(issuer),
        "all": "/desk/issuers",
        "all_words": gettext("Issuers"),
        "back": f"/desk/issuers/{issuer.id}",
    }
    make = partial(ReopenIssuer, entry=find_closure(issuer))
    return fill_in(request, acting, make, "desk/take_back.html", context, verb=ReopenIssuer.verb, subject=issuer.id)
