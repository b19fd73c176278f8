"""What entries say about other registers (peers, forks of their ledgers) and about a register's own change of keys."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictInt, StringConstraints, model_validator

from ledger.tlog.errors import TlogError
from ledger.tlog.note import COSIGNATURE, ED25519, check_key_name, parse_vkey
from register.moments import Moment
from register.payloads.shared import Amending, Nested, Payload, Said, check_order
from register.sentences import say
from register.texts import check_text, check_url
from register.values import Country, LongText, Text, Url, term

MAX_EVIDENCE: Final = 60_000
"""Bytes that both notes and the proof of a fork may take in an entry, which as a whole has at most 65,535."""

_MAX_NOTE: Final = 16_384
_ESCAPED: Final = '\n\t"\\'
_NOT_IN_NOTE: Final = re.compile("[\\x00-\\x09\\x0b-\\x1f\\ud800-\\udfff]")


def _check_origin(text: str) -> str:
    try:
        check_key_name(text)
    except TlogError as error:
        raise ValueError(str(error)) from None
    return text


def _check_vkey(text: str, key_type: int, kind: str) -> str:
    try:
        key = parse_vkey(text)
    except TlogError as error:
        raise ValueError(str(error)) from None
    if key.type != key_type:
        wanted, got = f"{key_type:#04x}", f"{key.type:#04x}"
        sentence = say(
            "expected a {kind} (type {wanted}), got type {got}; give the other vkey", kind=kind, wanted=wanted, got=got
        )
        raise ValueError(sentence)
    return str(key)


def _check_log_key(text: str) -> str:
    return _check_vkey(text, ED25519, "log key")


def _check_witness_key(text: str) -> str:
    return _check_vkey(text, COSIGNATURE, "witness key")


def _check_address(text: str) -> str:
    if check_url(text).endswith("/") or "?" in text or "#" in text:
        raise ValueError(say("expected a node's address without slash at its end, query and fragment"))
    return text


def _check_note_text(text: str) -> str:
    """Let through what a note may hold, hidden characters too: else a log could sign what nobody can report."""
    if _NOT_IN_NOTE.search(text):
        raise ValueError(say("expected the text of a signed note, got control characters; give it verbatim"))
    return text


Origin = Annotated[Text, AfterValidator(_check_origin)]
"""The name of a ledger (C2SP tlog-checkpoint), which is also that of its keys."""

Address = Annotated[Url, AfterValidator(_check_address)]
"""The base address of a node."""

LogKey = Annotated[Text, AfterValidator(_check_log_key)]
WitnessKey = Annotated[Text, AfterValidator(_check_witness_key)]
LogKeys = Annotated[tuple[LogKey, ...], Field(min_length=1, max_length=8, fail_fast=True)]
WitnessKeys = Annotated[tuple[WitnessKey, ...], Field(min_length=1, max_length=8, fail_fast=True)]
Countries = Annotated[tuple[Country, ...], Field(min_length=1, max_length=260, fail_fast=True)]
Seconds = Annotated[StrictInt, Field(ge=60, le=366 * 86_400)]
NoteText = Annotated[
    str, StringConstraints(min_length=1, max_length=_MAX_NOTE, strict=True), AfterValidator(_check_note_text)
]
ProofText = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_EVIDENCE, strict=True), AfterValidator(_check_note_text)
]
PolicyText = Annotated[str, StringConstraints(min_length=1, max_length=20_000, strict=True), AfterValidator(check_text)]


class PeerTerms(Payload):
    """Another register that this one follows: where it is, by which keys it is known, what is accepted from it.

    `remit` are the countries for which it is heard (absent: all of its territory), `max_age_seconds` how old its
    newest checkpoint may be before its word is stale (absent: this node's own limit), `policy` the cosignatures asked
    for (C2SP tlog-policy).
    """

    origin: Origin
    name: Text
    address: Address
    vkeys: LogKeys
    witness_vkeys: WitnessKeys
    territory: Countries
    remit: Countries | None = None
    max_age_seconds: Seconds | None = None
    policy: PolicyText | None = None
    note: LongText | None = None
    demonstration: StrictBool = False


class PeerRecognised(PeerTerms, Said):
    """The operator recognises a peer."""


class PeerChanges(Amending):
    """New values for a peer; what is absent stays, null empties. Its origin stays: another origin is another peer."""

    never_empty = frozenset({"name", "address", "vkeys", "witness_vkeys", "territory"})
    about_it = frozenset({"actor", "note"})
    name: Text | None = None
    address: Address | None = None
    vkeys: LogKeys | None = None
    witness_vkeys: WitnessKeys | None = None
    territory: Countries | None = None
    remit: Countries | None = None
    max_age_seconds: Seconds | None = None
    policy: PolicyText | None = None
    note: LongText | None = None


class PeerAmended(PeerChanges, Said):
    """The operator amends a peer; or the node follows the peer's own announcement of new keys."""


class PeerEnding(Payload):
    """Why a peer is recognised no longer. It holds from its recording on: recognition is a matter of what is known."""

    reason: Annotated[str, BeforeValidator(term("peer-reasons"))]
    note: LongText | None = None


class PeerWithdrawn(PeerEnding, Said):
    """The operator withdraws the recognition of a peer."""


class ForkTerms(Payload):
    """Proof that a ledger has two histories: two notes signed by its keys, and the file that shows they disagree.

    `older` and `newer` are signed notes (checkpoints); `proof` is the evidence file that `assay audit --evidence`
    reads; `shown_by` says where the second one was seen.
    """

    origin: Origin
    kind: Literal["same_size", "inconsistent", "rolled_back"]
    older: NoteText
    newer: NoteText
    proof: ProofText | None = None
    shown_by: Text | None = None

    @model_validator(mode="after")
    def _check_length(self) -> Self:
        took = sum(_length_in_json(text) for text in (self.older, self.newer, self.proof or ""))
        if took > MAX_EVIDENCE:
            sentence = say(
                "expected notes and proof of at most {most} bytes together, got {got}; leave out "
                "cosignatures, or the proof where the notes alone show the fork",
                most=MAX_EVIDENCE,
                got=took,
            )
            raise ValueError(sentence)
        return self


def _length_in_json(text: str) -> int:
    return len(text.encode()) + sum(text.count(sign) for sign in _ESCAPED)


class ForkReported(ForkTerms, Said):
    """The node reports that a ledger it follows has forked."""


class LogKeyChange(Nested):
    """A new key of the ledger in place of the one in use."""

    vkey: LogKey
    former_vkey: Text


class WitnessKeyChange(Nested):
    """A new key of the node's witness in place of the one in use."""

    vkey: WitnessKey
    former_vkey: Text


class KeyRotationTerms(Payload):
    """New keys of a register. Until `overlap_until` the former one signs beside the new one.

    A compromised key has no overlap: its signatures prove nothing from `effective_from` on.
    """

    log: LogKeyChange | None = None
    witness: WitnessKeyChange | None = None
    reason: Literal["scheduled", "compromised"]
    effective_from: Moment
    overlap_until: Moment | None = None
    note: LongText | None = None

    @model_validator(mode="after")
    def _check_rotation(self) -> Self:
        if self.log is None and self.witness is None:
            raise ValueError(say("expected a new key under `log`, `witness` or both, got none"))
        if self.overlap_until is not None and self.reason == "compromised":
            raise ValueError(say("expected no `overlap_until` for a compromised key; others may sign with it"))
        check_order(self.effective_from, self.overlap_until)
        return self


class RegisterKeyRotated(KeyRotationTerms, Said):
    """The node announces that it signs with another key."""
