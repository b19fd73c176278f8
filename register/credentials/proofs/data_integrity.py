"""Data Integrity: proofs inside a JSON credential, one, a set or a chain of them, each over all of it.

At least one proof is the issuer's and every proof that can be checked holds. A proof of another beside the issuer's
(a co-signature) is a remark; of another alone, a forgery. What a proof does not cover fails the credential.

Sources: W3C Verifiable Credential Data Integrity 1.0, sections 2 and 4; VC Data Model 2.0, sections 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from register.credentials.errors import CredentialError, NotGenuine, Unreachable, Unsupported
from register.credentials.ports import Fetch
from register.credentials.presented import Presented, Signature
from register.credentials.proofs.binding import check_controller, check_method, read_issuer
from register.credentials.proofs.dids import resolve
from register.credentials.proofs.graphs import Digest
from register.credentials.proofs.suites import Suite, check_signature, find_suite
from register.credentials.report import Finding
from register.moments import parse_moment
from register.sentences import say

MOST_PROOFS: Final = 10
"""Proofs of one credential at most."""

TOLERANCE: Final = timedelta(minutes=5)
"""How far the clock of who signs may be ahead of ours."""

_OPTIONS: Final = frozenset(
    "@context id type cryptosuite created expires domain challenge nonce previousProof proofPurpose proofValue "
    "verificationMethod".split()
)
_SINGLE: Final = ("id", "issuer", "issuanceDate", "expirationDate", "validFrom", "validUntil", "issued")
"""Members of a credential with one value: to JSON-LD a list of one is the same, to a reader of JSON it is not."""

Document = Mapping[str, Any]


def check(presented: Presented, fetch: Fetch, now: datetime) -> tuple[Signature, ...]:
    """Return the issuer's signatures on a credential, the first of them with remarks on the proofs beside them.

    Raises NotGenuine, Unsupported or Unreachable as `check_signatures` says.
    """
    document = presented.document
    issuer = read_issuer(document)
    _check_single(document)
    proofs = read_proofs(document)
    case = _Case(document, proofs, fetch, now)
    held, beside, unchecked = list[_Held](), list[Finding](), list[CredentialError]()
    for proof in proofs:
        try:
            held.append(_check_proof(proof, case))
        except (Unsupported, Unreachable) as error:
            unchecked.append(error)
            beside.append(
                Finding("proof_not_checked", "warning", say("One of several signatures: {fault}", fault=error.message))
            )
    if not held:
        raise unchecked[0]
    ours = _find_ours(held, issuer, beside)
    if not any(one.covers_contexts for one in ours):
        raise NotGenuine("unsigned_term", say("The signature does not cover all JSON-LD contexts of the credential."))
    first, *others = (one.signature for one in ours)
    return (_add_findings(first, beside), *others)


@dataclass(frozen=True, slots=True)
class _Case:
    """What every proof of one credential is checked with; `graphs` keeps the document's, which several sign."""

    document: Document
    proofs: Sequence[Document]
    fetch: Fetch
    now: datetime
    graphs: dict[Digest, bytes] = field(default_factory=dict)

    def canonicalise(self, signed: Document, suite: Suite, digest: Digest) -> bytes:
        """Return the canonical form of the document as a proof signs it."""
        if suite.form == "jcs" or "proof" in signed:
            return suite.canonicalise(signed, digest)
        if digest not in self.graphs:
            self.graphs[digest] = suite.canonicalise(signed, digest)
        return self.graphs[digest]


class _Held(NamedTuple):
    """A signature that holds, whoever made it, and whether it was made over all contexts of the credential."""

    signature: Signature
    covers_contexts: bool


def read_proofs(document: Document) -> Sequence[Document]:
    """Return the proofs of a credential; raises NotGenuine(`malformed_proof`) when they are none or too many."""
    proofs: list[Document] = _as_list(document.get("proof"))
    if not 1 <= len(proofs) <= MOST_PROOFS or not all(isinstance(proof, dict) for proof in proofs):
        raise NotGenuine("malformed_proof", say("Expected one to {most} proofs, each an object.", most=MOST_PROOFS))
    names = [proof["id"] for proof in proofs if "id" in proof]
    if any(names.count(name) > 1 for name in names):
        raise NotGenuine("malformed_proof", say("Two proofs of the credential have the same id."))
    return proofs


def _check_single(document: Document) -> None:
    for name in _SINGLE:
        if isinstance(document.get(name), list):
            raise NotGenuine("malformed_credential", say("Expected one value as {name}, got a list.", name=repr(name)))


