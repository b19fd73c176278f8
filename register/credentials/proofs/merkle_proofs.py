"""Merkle proofs of Blockcerts: MerkleProof2017 (JSON) and MerkleProof2019 (CBOR in base58), read and recomputed.

Sources: Chainpoint 2 as used by Blockcerts v2; LDS Merkle Proof 2019 (W3C CCG draft), sections on the CBOR encoding and
its key maps. Neither tells leaves from inner nodes; that the leaf is the hash of a document is what keeps them apart.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import base58
import cbor2

from register.credentials.errors import NotGenuine
from register.sentences import say

_LONGEST: Final = 20_000
"""Characters of an encoded proof: 64 steps and a few anchors have 6,000."""
_MOST_STEPS: Final = 64
_MOST_ANCHORS: Final = 10
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_ROOT, _TARGET, _ANCHORS, _PATH = range(4)
_SIDES: Final[Mapping[int, Literal["left", "right"]]] = {0: "left", 1: "right"}
_CHAINS: Final[Mapping[int, tuple[str, Mapping[int, str]]]] = {
    0: ("bitcoin", {1: "mainnet", 3: "testnet"}),
    1: ("ethereum", {1: "mainnet", 3: "ropsten", 4: "rinkeby", 5: "goerli", 11155111: "sepolia"}),
    2: ("polygon", {137: "mainnet", 80001: "mumbai"}),
    -1: ("mocknet", {-1: "mocknet"}),
}
_CHAINS_2017: Final[Mapping[str, tuple[str, str]]] = {
    "bitcoinMainnet": ("bitcoin", "mainnet"),
    "bitcoinTestnet": ("bitcoin", "testnet"),
    "bitcoinRegtest": ("bitcoin", "regtest"),
    "ethereumMainnet": ("ethereum", "mainnet"),
    "ethereumRopsten": ("ethereum", "ropsten"),
    "mockchain": ("mocknet", "mocknet"),
}


@dataclass(frozen=True, slots=True)
class Anchoring:
    """A transaction that is said to hold the root: its chain and network as people call them, and its id."""

    chain: str
    network: str
    transaction: str


@dataclass(frozen=True, slots=True)
class MerkleProof:
    """A proof, read: hashes as 64 lowercase hex digits, the path from the leaf up, at least one anchor."""

    target: str
    root: str
    path: tuple[tuple[Literal["left", "right"], str], ...]
    anchors: tuple[Anchoring, ...]

    def check(self, digest: str) -> None:
        """Raise NotGenuine unless the hash of a document (64 hex digits) is the leaf and its path leads to the root."""
        if digest != self.target:
            raise NotGenuine(
                "altered", say("This certificate was altered: its hash is not the one that its proof is over.")
            )
        here = bytes.fromhex(self.target)
        for side, other in self.path:
            pair = bytes.fromhex(other) + here if side == "left" else here + bytes.fromhex(other)
            here = hashlib.sha256(pair).digest()
        if here.hex() != self.root:
            raise NotGenuine(
                "broken_path", say("The proof of this certificate is broken: its path leads to another root.")
            )


def parse_2017(signature: Mapping[str, Any]) -> MerkleProof:
    """Read the signature of a Blockcerts v2 certificate; raises NotGenuine when it is malformed."""
    steps, anchors = signature.get("proof"), signature.get("anchors")
    if not isinstance(steps, list) or not isinstance(anchors, list):
        raise _malformed(say("a list of steps and a list of anchors"))
    path = []
    for step in steps:
        if not isinstance(step, dict) or len(step) != 1 or not step.keys() <= {"left", "right"}:
            raise _malformed(say("steps of one side each"))
        path += [(side, _read_hash(other)) for side, other in step.items()]
    target, root = _read_hash(signature.get("targetHash")), _read_hash(signature.get("merkleRoot"))
    return _bound(MerkleProof(target, root, tuple(path), tuple(_read_anchor_2017(one) for one in anchors)))


def _read_anchor_2017(anchor: object) -> Anchoring:
    if not isinstance(anchor, dict) or not isinstance(anchor.get("sourceId"), str):
        raise _malformed(say("anchors with the id of a transaction"))
    unstated = "ethereum" if anchor.get("type") == "ETHData" else "bitcoin"
    chain: str = unstated
    network: str = say("network not stated")
    if "chain" in anchor:
        chain, network = _CHAINS_2017.get(str(anchor["chain"]), (say("an unknown chain"), say("unknown")))
    return Anchoring(chain, network, anchor["sourceId"][:200])


def parse_2019(value: object) -> MerkleProof:
    """Read the `proofValue` of a Blockcerts v3 certificate; raises NotGenuine when it is malformed."""
    if not isinstance(value, str) or not value.startswith("z") or len(value) > _LONGEST:
        raise _malformed(say("multibase text in base58btc of at most {most} characters", most=_LONGEST))
    decoded = _decode(_decode_base58(value[1:]))
    members = _read_members(decoded)
    if members.keys() != {_ROOT, _TARGET, _ANCHORS, _PATH}:
        raise _malformed(say("merkleRoot, targetHash, anchors and path"))
    path = []
    for step in _read_pairs(members[_PATH]):
        side = _SIDES.get(_as_integer(step[0]))
        if side is None:
            raise _malformed(say("steps to the left or the right"))
        path.append((side, _read_packed(step[1])))
    anchors = members[_ANCHORS] if isinstance(members[_ANCHORS], list) else []
    return _bound(
        MerkleProof(
            _read_packed(members[_TARGET]),
            _read_packed(members[_ROOT]),
            tuple(path),
            tuple(_read_anchor_2019(one) for one in anchors),
        )
    )


def _read_anchor_2019(anchor: object) -> Anchoring:
    members = _read_members(anchor)
    chain, networks = _CHAINS.get(_as_integer(members.get(0)), (say("an unknown chain"), {}))
    # A mock chain has no networks: some encoders write its text in their place.
    packed = members.get(2, members.get(1))
    transaction = _decode(packed) if isinstance(packed, bytes) else ""
    text = transaction.hex() if isinstance(transaction, bytes) else str(transaction)
    return Anchoring(chain, networks.get(_as_integer(members.get(1)), say("unknown")), text[:200])


def _as_integer(value: object) -> int:
    return value if isinstance(value, int) else -2


def _read_members(value: object) -> dict[Any, Any]:
    """Return what is encoded as a list of pairs of key and value, or as a map."""
    if isinstance(value, dict):
        return value
    pairs = _read_pairs(value)
    members = {key: inner for key, inner in pairs if isinstance(key, int)}
    if len(members) != len(pairs):
        raise _malformed(say("members that are numbered, each once"))
    return members


def _read_pairs(value: object) -> Sequence[list[Any]]:
    if not isinstance(value, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in value):
        raise _malformed(say("a list of pairs"))
    return value


def _read_packed(value: object) -> str:
    """Return a hash that stands as CBOR within CBOR: 32 bytes, or 64 hex digits as some encoders have it."""
    inner = _decode(value)
    return _read_hash(inner.hex() if isinstance(inner, bytes) else inner)


def _read_hash(value: object) -> str:
    text = value.lower() if isinstance(value, str) else ""
    if not _HASH.fullmatch(text):
        raise _malformed(say("hashes of 64 hex digits"))
    return text


def _decode(data: object) -> Any:
    if not isinstance(data, bytes):
        raise _malformed(say("CBOR"))
    try:
        return cbor2.loads(data)
    except (cbor2.CBORDecodeError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise _malformed(say("CBOR")) from error


def _decode_base58(text: str) -> bytes:
    try:
        return base58.b58decode(text)
    except ValueError as error:
        raise _malformed(say("base58")) from error


def _bound(proof: MerkleProof) -> MerkleProof:
    if len(proof.path) > _MOST_STEPS or not 1 <= len(proof.anchors) <= _MOST_ANCHORS:
        raise _malformed(
            say(
                "at most {steps} steps, and 1 to {anchors} anchors",
                steps=_MOST_STEPS,
                anchors=_MOST_ANCHORS,
            )
        )
    return proof


def _malformed(expected: str) -> NotGenuine:
    return NotGenuine(
        "malformed_proof", say("The proof of this certificate cannot be read: expected {expected}.", expected=expected)
    )
