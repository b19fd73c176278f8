"""Verification: the steps put together into a report, for node, command line and offline bundle alike.

Order matters: a credential that is not genuine is not asked about outside, and what it says is not judged further.
Every error of a step is a finding of the question it belongs to; only an input without any credential is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from register.credentials import proofs, reading
from register.credentials.anchoring import Anchoring, check_anchor, find_proven, find_stated, tell_anchorer
from register.credentials.claims import read_claims
from register.credentials.elements import find_elements
from register.credentials.entitlement import Case, Entitlement, judge_entitlement, spell_key
from register.credentials.errors import CredentialError, NotACredential, NotGenuine, Unreachable, Unsupported
from register.credentials.listers import Listed, vouch_by_registers
from register.credentials.outside import Outside
from register.credentials.ports import Fetch, Registers
from register.credentials.presented import Claims, Presented, Signature
from register.credentials.profile import fit_profile
from register.credentials.report import QUESTIONS, Answer, Finding, Outcome, Report
from register.credentials.validity import check_lists, check_withdrawals, judge_validity
from register.credentials.wording import give_finding, report_error, say_skipped

_UNSIGNED: Final = ("edc_unsigned", "vc_unsigned")
_BINDING: Final = ("key_not_listed", "key_not_bound_to_issuer", "key_in_header")
"""Codes of proofs/ for keys that nothing in the credential, nor where its issuer publishes them, ties to the issuer."""


def verify(
    data: bytes,
    registers: Registers,
    fetch: Fetch,
    *,
    now: datetime,
    receipt: bytes | None = None,
    at: datetime | None = None,
) -> tuple[Report, ...]:
    """Return a report on each credential found in what was handed in.

    `registers` may be an `Outside` already, which also names the authorities that are believed.

    `now` is the time of the check; `at` the instant at which expiry and status are judged (default: now). A `receipt`
    handed in beside goes before one found inside. Raises NotACredential when there is none.
    """
    try:
        found = reading.read(data)
    except NotACredential:
        raise
    except CredentialError as error:
        return (report_unread(error, now),)
    outside = Outside.over(registers, fetch)
    return tuple(verify_presented(one, outside, outside.fetch, now=now, receipt=receipt, at=at) for one in found)


def verify_presented(
    presented: Presented,
    registers: Registers,
    fetch: Fetch,
    *,
    now: datetime,
    receipt: bytes | None = None,
    at: datetime | None = None,
) -> Report:
    """Return the report on one credential that was read; parameters as in `verify`."""
    outside = Outside.over(registers, fetch)
    signatures, genuine = _check_genuine(presented, outside, now)
    claims, genuine = _read_claims(presented, genuine)
    if genuine.outcome == "fail" or claims is None:
        return _report_not_genuine(presented, genuine, claims, now)
    anchoring = check_anchor(presented, presented.receipt if receipt is None else receipt, outside)
    case = _settle(claims, signatures, anchoring, now)
    entitled = outside.once(("entitled", case.sameness), lambda: judge_entitlement(case, outside))
    genuine = _settle_binding(genuine, entitled)
    genuine = Answer((*genuine.findings, *presented.findings, *claims.findings))
    valid, anchored = _judge_rest(presented, case, entitled, anchoring, outside, now, at or now)
    return Report(
        format=presented.format,
        answers={"genuine": genuine, "entitled": entitled.answer, "still_valid": valid, "anchored": anchored},
        checked_at=now,
        about=describe(claims),
        at=case.at,
        decision=entitled.decision,
        elements=find_elements(presented.document, claims),
        profile=fit_profile(presented.document, claims),
        container=_say_container(presented),
        sent=outside.sent,
    )


def report_unread(error: CredentialError, now: datetime) -> Report:
    """Return the report on what is recognised as a credential but cannot be read: damaged, or of another kind."""
    damaged = isinstance(error, NotGenuine)
    genuine = Answer((report_error(error, "fail" if damaged else "not_checked"),))
    answers = _skip(genuine) if damaged else {name: Answer(()) for name in QUESTIONS} | {"genuine": genuine}
    return Report("damaged" if damaged else "unsupported", answers, now)


def _check_genuine(presented: Presented, outside: Outside, now: datetime) -> tuple[tuple[Signature, ...], Answer]:
    """Check the signatures; an error is the answer."""
    if presented.format in _UNSIGNED:
        return (), Answer((give_finding("genuine", "unsigned"),))
    try:
        signatures = proofs.check_signatures(presented, outside.fetch, now, outside.anchors)
    except NotGenuine as error:
        return (), Answer((report_error(error, "fail"),))
    except (Unsupported, Unreachable) as error:
        return (), Answer((report_error(error, "not_checked"),))
    findings = [finding for one in signatures for finding in (*_tell_signature(one), *one.findings)]
    return signatures, Answer(tuple(findings))


def _tell_signature(signature: Signature) -> Iterator[Finding]:
    certificate = signature.certificate or {}
    signer = certificate.get("name") or certificate.get("subject") or signature.controller
    evidence: dict[str, Any] = {"suite": signature.suite, "keys": [spell_key(key) for key in signature.keys]}
    if signature.certificate:
        evidence["certificate"] = dict(certificate)
    if signer:
        yield give_finding("genuine", "signature_holds", evidence, signer=signer)
    elif not any(finding.outcome == "pass" for finding in signature.findings):
        yield give_finding("genuine", "signature_unnamed", evidence)


def _settle_binding(genuine: Answer, entitled: Entitlement) -> Answer:
    """Replace what a signature alone leaves open about whose key it is, where the register says so."""
    holder = entitled.key_holder
    kept = [finding for finding in genuine.findings if finding.code not in _BINDING]
    if holder is None or len(kept) == len(genuine.findings):
        return genuine
    return Answer((*kept, give_finding("genuine", "key_bound", holder=holder)))


def _read_claims(presented: Presented, genuine: Answer) -> tuple[Claims | None, Answer]:
    """Read what the credential says; what cannot be read makes it not genuine, or not checked."""
    try:
        return read_claims(presented), genuine
    except CredentialError as error:
        outcome: Outcome = "fail" if isinstance(error, NotGenuine) else "not_checked"
        return None, Answer((*genuine.findings, report_error(error, outcome)))


def _report_not_genuine(presented: Presented, genuine: Answer, claims: Claims | None, now: datetime) -> Report:
    failed = genuine.outcome == "fail"
    answers = _skip(genuine) if failed else {name: Answer(()) for name in QUESTIONS} | {"genuine": genuine}
    about = describe(claims) if claims else {}
    return Report(presented.format, answers, now, about=about, container=_say_container(presented))


def _skip(genuine: Answer) -> Mapping[str, Answer]:
    skipped = Answer((say_skipped(),))
    return {name: genuine if name == "genuine" else skipped for name in QUESTIONS}


def _settle(claims: Claims, signatures: tuple[Signature, ...], anchoring: Anchoring, now: datetime) -> Case:
    """Settle the time of judgement: proven by others, else stated by the credential itself."""
    proven, stated = find_proven(anchoring, signatures), find_stated(claims, signatures, now)
    at = proven or stated
    return Case(claims, signatures, at, stated if stated.source != "checked_at" else None, proven)


def _judge_rest(
    presented: Presented,
    case: Case,
    entitled: Entitlement,
    anchoring: Anchoring,
    outside: Outside,
    now: datetime,
    at: datetime,
) -> tuple[Answer, Answer]:
    """Judge validity and anchoring, which both hang on which issuers were found."""
    issuers = entitled.issuers
    addresses = [address for address in issuers.values() if address]
    anchored = list(anchoring.findings)
    anchor = anchoring.anchor if anchoring.anchor is not None and anchoring.anchor.trusted else None
    foreign: tuple[Finding, ...] = ()
    if anchor is not None:
        foreign = tell_anchorer(anchor, issuers)
        addresses = [*dict.fromkeys([*addresses, anchor.issuer])]
    # Whoever holds a revoked credential may have it anchored again elsewhere, under another salt.
    commitment = anchor.commitment if anchor is not None and not foreign else None
    anchored += foreign
    withdrawn, anchors = check_withdrawals(addresses, commitment, outside, at)
    if anchors and [one.code for one in anchored] == ["no_receipt"]:
        anchored = [give_finding("anchored", "receipt_missing")]
    lists = _look_up(presented, case, entitled, outside, now) if case.claims.status else ()
    return judge_validity(case.claims, [*lists, *withdrawn], at), Answer(tuple(anchored))


def _look_up(
    presented: Presented, case: Case, entitled: Entitlement, outside: Outside, now: datetime
) -> Iterator[Finding]:
    """Look it up in the status lists that it names."""
    vouch = vouch_by_registers(entitled, outside, now)
    named = case.claims.issuers
    listed = Listed(case.claims.status, presented.document.get("id"), case.signatures, named, entitled.issuers, vouch)
    return check_lists(listed, outside.fetch, now)


def _say_container(presented: Presented) -> str | None:
    return " / ".join(presented.container) or None


def describe(claims: Claims) -> Mapping[str, Any]:
    """Return what a credential says of itself and its issuer, and what it leaves out of what scopes are about."""
    scope = {name: getattr(claims, name) for name in ("credential_type", "eqf_level", "isced_f", "jurisdiction")}
    return {
        "issuer": next(iter(claims.issuers), None),
        "issuer_name": claims.issuer_name,
        "title": claims.title,
        "model": claims.model,
        **scope,
        "issued_at": claims.issued_at or claims.valid_from,
        "valid_until": claims.valid_until,
        "not_stated": [name for name, value in scope.items() if value is None],
    }
