"""Blockcerts v2 and v3: the hash of the document, and its path to the root that is said to stand in a blockchain.

That much is computed here. Whether a transaction really holds the root, and whether it is the issuer's, only the chain
tells; it is not asked, and the report says so. So a Blockcerts certificate alone is never shown to be its issuer's:
other signatures on it may show that, and an entry in a ledger here when it existed.

Sources: Blockcerts v2 (MerkleProof2017) and v3 (LDS Merkle Proof 2019; ChainedProof2021; merkle-proof-2019 as a
cryptosuite of Data Integrity).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from register.credentials.errors import NotGenuine, Unreachable, Unsupported
from register.credentials.ports import Fetch
from register.credentials.presented import Presented, Signature
from register.credentials.proofs import data_integrity
from register.credentials.proofs.canonicalisation import canonicalise_graph, check_document
from register.credentials.proofs.graphs import canonicalise_dataset, to_dataset
from register.credentials.proofs.merkle_proofs import Anchoring, MerkleProof, parse_2017, parse_2019
from register.credentials.report import Finding, Outcome
from register.sentences import say

Document = Mapping[str, Any]

_LONGEST_INLINE: Final = 20_000
"""Characters of all JSON-LD contexts that a certificate defines within itself: most of version 2 define four terms."""
_TEST_NETWORKS: Final = frozenset("testnet regtest ropsten rinkeby goerli sepolia mumbai mocknet unknown".split())

_OWN_TERMS: Final = Finding(
    "own_terms",
    "not_checked",
    say("The certificate defines terms of its own; whether its words mean what they seem to was not checked."),
)


def check(presented: Presented, fetch: Fetch, now: datetime) -> tuple[Signature, ...]:
    """Return what the proofs of a certificate show: its other signatures first, then its path to the chain.

    The path has no key and is nobody's signature: its findings say what holds, and that the chain was not asked. Raises
    NotGenuine for an altered document, a broken path or a signature that does not hold, Unsupported for JSON-LD that
    is not followed.
    """
    if presented.format == "blockcerts_v2":
        return (_check_v2(presented.document),)
    return _check_v3(presented, fetch, now)


def _check_v2(document: Document) -> Signature:
    signed = {name: value for name, value in document.items() if name != "signature"}
    proof = parse_2017(document["signature"])
    text, remarks = _canonicalise(signed)
    proof.check(hashlib.sha256(text).hexdigest())
    return _tell_path(proof, "MerkleProof2017", "not_checked", remarks)


def _canonicalise(document: Document) -> tuple[bytes, tuple[Finding, ...]]:
    """Return the N-Quads of a document, and a remark if it defines terms of its own.

    Such terms may give a word another meaning while the hash stays the same: a hash that differs shows an alteration
    all the same, one that fits shows less.
    """
    try:
        return canonicalise_graph(document), ()
    except Unsupported as error:
        if error.code != "inline_context":
            raise
        inline: list[object] = []
        check_document(_set_aside(document, inline))
        if len(json.dumps(inline)) > _LONGEST_INLINE:
            raise
    return canonicalise_dataset(to_dataset(document), "sha256"), (_OWN_TERMS,)


def _set_aside(value: Any, inline: list[object]) -> Any:
    """Return a copy of a value without the contexts defined in it, which are added to `inline`."""
    if isinstance(value, list):
        return [_set_aside(item, inline) for item in value]
    if not isinstance(value, dict):
        return value
    copy = {name: _set_aside(item, inline) for name, item in value.items() if name != "@context"}
    if "@context" in value:
        contexts = value["@context"] if isinstance(value["@context"], list) else [value["@context"]]
        inline += [context for context in contexts if isinstance(context, dict)]
        copy["@context"] = [context for context in contexts if not isinstance(context, dict)]
    return copy


def _check_v3(presented: Presented, fetch: Fetch, now: datetime) -> tuple[Signature, ...]:
    document = presented.document
    proofs = data_integrity.read_proofs(document)
    paths = [position for position, proof in enumerate(proofs) if is_path(proof)]
    others = [proof for proof in proofs if not is_path(proof)]
    signatures, unchecked = _check_others(presented, others, fetch, now)
    found = []
    for position in paths:
        proof = proofs[position]
        if proof.get("proofPurpose", "assertionMethod") != "assertionMethod":
            raise NotGenuine("wrong_purpose", say("The proof of this certificate was not made for issuing it."))
        merkle = parse_2019(proof.get("proofValue"))
        text, remarks = _canonicalise(_as_anchored(document, proofs[:position]))
        merkle.check(hashlib.sha256(text).hexdigest())
        found.append(_tell_path(merkle, "MerkleProof2019", "warning" if signatures else "not_checked", remarks))
    return (*signatures, replace(found[0], findings=(*found[0].findings, *unchecked)), *found[1:])


def is_path(proof: Document) -> bool:
    """Whether a proof is a path to a blockchain and not a signature."""
    kinds = (proof.get("type"), proof.get("chainedProofType"), proof.get("cryptosuite"))
    return "MerkleProof2019" in kinds or "merkle-proof-2019" in kinds


def _as_anchored(document: Document, earlier: Sequence[Document]) -> Document:
    """Return the document as its hash was taken: with the proofs alone that stood in it already."""
    signed = {name: value for name, value in document.items() if name != "proof"}
    return {**signed, "proof": list(earlier)} if earlier else signed


def _check_others(
    presented: Presented, others: Sequence[Document], fetch: Fetch, now: datetime
) -> tuple[tuple[Signature, ...], tuple[Finding, ...]]:
    """Check the signatures beside the path, as far as they can be checked here."""
    if not others:
        return (), ()
    alone = replace(presented, format="vc_data_integrity", document={**presented.document, "proof": list(others)})
    try:
        return data_integrity.check(alone, fetch, now), ()
    except (Unsupported, Unreachable) as error:
        return (), (
            Finding("proof_not_checked", "not_checked", say("A signature beside it: {fault}", fault=error.message)),
        )


def _tell_path(proof: MerkleProof, suite: str, outcome: Outcome, remarks: Sequence[Finding]) -> Signature:
    holds = Finding(
        "hash_path_holds",
        "pass",
        say("The certificate is unaltered since its hash was put into the tree that its proof names."),
        {"target_hash": proof.target, "merkle_root": proof.root, "steps": len(proof.path)},
    )
    return Signature(
        suite, (), findings=(holds, *(_tell_anchor(anchor, outcome) for anchor in proof.anchors), *remarks)
    )


def _tell_anchor(anchor: Anchoring, outcome: Outcome) -> Finding:
    evidence = {"chain": anchor.chain, "network": anchor.network, "transaction": anchor.transaction}
    if anchor.network in _TEST_NETWORKS:
        text = say(
            "The root is said to stand in {chain} ({network}), a network for tests: it proves nothing.",
            chain=anchor.chain,
            network=anchor.network,
        )
        return Finding("test_network", "not_checked" if outcome == "not_checked" else "warning", text, evidence)
    text = say(
        "Whether {chain} really holds the root, put there by the issuer, was not checked: look the transaction up in a "
        "block explorer.",
        chain=anchor.chain,
    )
    return Finding("chain_not_checked", outcome, text, evidence)
