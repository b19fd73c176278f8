"""Makes the demonstration credentials of fixtures/demo/credentials: `python -m tests.demonstration` writes them again.

Their keys come from published seeds: whoever reads this can sign with them, and no register but a demonstration binds
them. Ed25519 is deterministic, so the files are the same each time; a test compares them.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import base58
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.tlog import canonical

FOLDER: Final = Path(__file__).parent.parent / "fixtures" / "demo" / "credentials"
_MULTICODEC_ED25519: Final = b"\xed\x01"
_OWNERS: Final = ("business-school", "continuing-education")


def make_key(owner: str) -> Ed25519PrivateKey:
    """Return the signing key of a demonstration issuer."""
    seed = hashlib.sha256(f"Assay demonstration key, known to everybody: {owner}".encode()).digest()
    return Ed25519PrivateKey.from_private_bytes(seed)


def name_did(owner: str) -> str:
    """Return the did:key of a demonstration issuer."""
    public = make_key(owner).public_key().public_bytes_raw()
    return "did:key:z" + base58.b58encode(_MULTICODEC_ED25519 + public).decode()


def sign(document: dict[str, Any], owner: str, created: str) -> dict[str, Any]:
    """Return the credential with its eddsa-jcs-2022 proof (VC Data Integrity EdDSA Cryptosuites, section 3.3)."""
    did = name_did(owner)
    options = {
        "@context": document["@context"],
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": created,
        "verificationMethod": f"{did}#{did.removeprefix('did:key:')}",
        "proofPurpose": "assertionMethod",
    }
    hashed = b"".join(hashlib.sha256(canonical.encode(part)).digest() for part in (options, document))
    value = "z" + base58.b58encode(make_key(owner).sign(hashed)).decode()
    return document | {"proof": options | {"proofValue": value}}


def make_credentials() -> dict[str, dict[str, Any]]:
    """Return every demonstration credential by the name of its file."""
    anchored = _make_degree("Demonstration Graduate A", "0b1e6f3a-2f5c-4b7e-9a51-000000000001")
    unanchored = _make_degree("Demonstration Graduate B", "0b1e6f3a-2f5c-4b7e-9a51-000000000002")
    revoked = _make_badge("Demonstration Learner C", "0b1e6f3a-2f5c-4b7e-9a51-000000000003")
    valid = _make_badge("Demonstration Learner D", "0b1e6f3a-2f5c-4b7e-9a51-000000000004")
    altered = json.loads(json.dumps(valid))
    altered["credentialSubject"]["name"] = "Demonstration Learner E"
    return {
        "stolen-key-anchored": anchored,
        "stolen-key-not-anchored": unanchored,
        "micro-credential": valid,
        "micro-credential-revoked": revoked,
        "micro-credential-altered": altered,
    }


def _make_degree(holder: str, identifier: str) -> dict[str, Any]:
    return _make(
        "business-school",
        "Demonstration Business School",
        holder,
        identifier,
        "2026-06-30T10:00:00Z",
        {
            "type": ["Achievement"],
            "id": "urn:assay:demonstration:master-of-accounting",
            "name": "Master of Accounting (demonstration)",
            "description": "Demonstration data. A degree that nobody was awarded.",
            "achievementType": "MasterDegree",
            "criteria": {"narrative": "Demonstration data."},
            "alignment": [_align("eqf", "7", "EQF level 7"), _align("isced-f", "0411", "Accounting and taxation")],
        },
    )


def _make_badge(holder: str, identifier: str) -> dict[str, Any]:
    return _make(
        "continuing-education",
        "Demonstration Academy of Continuing Education",
        holder,
        identifier,
        "2026-05-20T10:00:00Z",
        {
            "type": ["Achievement"],
            "id": "urn:assay:demonstration:data-literacy",
            "name": "Data literacy for public services",
            "description": "Demonstration data. Describe where a data set comes from, clean a table, explain a chart.",
            "achievementType": "MicroCredential",
            "creditsAvailable": 5,
            "criteria": {"narrative": "Demonstration data. Written examination, supervised online."},
            "alignment": [
                _align("eqf", "5", "EQF level 5"),
                _align("isced-f", "0612", "Database and network design and administration"),
            ],
        },
    )


def _align(framework: str, code: str, name: str) -> dict[str, Any]:
    frameworks = {"eqf": "European Qualifications Framework", "isced-f": "ISCED-F 2013"}
    return {
        "type": ["Alignment"],
        "targetCode": code,
        "targetFramework": frameworks[framework],
        "targetName": name,
        "targetUrl": f"http://data.europa.eu/snb/{framework}/{code}",
    }


def _make(
    owner: str, issuer: str, holder: str, identifier: str, issued: str, achievement: dict[str, Any]
) -> dict[str, Any]:
    document = {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        ],
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "id": f"urn:uuid:{identifier}",
        "name": achievement["name"],
        "issuer": {"id": name_did(owner), "type": ["Profile"], "name": issuer},
        "validFrom": issued,
        "credentialSubject": {"type": ["AchievementSubject"], "name": holder, "achievement": achievement},
    }
    return sign(document, owner, issued)


def write_credentials() -> None:
    """Write the files again."""
    for name, document in make_credentials().items():
        text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
        (FOLDER / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_credentials()
    print(*(f"{owner}: {name_did(owner)}" for owner in _OWNERS), sep="\n")
