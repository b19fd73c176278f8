"""Problems: every error of the API as RFC 9457 problem+json, by one table from exception to answer.

Members beside those of the RFC: `code` (closed list: CODES and register.rules.REFUSALS), `field` (dotted path of the
one at fault) and `errors` (all faults of a body, where there are several). What a request sent is never repeated in a
log, and an unexpected error says nothing of its cause.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, TooManyFieldsSent
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from psycopg_pool import PoolTimeout
from pydantic import ValidationError
from rest_framework import exceptions

from ledger.errors import DuplicateEntry, EntryTooLarge, LedgerError
from register import rules
from register.errors import Busy, Conflict, NotEntitled, NotFound, NotUnderstood, Refused
from register.vocabularies import UnknownTerm

log = logging.getLogger(__name__)

CONTENT_TYPE: Final = "application/problem+json"
RETRY_SECONDS: Final = 5

CODES: Final[Mapping[str, str]] = {
    "address_forbidden": "The address leads where this node must not go.",
    "body_not_understood": "The body is not JSON as this API reads it.",
    "body_not_an_object": "A JSON object was expected.",
    "busy": "The node is doing as much of this as it does at a time.",
    "conflict": "Something already there claims the same.",
    "content_type": "The body's media type is not application/json.",
    "database_unavailable": "The database does not answer.",
    "duplicate_entry": "The ledger holds this entry already.",
    "entry_too_large": "The entry would be larger than a ledger entry can be.",
    "expiry": "The token's end is not possible.",
    "identifier_ambiguous": "Several issuers have had this identifier.",
    "idempotency_key": "The Idempotency-Key cannot be used.",
    "idempotency_key_reused": "The Idempotency-Key was used for another request.",
    "internal": "Something unexpected went wrong.",
    "invalid": "A value cannot be read.",
    "invalid_field": "A field's value is not what was expected.",
    "ledger_stopped": "The ledger accepts nothing at the moment.",
    "length_not_understood": "Content-Length is not a number.",
    "method_not_allowed": "This address does not take this method.",
    "missing_field": "A required field is absent.",
    "no_credential": "Nothing in the body is a credential of any kind.",
    "not_acceptable": "The answer cannot be given in the media type asked for.",
    "not_authenticated": "A valid token is needed.",
    "not_found": "There is nothing at this address.",
    "parameter_repeated": "A parameter was given more than once.",
    "peer_refused": "The node there is not one that can be recognised so.",
    "peer_too_slow": "The other node did not answer in time.",
    "peer_unreachable": "The other node could not be reached, or answered what no node answers.",
    "query_not_understood": "The query string cannot be read.",
    "receipt_pending": "The entry is recorded; its receipt follows when the log can be signed again.",
    "required": "A required parameter is absent.",
    "scope": "The token's scope does not cover this.",
    "throttled": "Too many requests.",
    "token_limit": "There are too many tokens already.",
    "token_unknown": "No such token of yours.",
    "too_large": "The body is too large.",
    "too_many": "Too many questions in one request.",
    "unknown_field": "There is no such field.",
    "unknown_parameter": "There is no such parameter.",
    "unknown_term": "The list does not hold this term.",
}
"""Codes of the API itself; what the rules refuse is in register.rules.REFUSALS."""


@dataclasses.dataclass(eq=False)
class Problem(Exception):
    """One problem, ready to be answered; may be raised."""

    status: int
    code: str
    detail: str
    field: str = ""
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    errors: tuple[Mapping[str, str], ...] = ()

    def body(self, instance: str) -> dict[str, Any]:
        """Return the members of RFC 9457, section 3, and our own."""
        title = CODES.get(self.code) or rules.REFUSALS.get(self.code) or self.code.replace("_", " ")
        document: dict[str, Any] = {
            "type": f"{settings.ASSAY_BASE_URL}/api/docs#problem-{self.code}",
            "title": title,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            "code": self.code,
        }
        document |= {"field": self.field} if self.field else {}
        return document | ({"errors": list(self.errors)} if self.errors else {})


def answer_problem(problem: Problem, request: HttpRequest) -> HttpResponse:
    """Write a problem as the answer to a request."""
    body = json.dumps(problem.body(printable(request.path)), ensure_ascii=True)
    return HttpResponse(
        body,
        status=problem.status,
        content_type=CONTENT_TYPE,
        headers={"Cache-Control": "no-store", "Access-Control-Allow-Origin": "*", **problem.headers},
    )


def printable(path: str) -> str:
    """Return a path fit to be shown: shortened, what cannot be printed replaced."""
    return "".join(sign if sign.isprintable() else "?" for sign in path[:300])


def handle_exception(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """DRF's exception hook: every exception of a view becomes a problem."""
    request = context["request"]
    answer = answer_problem(explain(error), getattr(request, "_request", request))
    if answer.status_code == 405:
        answer["Allow"] = ", ".join(context["view"].allowed_methods)
    return answer


