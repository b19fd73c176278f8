"""`/api/v1/trust`: was this issuer entitled to issue this, then, as far as which ledger knows?

A question that is understood is answered with 200, whatever the decision. `Accept: application/trust-statement+jwt`
gives the same answer signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from register import answers
from register.api.address import Address, answer_json
from register.api.bodies import BODY_LIMIT, read_object
from register.api.limits import BatchLimit, ReadLimit
from register.api.node import statement_key
from register.api.parameters import LONGEST, refuse_unknown, split_query
from register.api.problems import Problem
from register.api.questions import ANSWERS, DECISION, MEANINGS, MOST, PARAMETERS, QUESTIONS
from register.errors import NotUnderstood
from register.trust import FIELDS, AskedQuestion, parse_question
from register.trust.statement import MEDIA_TYPE, sign_statement


class StatementRenderer(BaseRenderer):
    """Names the media type of a signed statement; the view writes it itself."""

    media_type = MEDIA_TYPE
    format = "jwt"


class TrustNegotiation(DefaultContentNegotiation):
    """DRF's negotiation, without its walk for the usual requests."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """Return the JSON renderer at once when the client takes anything."""
        if request.META.get("HTTP_ACCEPT", "*/*") in ("*/*", "application/json"):
            return renderers[0], renderers[0].media_type
        return super().select_renderer(request, renderers, format_suffix)


class Trust(Address):
    """One question, or many."""

    tag = "trust"
    renderer_classes = (JSONRenderer, StatementRenderer)
    content_negotiation_class = TrustNegotiation
    throttle_classes = (ReadLimit, BatchLimit)
    parameters = PARAMETERS
    body = QUESTIONS
    answers: ClassVar[Mapping[str, Any]] = {"GET": DECISION, "POST": ANSWERS}
    other_media = (MEDIA_TYPE,)
    body_limit = 4 * BODY_LIMIT

    def get(self, request: Request) -> HttpResponse:
        """Ask whether an issuer was entitled to issue.

        Always 200 when the question was understood, also for `unknown`. With `Accept: application/trust-statement+jwt`
        the answer comes as a signed statement.
        """
        now = timezone.now()
        answer = answers.answer(parse_question(read_asked(request._request), now), now)
        if request.accepted_media_type == MEDIA_TYPE:
            return answer_signed(answer, now)
        return answer_json(answer, headers={"Vary": "Accept"}, cache="no-cache")

    def post(self, request: Request) -> HttpResponse:
        """Ask up to 1,000 questions; the answers come in order.

        A question that is not understood refuses all of them, naming it.
        """
        now = timezone.now()
        asked = read_questions(request.data, now)
        if request.accepted_media_type == MEDIA_TYPE:
            raise Problem(406, "not_acceptable", "A list of answers is not signed; ask one by one for statements.")
        return answer_json({"items": list(answers.answer_many(asked, now)), "next": None})


def read_asked(request: HttpRequest) -> dict[str, str]:
    """Return the parameters of a question; raises NotUnderstood for unknown and repeated ones."""
    found: dict[str, str] = {}
    for name, text in split_query(request):
        if name not in MEANINGS:
            refuse_unknown(name, FIELDS)
        if name in found:
            raise NotUnderstood("parameter_repeated", name, f"{name} was given more than once; give it once")
        if len(text) > LONGEST:
            raise NotUnderstood("invalid", name, f"{name}: expected at most {LONGEST} characters")
        found[name] = text
    return found


def read_questions(data: Any, now: datetime) -> list[AskedQuestion]:
    """Return the questions of a body, which is a list of them or an object that holds it as `questions`.

    Raises NotUnderstood naming the question at fault, and Problem 413 for too many.
    """
    given = data if isinstance(data, list) else _unwrap(read_object(data))
    if not isinstance(given, list) or not given:
        raise NotUnderstood("invalid_field", "questions", "expected a list of at least one question")
    if len(given) > MOST:
        raise Problem(413, "too_many", f"Expected at most {MOST} questions, got {len(given)}; send several requests.")
    return [_read_question(question, position, now) for position, question in enumerate(given)]


def _unwrap(data: dict[str, Any]) -> Any:
    for name in data:
        if name != "questions":
            raise NotUnderstood("unknown_field", name[:60], "expected one field, questions; remove the others")
    return data.get("questions")


def _read_question(question: Any, position: int, now: datetime) -> AskedQuestion:
    if not isinstance(question, dict):
        raise NotUnderstood(
            "invalid_field", f"questions.{position}", "expected an object with the fields of a question"
        )
    try:
        return parse_question(question, now)
    except NotUnderstood as error:
        raise NotUnderstood(error.code, f"questions.{position}.{error.field}", error.message) from None


def answer_signed(answer: Mapping[str, Any], now: datetime) -> HttpResponse:
    """Answer with the statement that says the same, signed with the node's statement key."""
    statement = sign_statement(answer, statement_key(), settings.ASSAY_BASE_URL, now)
    headers = {"Cache-Control": "no-cache", "Vary": "Accept"}
    return HttpResponse(statement, content_type=MEDIA_TYPE, headers=headers)
