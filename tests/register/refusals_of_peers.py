"""A peer and its keys, what may be said of it, and the refusals about peers, forks and keys of registers."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from ledger.tlog.checkpoint import Checkpoint, sign_checkpoint
from ledger.tlog.note import COSIGNATURE, Signer
from tests import ledgers, reference
from tests.ledgers import NODE, ORIGIN, make_id
from tests.register.refusals import Case, Said

PEER_ORIGIN = "register.be.example/ledger"
PEER_SOURCE = "https://register.be.example"
A, B, C = make_id(101), make_id(102), make_id(103)


def signer(name: str, seed: str, key_type: int = 1) -> Signer:
    return Signer.generate(name, sha256(seed.encode()).digest(), key_type)


LOG = signer(PEER_ORIGIN, "the peer's log")
NEXT = signer(PEER_ORIGIN, "the peer's next log key")
WITNESS = signer("register.be.example/witness", "the peer's witness", COSIGNATURE)
OWN = signer(ORIGIN, "our log")
OWN_NEXT = signer(ORIGIN, "our next log key")
OWN_THIRD = signer(ORIGIN, "our third log key")
ELSE = signer("else.example/ledger", "another log")
OWN_WITNESS = signer("register.nl.example/witness", "our witness", COSIGNATURE)
OPENING = {**ledgers.OPENING, "vkey": str(OWN.verifier), "witness_vkey": str(OWN_WITNESS.verifier)}


def terms(**fields: Any) -> dict[str, Any]:
    """Terms of the peer for Belgium and Luxembourg."""
    return {
        "origin": PEER_ORIGIN,
        "name": "Register BE",
        "address": PEER_SOURCE,
        "vkeys": [str(LOG.verifier)],
        "witness_vkeys": [str(WITNESS.verifier)],
        "territory": ["BE", "LU"],
        **fields,
    }


def fork_terms(older: bytes, newer: bytes, **fields: Any) -> dict[str, Any]:
    notes = {"older": older.decode(), "newer": newer.decode()}
    return {"origin": PEER_ORIGIN, "kind": "same_size", **notes, "actor": NODE, **fields}


def sign(size: int, *, leaf: str = "leaf", by: Signer = LOG, origin: str = PEER_ORIGIN) -> bytes:
    entries = [f"{leaf} {index}".encode() for index in range(size)]
    return sign_checkpoint(Checkpoint(origin, size, reference.mth(entries)), by, WITNESS, time=1_700_000_000)


def rotation(**fields: Any) -> dict[str, Any]:
    change = {"vkey": str(OWN_NEXT.verifier), "former_vkey": str(OWN.verifier)}
    return {"log": change, "reason": "scheduled", "effective_from": "2023-02-01", "actor": NODE, **fields}


RECOGNISED = Said("peer.recognised", A, terms())
IN_USE = {"former_vkey": ledgers.OPENING["vkey"]}
ROTATED = Said("register.key_rotated", "", rotation(log={"vkey": str(OWN.verifier), **IN_USE}))


def rotating(log: dict[str, str]) -> Said:
    return Said("register.key_rotated", "", rotation(log=log))


CASES = (
    Case(
        "already_withdrawn",
        "",
        Said("peer.amended", A, {"name": "X"}),
        Said("peer.recognised", B, terms()),
        (RECOGNISED, Said("peer.amended", A, {"remit": ["BE"]}), Said("peer.withdrawn", A, {"reason": "closed"})),
    ),
    Case("peer_unknown", "", Said("peer.withdrawn", B, {"reason": "closed"}),
         Said("peer.withdrawn", A, {"reason": "closed"}), (RECOGNISED,)),
    Case("peer_taken", "origin", Said("peer.recognised", B, terms(name="Again")),
         Said("peer.recognised", B, terms(origin="else.example/ledger", vkeys=[str(ELSE.verifier)])), (RECOGNISED,)),
    Case("key_of_another", "vkeys.0", Said("peer.recognised", A, terms(vkeys=[str(ELSE.verifier)])), RECOGNISED),
    Case("evidence_unproven", "proof", Said("fork.reported", B, fork_terms(sign(5), sign(5))),
         Said("fork.reported", B, fork_terms(sign(5), sign(5, leaf="other"))), (RECOGNISED,)),
    Case("key_not_present", "log.former_vkey",
         rotating({"vkey": str(OWN.verifier), "former_vkey": str(OWN_NEXT.verifier)}), ROTATED),
    Case("key_used_before", "log.vkey",
         rotating({"vkey": str(OWN.verifier), "former_vkey": str(OWN_NEXT.verifier)}),
         rotating({"vkey": str(OWN_THIRD.verifier), "former_vkey": str(OWN_NEXT.verifier)}),
         (ROTATED, rotating({"vkey": str(OWN_NEXT.verifier), "former_vkey": str(OWN.verifier)}))),
)  # fmt: skip