def explain(error: Exception) -> Problem:
    """Return the problem that an exception means; the first row of the table that fits decides."""
    for kind, translate in _TABLE:
        if isinstance(error, kind):
            return translate(error)
    # Where it happened, not what it said: a driver's message may repeat what was sent.
    log.error("unexpected %s at\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
    return Problem(500, "internal", "An unexpected error. Tell the operator when it happened.")


def _as_itself(error: Any) -> Problem:
    assert isinstance(error, Problem)
    return error


def _refused(status: int) -> Callable[[Any], Problem]:
    return lambda error: Problem(status, error.code, error.message, error.field)


def _not_found(error: Any) -> Problem:
    """Without a field at fault it is the address's own thing that is missing; else the body refers to nothing."""
    return Problem(422 if error.field else 404, error.code, error.message, error.field)


def _validation(error: Any) -> Problem:
    faults = tuple(describe_fault(fault) for fault in error.errors(include_url=False, include_input=False))
    first = faults[0]
    more = f" ({len(faults) - 1} more, see errors)" if len(faults) > 1 else ""
    return Problem(400, first["code"], first["detail"] + more, first["field"], errors=faults[:50])


def describe_fault(fault: Any) -> dict[str, str]:
    """Return field, code and sentence of one fault that pydantic found; the input is never repeated in full."""
    where = ".".join(printable(str(part))[:80] for part in fault["loc"] if part not in _TAGS)
    name = where or "the body"
    match fault["type"]:
        case "extra_forbidden" | "unexpected_keyword_argument":
            return {"field": where, "code": "unknown_field", "detail": f"{name}: there is no such field; remove it"}
        case "missing":
            return {"field": where, "code": "missing_field", "detail": f"{name}: this field is required; add it"}
    raised = (fault.get("ctx") or {}).get("error")
    message = raised.say_with_list() if isinstance(raised, UnknownTerm) else fault["msg"].removeprefix("Value error, ")
    return {"field": where, "code": "invalid_field", "detail": f"{name}: {message}"}


# pydantic names the branch of a union in a fault's place; a body has no such fields.
_TAGS: Final = frozenset({"constrained-str", "lax-or-strict", "json-or-python"})


def _unknown_term(error: Any) -> Problem:
    return Problem(400, "unknown_term", error.say_with_list())


def _unavailable(code: str, detail: str) -> Callable[[Any], Problem]:
    def translate(error: Any) -> Problem:
        log.error("%s: %s", code, describe(error))
        return Problem(503, code, detail, headers={"Retry-After": str(RETRY_SECONDS)})

    return translate


def describe(error: Exception) -> str:
    """Return what the operator's log may say: our own sentences whole, of the database's errors kind and SQLSTATE."""
    if isinstance(error, LedgerError):
        return f"{type(error).__name__}: {error}"
    return f"{type(error).__name__} {getattr(error.__cause__, 'sqlstate', None) or ''}".rstrip()


def _rest(code: str) -> Callable[[Any], Problem]:
    def translate(error: Any) -> Problem:
        return Problem(error.status_code, code, str(error.detail))

    return translate


def _not_authenticated(error: Any) -> Problem:
    return Problem(401, "not_authenticated", str(error.detail), headers=_CHALLENGE)


def _throttled(error: Any) -> Problem:
    wait = max(1, int(error.wait or 1))
    detail = f"Too many requests; try again in {wait} s."
    return Problem(429, "throttled", detail, headers={"Retry-After": str(wait)})


def _not_here(error: Any) -> Problem:
    return Problem(404, "not_found", "There is nothing at this address; GET /api/schema describes those that exist.")


_ASK: Final = "A token is needed here: send it as `Authorization: Bearer TOKEN`; reading the register needs none."
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="assay"'}
# The connection may have been lost while it committed: what then became of a write, nobody can tell from here.
_DATABASE: Final = _unavailable(
    "database_unavailable", "The database does not answer. Try again, a write with the same Idempotency-Key."
)
_LEDGER: Final = _unavailable("ledger_stopped", "The ledger accepts nothing at the moment; tell the operator.")

_TABLE: Final[tuple[tuple[type[Exception] | tuple[type[Exception], ...], Callable[[Any], Problem]], ...]] = (
    (Problem, _as_itself),
    (NotUnderstood, _refused(400)),
    (Busy, lambda error: Problem(503, "busy", str(error), headers={"Retry-After": str(error.seconds)})),
    (NotEntitled, _refused(403)),
    (NotFound, _not_found),
    (Conflict, _refused(409)),
    (Refused, _refused(422)),
    (ValidationError, _validation),
    (UnknownTerm, _unknown_term),
    (DuplicateEntry, lambda error: Problem(409, "duplicate_entry", str(error))),
    (EntryTooLarge, lambda error: Problem(422, "entry_too_large", str(error))),
    (LedgerError, _LEDGER),
    ((OperationalError, InterfaceError, PoolTimeout), _DATABASE),
    (exceptions.Throttled, _throttled),
    (exceptions.NotAuthenticated, lambda error: Problem(401, "not_authenticated", _ASK, headers=_CHALLENGE)),
    (
        exceptions.AuthenticationFailed,
        lambda error: Problem(401, "not_authenticated", str(error.detail), headers=_CHALLENGE),
    ),
    (exceptions.PermissionDenied, _rest("not_entitled")),
    (exceptions.MethodNotAllowed, _rest("method_not_allowed")),
    (exceptions.NotAcceptable, _rest("not_acceptable")),
    (exceptions.UnsupportedMediaType, _rest("content_type")),
    (exceptions.ParseError, _rest("body_not_understood")),
    ((Http404, exceptions.NotFound), _not_here),
    ((RequestDataTooBig, TooManyFieldsSent), lambda error: Problem(413, "too_large", "The body is too large.")),
    (SuspiciousOperation, lambda error: Problem(400, "invalid", "The request cannot be read.")),
    (DatabaseError, _DATABASE),
)
