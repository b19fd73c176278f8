"""Verification reports as the node makes them, one a story, for pages that only show them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from register.credentials.report import QUESTIONS, Answer, Finding, ProvenTime, Report
from register.credentials.wording import give_finding

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ISSUED = datetime(2026, 6, 30, 10, tzinfo=UTC)
ORIGIN = "register.nl.example/ledger"
ISSUER = "01890a5d-ac96-774b-bcce-b302099a8057"
BATCH = "https://register.nl.example/batches/1"
HOSTILE = "<script>alert(1)</script>"
_CERTIFICATE = {"subject": "CN=Example University", "organizationIdentifier": "NTRNL-1"}

ABOUT: dict[str, Any] = {
    "issuer": "did:web:university.example",
    "issuer_name": "Example University",
    "title": "Applied data ethics",
    "model": "elm",
    "credential_type": "micro-credential",
    "eqf_level": 6,
    "isced_f": "0612",
    "jurisdiction": None,
    "issued_at": ISSUED,
    "valid_until": None,
    "not_stated": ["jurisdiction"],
}
DECISION: dict[str, Any] = {
    "decision": "trusted",
    "chain": {
        "register": {"origin": ORIGIN},
        "agency": {"id": ISSUER, "names": {"en": "Example Agency"}, "country": "NL"},
        "issuer": {"id": ISSUER, "names": {"en": "Example University"}, "country": "NL"},
    },
    "fresh": {ORIGIN: {"checkpoint_size": 1, "checkpoint_time": "2026-11-22T11:59:00Z", "stale": False}},
    "evidence": [{"origin": ORIGIN, "index": 12, "type": "accreditation.granted", "data": "{}", "receipt": "…"}],
}
ELEMENTS: dict[str, Any] = {
    "mandatory": [
        {"key": "identification", "label": "Identification of the learner", "present": True},
        {"key": "participation", "label": "Form of participation", "present": False},
    ],
    "optional": [{"key": "stackability", "label": "Stackability", "present": False}],
}
PROFILE = {"name": "Common Microcredential Framework", "fits": False, "missing": ["workload: not stated"]}

ENTITLED = Finding(
    "accredited",
    "pass",
    "Example Agency accredited Example University from 1 September 2020 until 31 August 2030, and the accreditation "
    "was in force on 30 June 2026.",
    {"entry": {"origin": ORIGIN, "index": 12}},
)


def _signed() -> Finding:
    evidence = {"suite": "eddsa-jcs-2022", "keys": ["did:did:web:university.example"], "certificate": _CERTIFICATE}
    return give_finding("genuine", "signature_holds", evidence, signer="did:web:university.example")


def _anchored() -> Finding:
    evidence = {
        "origin": ORIGIN,
        "index": 34,
        "batch": "https://register.nl.example/batches/1",
        "commitment": "ab" * 32,
    }
    return give_finding("anchored", "anchored", evidence, anchored_at=ISSUED)


def make(*, about: dict[str, Any] | None = None, **findings: Finding | tuple[Finding, ...]) -> Report:
    """Return the report of a credential of which nothing can be said against, but for the questions given."""
    usual = {
        "genuine": _signed(),
        "entitled": ENTITLED,
        "still_valid": give_finding("still_valid", "no_expiry"),
        "anchored": _anchored(),
    }
    given = usual | findings
    answers = {name: Answer(one if isinstance(one, tuple) else (one,)) for name, one in given.items()}
    return Report(
        format="edc",
        answers={name: answers[name] for name in QUESTIONS},
        checked_at=NOW,
        about=ABOUT | (about or {}),
        at=ProvenTime(ISSUED, "anchor"),
        decision=DECISION,
        elements=ELEMENTS,
        profile=PROFILE,
        sent=("The status list was fetched from lists.example, which learns that somebody checks a credential of it.",),
    )


def make_stories() -> dict[str, tuple[Report, ...]]:
    """Return reports by the verdict they come to, and one on several credentials."""
    later = give_finding("entitled", "since_revoked", when=NOW, reason="quality")
    absent = give_finding("anchored", "no_receipt")
    revoked = give_finding("still_valid", "revoked", {"origin": ORIGIN, "index": 99}, when=NOW, reason="an error")
    unknown = give_finding("entitled", "issuer_unknown", issuer="did:web:university.example")
    stories = {
        "valid": (make(),),
        "valid_with_remarks": (make(entitled=(ENTITLED, later), anchored=absent),),
        "not_valid": (make(still_valid=revoked),),
        "cannot_be_confirmed": (make(entitled=unknown, anchored=absent),),
    }
    several = [report for (report,) in stories.values()]
    return stories | {"several": tuple(several[:3])}
