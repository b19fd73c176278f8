"""From a key of a register that somebody knows to the one it signs with now.

A register that changes its log key says so on its ledger (`register.key_rotated`) while the key before still signs.
Whoever holds that key needs no word of anybody else: the entry, proven under a checkpoint that the known key signed,
names the next key, and so on to the present one. A key that was reported stolen hands nothing over: whoever stole it
could say the same. Pure; the entries come from `/.well-known/assay.json` (`handover`) or from the ledger itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from ledger.tlog.checkpoint import SignedCheckpoint
from ledger.tlog.errors import TlogError
from ledger.tlog.note import VerifierKey, parse_vkey
from ledger.tlog.proof import check_proof, parse_proof
from register.errors import MalformedEvent, RegisterError
from register.events import parse
from register.payloads import RegisterKeyRotated

ROTATION = "register.key_rotated"


class ChainBroken(RegisterError):
    """No proof leads from the key that is known to the one in use; the new one has to be compared with its owner."""


class Handover(BaseModel):
    """An entry in which a register announces a new key: its bytes as text and where it stands.

    `receipt` (C2SP tlog-proof) is under the newest checkpoint; `former_receipt` under one that the key before signed,
    null when that key signed none any more.
    """

    model_config = ConfigDict(frozen=True)

    index: int
    data: str
    receipt: str
    former_receipt: str | None = None


@dataclass(frozen=True, slots=True)
class Succession:
    """The log keys that follow from a known one, which is the first; `signed` are the checkpoints that show it."""

    keys: tuple[VerifierKey, ...]
    signed: tuple[SignedCheckpoint, ...] = ()


def follow_log_key(known: VerifierKey, handovers: Iterable[Handover]) -> Succession:
    """Return the log keys that lead from a known one to the present, each shown under the signature of the one before.

    Raises ChainBroken when a handover away from the known key is not proven, or says that the key was stolen.
    """
    keys, signed = [known], list[SignedCheckpoint]()
    for handover in sorted(handovers, key=lambda one: one.index):
        said = read_rotation(handover)
        if said.log is None or said.log.former_vkey != str(keys[-1]):
            continue
        if said.reason == "compromised":
            raise ChainBroken(
                f"the register says that its key {keys[-1]} is in other hands, which whoever has it could say too; "
                f"ask its operator whether {said.log.vkey} is the new one"
            )
        signed.append(check_handover(handover, keys[-1]))
        keys.append(parse_vkey(said.log.vkey))
    return Succession(tuple(keys), tuple(signed))


def read_rotation(handover: Handover) -> RegisterKeyRotated:
    """Return what an entry says of new keys; raises ChainBroken when it says something else."""
    try:
        event = parse(handover.data.encode())
    except (MalformedEvent, UnicodeEncodeError) as error:
        raise ChainBroken(f"expected an entry of type {ROTATION}, got none that can be read: {error}") from error
    if not isinstance(event.data, RegisterKeyRotated):
        raise ChainBroken(f"expected an entry of type {ROTATION}, got one of type {event.type}")
    return event.data


def check_handover(handover: Handover, former: VerifierKey) -> SignedCheckpoint:
    """Return the checkpoint, signed by the key before, that a handover stands under; raises ChainBroken."""
    if handover.former_receipt is None:
        raise ChainBroken(f"no checkpoint by the key {former} shows entry {handover.index}, which names the next key")
    try:
        proof = parse_proof(handover.former_receipt)
        signed = check_proof(proof, handover.data.encode(), [former])
    except (TlogError, UnicodeEncodeError) as error:
        raise ChainBroken(f"entry {handover.index} is not proven under the key {former}: {error}") from error
    if proof.index != handover.index or signed.checkpoint.origin != former.name:
        raise ChainBroken(f"the proof offered for entry {handover.index} is one for another entry or ledger")
    return signed
