"""Signed badges for benchmarks: an issuer of the register that is accredited, its key, and credentials it signed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import base58
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.bench import filling
from register import commands
from register.credential_ports import NodeRegisters, open_web
from register.credentials.outside import Outside
from register.credentials.proofs.canonicalisation import canonicalise_graph, canonicalise_json
from register.credentials.proofs.keys import format_multikey
from register.credentials.verification import verify
from register.payloads import AccreditationTerms, KeyTerms

KEY: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
MULTIKEY: Final = format_multikey(KEY.public_key())
DID: Final = f"did:key:{MULTIKEY}"
CONTEXTS: Final = (
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
)
_CODES: Final = {"EQF level 6": "http://data.europa.eu/snb/eqf/6", "0613": "http://data.europa.eu/snb/isced-f/0613"}


def open_issuer() -> None:
    """Register an issuer with an accreditation that fits the badges, and bind the key that signs them."""
    ((issuer, *_),) = filling.register_issuers(1)
    terms = {"issuer": issuer, "agency": filling.register_agencies(1)[0], "valid_from": "2020-01-01"}
    scope = {"eqf_levels": [6], "isced_f": ["0613"], "jurisdictions": ["NL"]}
    report = {"url": "https://agency.example/reports/1"}
    filling.grant([AccreditationTerms.model_validate({**terms, "scope": scope, "report": report})])
    bound = KeyTerms.model_validate({"kind": "did", "value": DID, "valid_from": "2020-01-01"})
    commands.bind_key(issuer, bound, actor=filling.OPERATOR)


def make_badge(number: int) -> dict[str, Any]:
    """Return an unsigned Open Badge, no two alike."""
    return {
        "@context": list(CONTEXTS),
        "id": f"urn:uuid:5b1f7f3e-0d0a-4c6b-9a51-{number:012d}",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"id": DID, "type": ["Profile"], "name": "Institute of Measurement"},
        "validFrom": "2024-06-30T00:00:00Z",
        "credentialSubject": {
            "id": f"urn:uuid:6b1f7f3e-0d0a-4c6b-9a51-{number:012d}",
            "type": ["AchievementSubject"],
            "achievement": {
                "id": "urn:uuid:5b1f7f3e-0d0a-4c6b-9a51-2f1c7d1f0002",
                "type": ["Achievement"],
                "name": "Applied Measurement",
                "description": "Measuring, and saying how well one did.",
                "criteria": {"narrative": "Passed the final assessment."},
                "alignment": [
                    {"type": ["Alignment"], "targetUrl": url, "targetName": name} for name, url in _CODES.items()
                ],
            },
        },
    }


def sign(document: Mapping[str, Any], suite: str) -> bytes:
    """Return the JSON text of a document with a proof of `eddsa-jcs-2022` or `eddsa-rdfc-2022`."""
    options = {
        "@context": document["@context"],
        "type": "DataIntegrityProof",
        "cryptosuite": suite,
        "created": "2024-07-01T00:00:00Z",
        "verificationMethod": f"{DID}#{MULTIKEY}",
        "proofPurpose": "assertionMethod",
    }
    form = canonicalise_json if suite == "eddsa-jcs-2022" else canonicalise_graph
    hashed = b"".join(hashlib.sha256(form(part)).digest() for part in (options, document))
    proof = {**options, "proofValue": "z" + base58.b58encode(KEY.sign(hashed)).decode()}
    return json.dumps({**document, "proof": proof}).encode()


def verify_all(badges: Sequence[bytes]) -> None:
    """Verify badges in one run against the register in this process, which is asked each question once.

    Raises RuntimeError unless each is genuine and its issuer was entitled.
    """
    now = datetime.now(UTC)
    outside = Outside.over(NodeRegisters(now), open_web())
    for badge in badges:
        (report,) = verify(badge, outside, outside.fetch, now=now)
        outcomes = {name: answer.outcome for name, answer in report.answers.items()}
        if outcomes["genuine"] != "pass" or outcomes["entitled"] not in ("pass", "warning"):
            raise RuntimeError(f"expected a badge that is genuine and entitled, got {outcomes}")
