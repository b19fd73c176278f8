"""What all commands of the API share: a token, a strict body, one entry, an answer with its receipt.

The order is: who asks, may they (role and scope of the token), is this a repetition, can the body be read, then
register.commands, whose rules have the last word. A refusal for lack of rights is noted for the operator.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from django.conf import settings
from django.db import Error as DatabaseFault
from django.db import transaction
from django.http import HttpResponse
from psycopg_pool import PoolTimeout
from pydantic import BaseModel
from rest_framework.request import Request

from ledger.errors import LedgerError
from register import commands
from register.access.models import KeptAnswer, Token
from register.access.notices import note_refusal
from register.api.address import Address, answer_json, token_of, write_json
from register.api.bodies import read_object
from register.api.idempotency import Repeatable, read_key, write_once
from register.api.limits import ReadLimit, WriteLimit
from register.api.permissions import HasTokenToWrite, check_alone, check_verb
from register.api.problems import RETRY_SECONDS, Problem, describe
from register.api.reading import describe_one, name_register
from register.commands import Written
from register.errors import NotEntitled, NotFound
from register.payloads import Actor

log = logging.getLogger(__name__)

ENTRY: Final = "entry"


@dataclass(slots=True)
class Progress:
    """How far a write got: what it wrote, and whether that is committed."""

    repeatable: Repeatable | None
    written: Written | None = None
    committed: bool = False

    def note(self, written: list[Written]) -> None:
        """Keep the key's row with the entry; register.commands calls this inside its transaction."""
        self.written = written[0]
        if self.repeatable is not None:
            self.repeatable.keep(written[0].kind, written[0].id, written[0].index)
        transaction.on_commit(self.finish)

    def finish(self) -> None:
        """Note that the entry is there to stay."""
        self.committed = True

    def explain(self, error: Exception) -> Exception:
        """Return what to raise: the error itself, or, once the entry is there to stay, that its receipt is missing."""
        if not (self.committed and self.written):
            return error
        log.error("entry %d is recorded and not signed: %s", self.written.index, describe(error))
        return unsigned(self.written)


class Command(Address):
    """One verb of register.commands at one address.

    `filled` maps a role to the field of the body that its token fills in; `own` is the field by which rules name the
    thing that the address itself names. `operation` names it in the API's document where two of them say the same verb.
    """

    permission_classes = (HasTokenToWrite,)
    throttle_classes = (WriteLimit, ReadLimit)
    statuses = {"POST": 201}
    problems: ClassVar[Sequence[int]] = (404, 409, 422)
    tag = "decisions"
    verb: ClassVar[str]
    operation: ClassVar[str] = ""
    body: ClassVar[type[BaseModel]]
    filled: ClassVar[Mapping[str, str]] = {}
    own: ClassVar[str] = ""

    def carry_out(self, request: Request, **ids: Any) -> HttpResponse:
        """Do what the verb says of the thing the address names; answer 201 with the thing and its entry."""
        token = token_of(request)
        try:
            check_verb(token, self.verb)
            return self._write(request, token, {name: str(value) for name, value in ids.items()})
        except NotEntitled as refusal:
            note_refusal(token, self.verb, request.path, refusal.code)
            raise

    def _write(self, request: Request, token: Token, ids: Mapping[str, str]) -> HttpResponse:
        data = read_object(request.data)
        repeatable = read_key(request, token, data)
        kept = repeatable.find() if repeatable else None
        if kept is not None:
            return answer_again(kept, self.describe)
        terms = self.body.model_validate(self._fill(data, token))
        check_alone(token, self.verb, terms, "/".join(ids.values()))
        progress = Progress(repeatable)
        try:
            done = write_once(repeatable, lambda: self._record(terms, token, ids, progress))
            if isinstance(done, Written):
                return answer_written(done, repeatable, self.describe)
            return answer_again(done, self.describe)
        except (LedgerError, DatabaseFault, PoolTimeout) as error:
            raise progress.explain(error) from None

    def describe(self, kind: str, record_id: str) -> dict[str, Any]:
        """Return a thing as its GET gives it; raises NotFound."""
        return describe_one(kind, record_id)

    def _fill(self, data: dict[str, Any], token: Token) -> dict[str, Any]:
        field = self.filled.get(token.role)
        return {field: token.organisation, **data} if field else data

    def _record(self, terms: BaseModel, token: Token, ids: Mapping[str, str], progress: Progress) -> Written:
        say: Callable[..., Written] = getattr(commands, self.verb)
        actor = Actor(role=token.role, organisation=token.organisation)
        try:
            return say(*ids.values(), terms, actor=actor, also=progress.note)
        except NotFound as refusal:
            error = name_register(refusal, [*ids.values(), str(getattr(terms, refusal.field, ""))])
            raise NotFound(error.code, "" if error.field == self.own else error.field, error.message) from None


def unsigned(written: Written) -> Problem:
    """Return the problem that an entry is recorded but has no receipt yet: the log cannot be signed or read."""
    sentence = f"Recorded as entry {written.index}; its receipt could not be made and follows later."
    return Problem(503, "receipt_pending", sentence, headers={"Retry-After": str(RETRY_SECONDS)})


Describe = Callable[[str, str], dict[str, Any]]
"""Kind and id of a thing → the thing as its GET gives it."""


def describe_written(written: Written, describe: Describe) -> dict[str, Any]:
    """Return the thing that an entry is about, as its GET gives it, and the entry's place and receipt."""
    receipt = commands.receipts_for([written])[written.index]
    entry = {"origin": written.origin, "index": written.index, "receipt": receipt}
    return {**describe(written.kind, written.id), ENTRY: entry}


def describe_again(kept: KeptAnswer, describe: Describe) -> bytes:
    """Make the answer of an earlier request anew: the thing as it is now, and the entry as it was."""
    written = Written(kept.kind, kept.subject, "", settings.ASSAY_ORIGIN, kept.index, "")
    return write_json(describe_written(written, describe))


def answer_written(written: Written, repeatable: Repeatable | None, describe: Describe) -> HttpResponse:
    """Answer what was written with its receipt, and keep the answer for a repetition."""
    body = write_json(describe_written(written, describe))
    if repeatable is not None:
        repeatable.keep_answer(body)
    return answer_json(body, status=201, headers={"Location": locate(written.url)})


def locate(url: str) -> str:
    """Return the API's address of a thing from its own."""
    return url.replace(settings.ASSAY_BASE_URL, f"{settings.ASSAY_BASE_URL}/api/v1", 1)


def answer_again(kept: KeptAnswer, describe: Describe) -> HttpResponse:
    """Answer as the first time; made anew from the entry when a crash left no answer."""
    body = bytes(kept.answer) if kept.answer is not None else describe_again(kept, describe)
    return answer_json(body, status=201, headers={"Idempotency-Replayed": "true"})
