"""Submitting a checkpoint of ours to one peer's witness (C2SP tlog-witness), and what its answer means."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final, Protocol

from federation.cosigners import keep_cosignatures
from federation.errors import FederationError, UnexpectedAnswer
from federation.peers import Peer
from federation.transport import Answer
from ledger.tlog.errors import NoteMalformed
from ledger.tlog.note import Note, Signature, parse_signature_lines
from ledger.tlog.witness import MAX_BODY, SIZE_TYPE, parse_conflict
from register.sentences import cite, say

WITNESS_REFUSED: Final = "witness_refused"
CONTENT_TYPE: Final = "text/plain; charset=utf-8"


class Speaker(Protocol):
    """What is needed of `federation.transport.Client`; threads share it."""

    def get(self, url: str, *, limit: int, types: Sequence[str] = ()) -> bytes:
        """Return the body of a 200 answer; raises subclasses of `TransportError`."""

    def post(self, url: str, body: bytes, *, content_type: str, limit: int) -> Answer:
        """Send a body and return the answer; raises subclasses of `TransportError`."""


class SubmissionRefused(FederationError):
    """A peer's witness does not cosign our checkpoint; `code` tells why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code  # type: ignore[misc]  # one class for what differs in its words alone


class OldSizeDiffers(FederationError):
    """The witness cosigned our log last at `size` entries: prove from there."""

    code = "witness_conflict"

    def __init__(self, message: str, size: int) -> None:
        super().__init__(message)
        self.size = size


def submit(client: Speaker, peer: Peer, body: bytes, text: str) -> tuple[Signature, ...]:
    """Submit a request to a peer's witness and return its verified lines under the checkpoint's text, one a key.

    Touches no database, so that threads may run it. Raises subclasses of `TransportError`, `OldSizeDiffers` and
    `SubmissionRefused`.
    """
    answer = client.post(f"{peer.url}/witness/add-checkpoint", body, content_type=CONTENT_TYPE, limit=MAX_BODY)
    if answer.status == 200:
        return _read_lines(peer, answer.body, text)
    size = parse_conflict(answer.body) if answer.status == 409 and answer.content_type == SIZE_TYPE else None
    if size is not None:
        raise OldSizeDiffers(say("{peer} cosigned our ledger last at {size} entries", peer=peer.name, size=size), size)
    raise _refusal(peer, answer.status)


def _read_lines(peer: Peer, body: bytes, text: str) -> tuple[Signature, ...]:
    try:
        lines = parse_signature_lines(body)
    except NoteMalformed as error:
        told = say("the answer of {peer}'s witness: {fault}", peer=peer.name, fault=cite(error))
        raise SubmissionRefused("cosignature_invalid", told) from error
    kept = keep_cosignatures(Note(text, lines), peer.witness_keys, int(time.time()))
    if not kept:
        raise SubmissionRefused(
            "cosignature_invalid",
            say(
                "expected a cosignature of {peer}'s witness that verifies and is not of the future, got none; has its "
                "key been changed, or is a clock wrong?",
                peer=peer.name,
            ),
        )
    return kept


def _refusal(peer: Peer, status: int) -> FederationError:
    """Return the error for a status other than 200 and a 409 that tells a size.

    Some witnesses answer a bare 409 where the text asks for 422.
    """
    if status in (409, 422):
        return SubmissionRefused(
            WITNESS_REFUSED,
            say(
                "the witness of {peer} was shown another history of our ledger and refuses this one ({status}); "
                "compare with what it cosigned, and look for a second user of our log key",
                peer=peer.name,
                status=status,
            ),
        )
    match status:
        case 403:
            code = "witness_distrusts_key"
            told = say("the witness of {peer} does not accept our log key; does it know it?", peer=peer.name)
        case 404:
            code = "witness_does_not_follow"
            told = say("{peer} does not follow our ledger; ask its operator to recognise us", peer=peer.name)
        case 429:
            code = "witness_busy"
            told = say("the witness of {peer} has had too many submissions from us", peer=peer.name)
        case 503:
            code = "witness_busy"
            told = say("the witness of {peer} cannot sign for the moment", peer=peer.name)
        case _:
            expected = say(
                "expected a cosignature of {peer}'s witness, got status {status}", peer=peer.name, status=status
            )
            return UnexpectedAnswer(expected, status)
    return SubmissionRefused(code, told)
