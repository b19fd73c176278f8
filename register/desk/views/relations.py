"""`/desk/issuers/{id}/relate`: faculties, branches, alliances, franchises; mergers, absorptions, successions."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from register.access.acting import Acting, needs
from register.access.roles import AGENCY, OPERATOR
from register.desk.issuer_forms import RelateIssuer
from register.desk.page import explain_refusals
from register.desk.things import fill_in, find_own
from register.queries.belongings import list_relations
from register.queries.cuts import resolve_cut
from register.site.names import name_record
from register.site.reading import read_directory


@needs(OPERATOR, AGENCY)
@explain_refusals
def relate(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """Record how an issuer relates to another one; what is recorded already stands above."""
    issuer = find_own("issuer", id)
    relations = list_relations(resolve_cut(), issuer.id)
    context = {
        "place": "issuers",
        "issuer": issuer,
        "name": name_record(issuer),
        "relations": relations,
        "directory": read_directory([one for rel in relations for one in (rel.issuer, rel.other)]),
    }
    return fill_in(
        request,
        acting,
        partial(RelateIssuer, issuer.id),
        "desk/relation_new.html",
        context,
        verb=RelateIssuer.verb,
        subject=issuer.id,
        show=RelateIssuer.show,
    )
