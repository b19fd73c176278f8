"""Idempotency-Key: a repeated request gives the answer of the first one and writes nothing.

The key's row is inserted in the entry's own transaction, under the log's lock, so of two requests with one key exactly
one writes: the other waits for the lock, is refused by the row's unique constraint, rolls back and reads the row.
Keys belong to a token and are kept for a day at least (register.access.tasks).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.db import IntegrityError
from rest_framework.request import Request

from register.access.models import KeptAnswer, Token
from register.api.problems import Problem
from register.errors import NotUnderstood

_KEY: Final = re.compile(r"[!-~]{1,255}")
_ONCE: Final = "kept_answer_once"


@dataclass(frozen=True, slots=True)
class Repeatable:
    """A request that may be repeated: by which token, under which key, with which content (SHA-256)."""

    token: Token
    key: str
    digest: bytes

    def find(self) -> KeptAnswer | None:
        """Return what an earlier request with this key wrote; raise Problem 409 when it was another request."""
        kept = KeptAnswer.objects.filter(token=self.token, key=self.key).first()
        if kept is not None and bytes(kept.digest) != self.digest:
            sentence = "this Idempotency-Key was used with another address or body; choose a new key"
            raise Problem(409, "idempotency_key_reused", sentence, "Idempotency-Key")
        return kept

    def keep(self, kind: str, subject: str, index: int) -> None:
        """Insert the key's row; call it in the transaction that appends the entry."""
        KeptAnswer.objects.create(
            token=self.token, key=self.key, digest=self.digest, kind=kind, subject=subject, index=index
        )

    def keep_answer(self, answer: bytes) -> None:
        """Store the answer given, after the commit."""
        KeptAnswer.objects.filter(token=self.token, key=self.key).update(answer=answer)


def read_key(request: Request, token: Token, data: Any) -> Repeatable | None:
    """Return the request's key with the digest of its content, None without the header; raises NotUnderstood."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise NotUnderstood(
            "idempotency_key", "Idempotency-Key", "expected 1 to 255 printable ASCII characters without blanks"
        )
    content = json.dumps([request.method, request.path, data], sort_keys=True, separators=(",", ":"))
    return Repeatable(token, key, hashlib.sha256(content.encode()).digest())


def write_once(repeatable: Repeatable | None, write: Callable[[], Any]) -> Any:
    """Run `write`; return the kept row instead of what it returns when a twin of the request was faster."""
    try:
        return write()
    except IntegrityError as error:
        kept = repeatable.find() if repeatable is not None and _ONCE in str(error) else None
        if kept is None:
            raise
        return kept
