"""The witness over HTTP (C2SP tlog-witness): plain bytes, no session, no cookie, the specification's status codes."""

from __future__ import annotations

import logging
import math

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from federation import forks
from federation.errors import FederationError
from federation.witness import WitnessUnavailable, cosign, read_cosigned
from ledger.tlog.witness import MAX_BODY, SIZE_TYPE, CheckpointRefused, OldSizeConflict, WitnessRefusal
from ledger.views import TEXT, public_bytes
from register.api.limits import Limit
from register.sentences import say

log = logging.getLogger(__name__)


class SubmissionLimit(Limit):
    """For submissions, by address; nobody is logged in."""

    setting = "ASSAY_SUBMISSIONS_PER_MINUTE"
    methods = frozenset({"POST"})


@csrf_exempt
@require_POST
def add_checkpoint(request: HttpRequest) -> HttpResponse:
    """Cosign a checkpoint: 200 with our signature line, or a status of the specification's table.

    429 for an address that submits too often and 503 while we cannot sign say when to come back.
    """
    limit = SubmissionLimit()
    if not limit.allow_request(request):
        return _refuse(429, "too many submissions from this address", math.ceil(limit.wait()))
    try:
        return HttpResponse(
            cosign(request.read(MAX_BODY + 1)), content_type=TEXT, headers={"Cache-Control": "no-store"}
        )
    except OldSizeConflict as conflict:
        return HttpResponse(conflict.body, status=conflict.status, content_type=SIZE_TYPE)
    except CheckpointRefused as refused:
        _suspect(refused)
        return _refuse(refused.status, str(refused))
    except WitnessRefusal as refusal:
        return _refuse(refusal.status, str(refusal))
    except WitnessUnavailable as unavailable:
        return _refuse(503, str(unavailable), unavailable.retry_after)


@public_bytes
def cosigned(request: HttpRequest, digest: str) -> HttpResponse:
    """The newest checkpoint of a log that we cosigned, with the log's line and ours; `digest` is its origin's."""
    return HttpResponse(read_cosigned(digest), content_type=TEXT, headers={"Cache-Control": "no-store"})


def _refuse(status: int, sentence: str, retry_after: int | None = None) -> HttpResponse:
    headers = {"Cache-Control": "no-store"} | ({"Retry-After": str(retry_after)} if retry_after else {})
    return HttpResponse(f"{sentence}\n", status=status, content_type=TEXT, headers=headers)


def _suspect(refused: CheckpointRefused) -> None:
    """Have a signed checkpoint looked at that was not shown to extend the one before: it may be half of a fork."""
    signed = refused.signed
    log.warning("a checkpoint of %s of %d entries is not cosigned", signed.checkpoint.origin, signed.checkpoint.size)
    try:
        forks.suspect(signed.checkpoint.origin, signed.raw, shown_by=say("a submission to our witness"))
    except FederationError as error:
        log.warning("it cannot be looked into: %s", error)
