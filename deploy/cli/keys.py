"""Keys: which ones a node's statements are checked with, out of what it says of itself and what the caller knows.

A node that changed its keys shows the entries that say so (`handover` in its description). With a key pinned that it
signed with before, those entries have to lead from that key to the present one, each under the signature of the one
before (register/key_chain.py); without one they are believed as far as the present key proves them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ledger.tlog.errors import TlogError
from ledger.tlog.note import COSIGNATURE, ED25519, VerifierKey, parse_vkey
from ledger.tlog.proof import check_proof, parse_proof
from register.errors import RegisterError
from register.key_chain import Handover, follow_log_key, read_rotation
from register.payloads import RegisterKeyRotated

_HANDOVERS = TypeAdapter(list[Handover])


class KeysUnusable(Exception):
    """A node's keys cannot be read, or do not follow from the one that is known."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of a ledger and of its node's witness, and whether the caller brought the log key along.

    `former` are vkeys, of both uses, that these took the place of: a register that is looked at as it was names them.
    """

    origin: str
    log: tuple[VerifierKey, ...]
    witness: tuple[VerifierKey, ...]
    pinned: bool
    former: frozenset[str] = frozenset()

    @property
    def all(self) -> list[VerifierKey]:
        """Log and witness keys together, for opening a checkpoint."""
        return [*self.log, *self.witness]


def read_keys(told: Mapping[str, Any], vkey: str | None) -> Keys:
    """Read the keys out of a node's description; with `vkey` the log key is that one, or follows from it.

    Raises KeysUnusable.
    """
    try:
        pinned = None if vkey is None else parse_vkey(vkey)
        log = parse_vkey(str(told.get("vkey"))) if pinned is None or "vkey" in told else pinned
        witness = parse_vkey(str(told.get("witness_vkey")))
    except TlogError as error:
        raise KeysUnusable(f"the node's keys cannot be read: {error}") from error
    if log.type != ED25519 or witness.type != COSIGNATURE or (pinned is not None and pinned.type != ED25519):
        raise KeysUnusable("expected an Ed25519 log key and a cosignature/v1 witness key")
    handovers = _read_handovers(told)
    if pinned is not None and pinned != log:
        log = _follow(pinned, handovers)
    if str(told.get("origin")) != log.name:
        raise KeysUnusable(f"the node calls itself {told.get('origin')!r}, the key belongs to {log.name!r}")
    _check_witness(witness, handovers, log)
    return Keys(log.name, (log,), (witness,), vkey is not None, _find_former(handovers, log))


def _read_handovers(told: Mapping[str, Any]) -> list[Handover]:
    try:
        return _HANDOVERS.validate_python(told.get("handover", []))
    except ValidationError as error:
        raise KeysUnusable("expected a list of announced keys as `handover`, got something else") from error


def _follow(pinned: VerifierKey, handovers: Sequence[Handover]) -> VerifierKey:
    try:
        return follow_log_key(pinned, handovers).keys[-1]
    except RegisterError as error:
        raise KeysUnusable(str(error)) from error


def _check_witness(witness: VerifierKey, handovers: Sequence[Handover], log: VerifierKey) -> None:
    """Raise KeysUnusable unless the witness is the last one that proven entries announce, where they announce any.

    The time of a checkpoint is the witness's word: with one of its own a mirror could make an old one look fresh.
    """
    said = [(_check(one, log).witness, parse_proof(one.receipt).index) for one in handovers]
    announced = [(index, change.vkey) for change, index in said if change is not None]
    if announced and max(announced)[1] != str(witness):
        raise KeysUnusable("the node's witness is not the one that its ledger announced last")


def _find_former(handovers: Sequence[Handover], log: VerifierKey) -> frozenset[str]:
    """Return the keys that entries proven under the present key say were replaced."""
    found = set[str]()
    for handover in handovers:
        said = _check(handover, log)
        found |= {change.former_vkey for change in (said.log, said.witness) if change is not None}
    return frozenset(found)


def _check(handover: Handover, log: VerifierKey) -> RegisterKeyRotated:
    try:
        check_proof(parse_proof(handover.receipt), handover.data.encode(), [log])
        return read_rotation(handover)
    except (TlogError, RegisterError, UnicodeEncodeError) as error:
        raise KeysUnusable(f"the change of keys in entry {handover.index} is not proven: {error}") from error
