"""The addresses about credentials: batches that are anchored, and what is said of single credentials afterwards.

Nothing here ever sees a credential: an issuer sends roots and commitments, which are salted hashes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request

from register import payloads
from register.api.address import Address, answer_current
from register.api.answer_schemas import listed
from register.api.bodies import strict
from register.api.command import Command
from register.api.known import PAGING, TIMES
from register.api.parameters import Parameter
from register.api.reading import read_heard
from register.api.records import ISSUER, REGISTER, THIS, answer_one, describe_records, find_thing, read_id
from register.api.resources import RESOURCES, WRITTEN
from register.queries.credentials import find_withdrawn, list_batches, list_withdrawn
from register.queries.cuts import Cut
from register.queries.selecting import Page
from register.records import BatchRecord

_BATCH: Final = Parameter("batch", "Id of a batch of this issuer.", read_id, {"type": "string", "format": "uuid"})
_PROGRAMME: Final = Parameter(
    "programme", "Only batches of this programme, by its id.", read_id, {"type": "string", "format": "uuid"}
)
_DIGEST: Final = {"type": "string", "pattern": "^[0-9a-f]{64}$"}


def _read_digest(text: str) -> str:
    if len(text) != 64 or not set(text) <= set("0123456789abcdef"):
        raise ValueError(f"expected 64 lower-case hexadecimal digits, got {text[:80]!r}")
    return text


_ROOT: Final = Parameter("root", "Only the batch with this root.", _read_digest, _DIGEST)
_COMMITMENT: Final = Parameter(
    "commitment",
    "Only this credential, by its commitment. Whoever asks so tells which one is meant; reading all tells nobody.",
    _read_digest,
    _DIGEST,
)


def _list(cut: Cut, given: Mapping[str, Any], issuer: str | None) -> Page[BatchRecord]:
    root, after, limit = given.get("root"), given.get("after"), given.get("limit", 50)
    return list_batches(cut, issuer, root, after, limit, programme=given.get("programme"))


class Batches(Command):
    """All batches, and anchoring another."""

    tag = "credentials"
    verb = "anchor_batch"
    body = strict(payloads.BatchTerms, filled="issuer")
    filled = {"issuer": "issuer"}
    parameters = (ISSUER, _ROOT, _PROGRAMME, REGISTER, *TIMES, *PAGING)
    answers: ClassVar = {"POST": WRITTEN["batch"], "GET": listed("batch")}

    def get(self, request: Request) -> HttpResponse:
        """List the batches of credentials that were anchored, in that order."""
        given = self.query(request)
        times = read_heard(given)
        page = _list(times.cut, given, given.get("issuer"))
        return answer_current(request, describe_records(request, "batch", page, times))

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Anchor a batch of credentials by the root of the tree of their commitments.

        `issuer` is by default the token's own. An issuer anchors a root once: for a second time the answer is 409
        (`batch_taken`) with the address of the first, so that a program that was interrupted may just ask again.
        """
        return self.carry_out(request, **ids)


class Batch(Address):
    """One batch."""

    tag = "credentials"
    parameters = THIS
    answers: ClassVar = {"GET": RESOURCES["batch"]}

    def get(self, request: Request, id: UUID) -> HttpResponse:
        """Give one batch."""
        return answer_one(self, request, "batch", id)


class IssuerBatches(Address):
    """The batches of one issuer."""

    tag = "credentials"
    parameters = (*THIS, _ROOT, _PROGRAMME, *PAGING)
    answers: ClassVar = {"GET": listed("batch")}

    def get(self, request: Request, id: UUID) -> HttpResponse:
        """List the batches that an issuer has anchored."""
        given = self.query(request)
        _, times = find_thing(self, request, "issuer", str(id))
        page = _list(times.cut, given, str(id))
        return answer_current(request, describe_records(request, "batch", page, times))


class IssuerWithdrawals(Address):
    """The credentials of one issuer that were withdrawn."""

    tag = "credentials"
    parameters = (*THIS, _BATCH, _COMMITMENT, *PAGING)
    answers: ClassVar = {"GET": listed("credential")}

    def get(self, request: Request, id: UUID) -> HttpResponse:
        """List the credentials of an issuer that were ever revoked or suspended, by their commitments.

        `state` is how each stands at `at`; `changes` is all that was said of it, in the order of the ledger.
        """
        given = self.query(request)
        _, times = find_thing(self, request, "issuer", str(id))
        if "commitment" in given:
            found = list(find_withdrawn(times.cut, str(id), [given["commitment"]]).values())
            page = Page([one for one in found if given.get("batch") in (None, one.batch)], None, [times.cut.origin])
        else:
            page = list_withdrawn(times.cut, str(id), given.get("batch"), given.get("after"), given.get("limit", 50))
        return answer_current(request, describe_records(request, "credential", page, times))


class Withdrawal(Address):
    """One act of withdrawing."""

    tag = "credentials"
    parameters = THIS
    answers: ClassVar = {"GET": RESOURCES["withdrawal"]}

    def get(self, request: Request, id: UUID) -> HttpResponse:
        """Give one act by which credentials were revoked, suspended or reinstated."""
        return answer_one(self, request, "withdrawal", id)


class RevokeCredentials(Command):
    """Revoke credentials for good."""

    tag = "credentials"
    verb = "revoke_credentials"
    body = strict(payloads.WithdrawalTerms, filled="issuer")
    filled = {"issuer": "issuer"}
    answers = {"POST": WRITTEN["withdrawal"]}

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Revoke credentials of an issuer by their commitments, up to 200 at once, all or none.

        `issuer` is by default the token's own. Without `effective_from` it holds from now on. `status` names, in the
        order of the commitments, the credentials' places in the issuer's published status lists, where they have any.
        """
        return self.carry_out(request, **ids)


class SuspendCredentials(Command):
    """Suspend credentials until they are reinstated."""

    tag = "credentials"
    verb = "suspend_credentials"
    body = strict(payloads.WithdrawalTerms, filled="issuer")
    filled = {"issuer": "issuer"}
    answers = {"POST": WRITTEN["withdrawal"]}

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Suspend credentials of an issuer until they are reinstated."""
        return self.carry_out(request, **ids)


class ReinstateCredentials(Command):
    """Let credentials count again."""

    tag = "credentials"
    verb = "reinstate_credentials"
    body = strict(payloads.WithdrawalTerms, filled="issuer")
    filled = {"issuer": "issuer"}
    answers = {"POST": WRITTEN["withdrawal"]}

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Lift the suspension of credentials.

        A revocation is taken back only for `administrative_error`, `appeal_upheld` or `decision_annulled`.
        """
        return self.carry_out(request, **ids)
