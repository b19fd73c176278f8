"""`/desk/mandates`: what an issuer lets others seal for it, and what others let it seal."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from register.access.acting import Acting, needs
from register.access.roles import ISSUER, ROLES
from register.desk.issuer_forms import EndingForm
from register.desk.mandate_forms import GrantMandate, RevokeMandate
from register.desk.page import answer, explain_refusals
from register.desk.things import choose_issuer, fill_in, find_own
from register.errors import NotFound
from register.queries.belongings import list_mandates
from register.queries.cuts import resolve_cut
from register.records import MandateRecord
from register.site.links import with_query
from register.site.names import name_record
from register.site.reading import read_directory, read_register

_PAGE: Final = 50


@needs(*ROLES, methods=("GET", "HEAD"))
@explain_refusals
def list_all(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Show the mandates given by and to an issuer."""
    issuer = choose_issuer(request, acting)
    page, now = list_mandates(resolve_cut(), issuer.id, request.GET.get("after"), _PAGE), timezone.now()
    kept = with_query("", **({} if acting.role == ISSUER else {"issuer": issuer.id}))
    context = {
        "place": "own" if acting.role == ISSUER else "issuers",
        "issuer": issuer,
        "name": name_record(issuer),
        "rows": [(one, tell_state(one, now)) for one in page.items],
        "directory": read_directory([one for row in page.items for one in (row.awarding_body, row.sealer)]),
        "page": page,
        "kept": kept,
    }
    return answer(request, acting, "desk/own_mandates.html", context)


def tell_state(mandate: MandateRecord, at: datetime) -> str:
    """Return in one word how a mandate stands."""
    if mandate.revocation is not None and mandate.revocation.effective_from <= at:
        return "revoked"
    if mandate.valid.valid_until is not None and mandate.valid.valid_until <= at:
        return "expired"
    return "in_force" if mandate.valid.holds(at) else "not_yet_valid"


@needs(*ROLES)
@explain_refusals
def grant(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Let another organisation seal credentials for an issuer."""
    issuer = choose_issuer(request, acting, GrantMandate.verb, "awarding_body")
    node = read_register()
    return fill_in(
        request,
        acting,
        partial(GrantMandate, issuer, node.territory if node else ()),
        "desk/own_mandate_new.html",
        {"place": "own" if acting.role == ISSUER else "issuers", "issuer": issuer, "name": name_record(issuer)},
        verb=GrantMandate.verb,
        show=GrantMandate.show,
    )


@needs(*ROLES)
@explain_refusals
def revoke(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """End a mandate that an issuer gave."""
    mandate: MandateRecord = find_own("mandate", id)
    if acting.role == ISSUER and mandate.awarding_body != acting.organisation:
        raise NotFound("mandate_unknown", "", gettext("This is not a mandate of yours to revoke."))
    directory = read_directory([mandate.awarding_body, mandate.sealer])
    return fill_in(
        request,
        acting,
        RevokeMandate,
        "desk/own_mandate_revoke.html",
        {"place": "own" if acting.role == ISSUER else "issuers", "mandate": mandate, "directory": directory},
        verb=RevokeMandate.verb,
        subject=mandate.id,
        show=EndingForm.show,
    )
