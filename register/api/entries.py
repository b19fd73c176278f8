"""The addresses that give entries of the ledger: ours, and those of the peers that are heard."""

from __future__ import annotations

import base64
from typing import ClassVar, Final

from django.http import HttpResponse
from rest_framework.request import Request

from ledger.reader import read_evidence
from register.api.address import Address, answer_current
from register.api.answer_schemas import EVENT, EVENT_WITH_PROOF
from register.api.known import PAGING, TIMES, describe_page
from register.api.parameters import Parameter, one_of
from register.api.reading import describe_event, read_heard
from register.api.records import INDEX_AFTER, ISSUER, REGISTER
from register.errors import NotFound
from register.events import CATALOGUE
from register.queries import lists

_OF_LEDGER: Final = Parameter(
    "register", "Origin of the ledger: ours (the default), or that of a recognised peer.", example=REGISTER.example
)


class Events(Address):
    """All entries of the ledger."""

    tag = "ledger"
    parameters = (
        *(TIMES[1], ISSUER, _OF_LEDGER),
        Parameter("type", "Type of event.", one_of(*CATALOGUE), {"type": "string", "enum": list(CATALOGUE)}),
        *(INDEX_AFTER, PAGING[1]),
    )
    answers: ClassVar = {"GET": EVENT}

    def get(self, request: Request) -> HttpResponse:
        """List the entries of this node's ledger, or of a peer's, after an index, in its order.

        To follow the register, ask again with the index of the last entry seen.
        """
        given = self.query(request)
        cut = read_heard(given).cut
        page = lists.list_events(
            cut, given.get("after"), given.get("limit", 50), issuer=given.get("issuer"), type=given.get("type")
        )
        return answer_current(request, describe_page(request, page, describe_event))


class Event(Address):
    """One entry of the ledger."""

    tag = "ledger"
    parameters = (_OF_LEDGER,)
    answers: ClassVar = {"GET": EVENT_WITH_PROOF}
    path_schemas: ClassVar = {"index": {"type": "integer", "minimum": 0}}

    def get(self, request: Request, index: int) -> HttpResponse:
        """Give one entry: what it is, its exact bytes as text, and its receipt."""
        cut = read_heard(self.query(request)).cut
        page = lists.list_events(cut, index - 1 if index else None, 1)
        if not page.items or page.items[0].index != index:
            raise NotFound("not_found", "", f"{cut.origin} has {cut.size} entries; indexes begin at 0")
        evidence = read_evidence(cut.origin, [index])[index]
        told = {**describe_event(page.items[0]), **_spell(evidence.data), "receipt": evidence.receipt}
        return answer_current(request, told)


def _spell(data: bytes) -> dict[str, str]:
    """Return an entry's bytes as text; those of a peer may be none, and then come in base64 as well."""
    try:
        return {"data": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"data": data.decode("utf-8", "replace"), "data_base64": base64.b64encode(data).decode()}
