"""`/desk/own`: an issuer's own desk: how it stands, its keys, mandates, batches, and what became of its credentials."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from register.access.acting import Acting, needs
from register.access.roles import ISSUER, OPERATOR
from register.desk.credential_forms import ACTS
from register.desk.keys import sort_keys
from register.desk.page import answer, explain_refusals
from register.desk.things import choose_issuer, fill_in
from register.identifiers import NODE, Identifier
from register.queries.belongings import list_keys, list_mandates
from register.queries.credentials import list_batches, list_withdrawn
from register.queries.cuts import Cut, resolve_cut
from register.queries.filters import Filters
from register.queries.lists import list_accreditations, list_programmes
from register.records import AccreditationRecord, IssuerRecord
from register.records.credentials import change_at
from register.site.accreditation_rows import show_records
from register.site.links import with_query
from register.site.names import name_record
from register.site.reading import read_directory
from register.site.standing import Instants, find_standing
from register.site.verdict import reach_verdict

_SHOWN: Final = 5
_FIRST: Final = 20
"""Accreditations on the own desk; the rest is on a page of theirs."""

_PAGE: Final = 50


@needs(ISSUER, methods=("GET", "HEAD"))
@explain_refusals
def show_own(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Show an issuer officer their institution: how it stands today, and the beginning of each list."""
    issuer = choose_issuer(request, acting)
    cut, now = resolve_cut(), timezone.now()
    granted, more = _list_granted(cut, issuer, now, _FIRST)
    mandates = list_mandates(cut, issuer.id, limit=_SHOWN + 1).items
    standings = find_standing(Identifier(NODE, issuer.id), Instants(at=now, now=now))
    named = [one for mandate in mandates for one in (mandate.awarding_body, mandate.sealer)]
    context = {
        "place": "own",
        "issuer": issuer,
        "name": name_record(issuer),
        "verdict": reach_verdict(standings[0]) if standings else None,
        "rows": show_records(granted, now),
        "more": more,
        "keys": sort_keys(list_keys(cut, issuer.id).items, now),
        "mandates": mandates,
        "programmes": list_programmes(cut, Filters(now, issuer=issuer.id), limit=_SHOWN + 1).items,
        "batches": list_batches(cut, issuer.id, limit=_SHOWN + 1).items,
        "withdrawn": list_withdrawn(cut, issuer.id, limit=1).items,
        "directory": read_directory([*named, *(one.agency for one in granted)]),
        "shown": _SHOWN,
    }
    return answer(request, acting, "desk/own.html", context)


def _list_granted(
    cut: Cut, issuer: IssuerRecord, now: datetime, most: int, after: str | None = None
) -> tuple[list[AccreditationRecord], str | None]:
    """Return accreditations of an issuer, and after which one the rest begins."""
    found = list_accreditations(cut, Filters(now, issuer=issuer.id), after, most)
    return found.items, found.next


@needs(ISSUER, methods=("GET", "HEAD"))
@explain_refusals
def list_own_accreditations(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Show an issuer officer all accreditations of their institution, whatever became of them."""
    issuer = choose_issuer(request, acting)
    now, after = timezone.now(), request.GET.get("after")
    granted, following = _list_granted(resolve_cut(), issuer, now, _PAGE, after)
    context = {
        "place": "own",
        "name": name_record(issuer),
        "rows": show_records(granted, now),
        "directory": read_directory([one.agency for one in granted]),
        "after": after,
        "next": with_query(request.path, after=following) if following else None,
    }
    return answer(request, acting, "desk/own_accreditations.html", context)


def _about(acting: Acting, issuer: IssuerRecord) -> dict[str, Any]:
    kept = {} if acting.role == ISSUER else {"issuer": issuer.id}
    place = "own" if acting.role == ISSUER else "issuers"
    return {"place": place, "issuer": issuer, "name": name_record(issuer), "kept": with_query("", **kept)}


@needs(ISSUER, OPERATOR, methods=("GET", "HEAD"))
@explain_refusals
def list_anchored(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Show the batches of credentials that an issuer anchored, in the order in which it did."""
    issuer = choose_issuer(request, acting)
    page = list_batches(resolve_cut(), issuer.id, None, request.GET.get("after"), _PAGE)
    directory = read_directory(batch.programme for batch in page.items)
    context = {**_about(acting, issuer), "page": page, "directory": directory}
    return answer(request, acting, "desk/own_batches.html", context)


@needs(ISSUER, OPERATOR, methods=("GET", "HEAD"))
@explain_refusals
def list_credentials(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Show the credentials of an issuer that were ever withdrawn, by commitment, with how each stands today."""
    issuer = choose_issuer(request, acting)
    now = timezone.now()
    page = list_withdrawn(resolve_cut(), issuer.id, None, request.GET.get("after"), _PAGE)
    rows = [(one, change_at(one, now), one.changes[-1]) for one in page.items]
    return answer(request, acting, "desk/own_credentials.html", {**_about(acting, issuer), "rows": rows, "page": page})


@needs(ISSUER, OPERATOR)
@explain_refusals
def withdraw(request: HttpRequest, acting: Acting, act: str) -> HttpResponse:
    """Revoke, suspend or reinstate credentials, told by commitment or receipt."""
    form = ACTS[act]
    issuer = choose_issuer(request, acting, form.verb)
    chosen = [one for one in request.GET.getlist("commitment")[:1] if one.isalnum()]
    return fill_in(
        request,
        acting,
        lambda **options: form(issuer, **options),
        "desk/own_withdraw.html",
        {**_about(acting, issuer), "act": act},
        verb=form.verb,
        show=form.show,
        said={"commitments": chosen},
    )