def _find_ours(held: Sequence[_Held], issuer: str, beside: list[Finding]) -> list[_Held]:
    """Return the signatures of the issuer; those of others become remarks."""
    ours = []
    for signature, covers in held:
        controller = signature.controller or ""
        try:
            findings = check_controller(controller, issuer)
        except NotGenuine:
            if len(held) == 1:
                raise
            text = say("The credential was also signed by {controller}.", controller=repr(controller[:120]))
            beside.append(Finding("also_signed_by", "warning", text, {"controller": controller}))
            continue
        ours.append(_Held(_add_findings(signature, findings), covers))
    if not ours:
        raise NotGenuine("signed_by_another", say("The credential was signed by others, not by its issuer."))
    return ours


def _add_findings(signature: Signature, findings: Sequence[Finding]) -> Signature:
    return replace(signature, findings=(*signature.findings, *findings)) if findings else signature


def _check_proof(proof: Document, case: _Case) -> _Held:
    suite = find_suite(proof)
    created = _check_options(proof, case.now)
    method = resolve(proof["verificationMethod"], case.fetch)
    remarks = check_method(method, created, case.now)
    options, signed = _split(proof, case, suite)
    digest = suite.choose_digest(method.public_key)
    forms = suite.canonicalise(options, digest), case.canonicalise(signed, suite, digest)
    check_signature(suite, method.public_key, *forms, proof.get("proofValue"))
    signature = Signature(
        suite=suite.name,
        keys=method.keys,
        controller=method.controller,
        created=created,
        findings=(*remarks, *_tell_options(proof, created, case.now)),
    )
    return _Held(signature, _as_list(signed.get("@context")) == _as_list(case.document.get("@context")))


def _check_options(proof: Document, now: datetime) -> datetime | None:
    """Return the signing time; raises NotGenuine for a proof that says of itself that it is not one of issuing."""
    unknown = sorted(proof.keys() - _OPTIONS)
    if unknown:
        raise Unsupported(
            "proof_option",
            say("The proof has a member {member}, which is not followed here.", member=repr(unknown[0][:60])),
        )
    if proof.get("proofPurpose") != "assertionMethod":
        raise NotGenuine(
            "proof_purpose", say("The proof was not made to issue a credential (purpose 'assertionMethod').")
        )
    if not isinstance(proof.get("verificationMethod"), str):
        raise NotGenuine("malformed_proof", say("The proof does not name its key ('verificationMethod')."))
    created, expires = (_read_moment(proof, name) for name in ("created", "expires"))
    if expires is not None and expires <= now:
        raise NotGenuine("proof_expired", say("The proof says that it ended before now ('expires')."))
    return created


def _read_moment(proof: Document, name: str) -> datetime | None:
    if name not in proof:
        return None
    try:
        return parse_moment(proof[name])
    except ValueError:
        raise NotGenuine(
            "malformed_proof", say("Expected a date and time with an offset as {name} of the proof.", name=repr(name))
        ) from None


def _tell_options(proof: Document, created: datetime | None, now: datetime) -> tuple[Finding, ...]:
    findings = []
    if created is not None and created > now + TOLERANCE:
        findings.append(
            Finding("created_in_future", "warning", say("The signature says that it was made in the future."))
        )
    if "domain" in proof:
        findings.append(
            Finding("proof_domain", "warning", say("The signature was made for use at one place only ('domain')."))
        )
    return tuple(findings)


def _split(proof: Document, case: _Case, suite: Suite) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options of a proof, and the document as it signs it: with the proofs before it in a chain.

    A JCS proof carries the contexts it was made over, which are the first of the document's; to an RDFC proof, the
    document's own contexts give the meaning (Data Integrity, section 4.4; the cryptosuites, section 3).
    """
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    signed = {name: value for name, value in case.document.items() if name != "proof"}
    if "previousProof" in proof:
        signed["proof"] = _find_previous(proof["previousProof"], proof, case.proofs)
    if suite.form == "rdfc":
        options["@context"] = case.document.get("@context")
    elif "@context" in proof:
        mine, whole = (_as_list(value) for value in (proof["@context"], case.document.get("@context")))
        if whole[: len(mine)] != mine:
            raise NotGenuine(
                "unsigned_term", say("The proof was made over other JSON-LD contexts than the credential has.")
            )
        signed["@context"] = proof["@context"]
    return options, signed


def _find_previous(named: object, proof: Document, proofs: Sequence[Document]) -> list[Document]:
    by_id = {other["id"]: other for other in proofs if isinstance(other.get("id"), str) and other is not proof}
    wanted = _as_list(named)
    if not wanted or not all(isinstance(name, str) and name in by_id for name in wanted):
        raise NotGenuine("proof_missing", say("The proof follows another one that is not there ('previousProof')."))
    return [by_id[name] for name in wanted]


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]
