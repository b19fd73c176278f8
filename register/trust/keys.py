"""The key link: does the key that signed belong to the issuer, or to one who may sign for it, and is it good?

A key says nothing about when it was used. So a compromised key is good only for what is proven to have existed before
it may have been in other hands; a date written inside a credential proves nothing then.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from register.records import KeyRecord, KeyRevocation, MandateRecord, Period
from register.scope import LIMITS
from register.sentences import Value, say, tell_end
from register.trust.candidates import Candidate, name_of
from register.trust.links import covers
from register.trust.question import Question
from register.trust.reasons import PLAIN, Reason, give_reason

_ANOTHER: Final = say("another issuer")


class KeyFinding(NamedTuple):
    """The key record looked at, the mandate it was used under, and what is wrong; nothing wrong, it passes."""

    key: KeyRecord | None = None
    mandate: MandateRecord | None = None
    faults: tuple[Reason, ...] = ()


def find_key(question: Question, candidate: Candidate) -> KeyFinding:
    """Link 6: judge the key asked about; of several bindings of the same key the one with the fewest faults counts.

    A compromise is of the key, not of one binding of it: whoever reports it spoils the others too.
    """
    if question.key is None:
        return KeyFinding()
    values = candidate.values(question) | {"key": question.key}
    records = [record for record in candidate.register.keys if record.value == question.key]
    if not records:
        return KeyFinding(faults=(give_reason("key_unknown", values),))
    compromise = _find_compromise(records, question, candidate, values)
    findings = [_judge(record, question, candidate, values) for record in records]
    best = min(findings, key=lambda finding: (len(finding.faults), finding.mandate is not None))
    return best._replace(faults=best.faults + compromise)


def _judge(record: KeyRecord, question: Question, candidate: Candidate, values: dict[str, Value]) -> KeyFinding:
    told = values | {"holder": _name_holder(record, candidate)}
    faults = _find_faults_of_binding(record, question, candidate, told)
    signers = _signers(candidate)
    if record.issuer in signers:
        return KeyFinding(record, None, faults)
    mandates = [m for m in candidate.register.mandates if m.sealer == record.issuer and m.awarding_body in signers]
    covering = [mandate for mandate in mandates if mandate_covers(mandate, question)]
    if covering:
        return KeyFinding(record, min(covering, key=lambda mandate: mandate.entries), faults)
    code = "mandate_missing" if mandates else "key_not_bound"
    closest = min(mandates, key=lambda mandate: mandate.entries) if mandates else None
    reason = give_reason(code, told, candidate.cite_last(closest or record))
    return KeyFinding(record, closest, (reason, *faults))


def _signers(candidate: Candidate) -> frozenset[str]:
    """Return whose keys count: the issuer asked about, those it passed through, and who answers for it now."""
    passed = [issuer for relation in candidate.moved for issuer in (relation.issuer, relation.other)]
    return frozenset([candidate.asked.id, candidate.standing.id, *passed])


def _name_holder(record: KeyRecord, candidate: Candidate) -> Value:
    holder = candidate.register.issuers.get(record.issuer)
    return name_of(holder) if holder else _ANOTHER


def mandate_covers(mandate: MandateRecord, question: Question) -> bool:
    """Tell whether a mandate is in force at the instant asked and its scope lets through whatever was asked."""
    if not mandate.valid.holds(question.at):
        return False
    if mandate.revocation and mandate.revocation.effective_from <= question.at:
        return False
    values = {limit: question.asked(name) for name, limit in LIMITS.items()}
    return all(value is None or covers(limit, mandate.scope, value) for limit, value in values.items())


def _find_faults_of_binding(
    record: KeyRecord, question: Question, candidate: Candidate, values: dict[str, Value]
) -> tuple[Reason, ...]:
    faults = []
    if case := _find_period_case(record.valid, question.at):
        bounds: dict[str, Value] = {
            "valid_from": record.valid.valid_from,
            "valid_until": tell_end(record.valid.valid_until),
        }
        faults.append(give_reason("key_not_bound", values | bounds, candidate.cite_first(record), case))
    if record.revocation and _ends_binding(record.revocation):
        faults += _find_faults_of_end(record.revocation, question, candidate, values)
    return tuple(faults)


def _ends_binding(revocation: KeyRevocation) -> bool:
    """Tell whether a revocation ends a key at a date; a theft does only where the key had ended before it."""
    return revocation.reason != "compromised" or (
        revocation.since is not None and revocation.effective_from < revocation.since
    )


def _find_period_case(valid: Period, at: datetime) -> str | None:
    if valid.holds(at):
        return None
    return "not_yet" if valid.valid_from and at < valid.valid_from else "ended"


def _find_faults_of_end(
    revocation: KeyRevocation, question: Question, candidate: Candidate, values: dict[str, Value]
) -> list[Reason]:
    if question.at < revocation.effective_from:
        return []
    entry = candidate.cite(revocation.recorded.index)
    told = values | {"effective_from": revocation.effective_from, "recorded": revocation.recorded.time}
    if revocation.reason == "superseded":
        return [give_reason("key_superseded", told, entry)]
    return [give_reason("key_not_bound", told, entry, "revoked")]


def _find_compromise(
    records: list[KeyRecord], question: Question, candidate: Candidate, values: dict[str, Value]
) -> tuple[Reason, ...]:
    """Report from when on the key may have been in other hands, unless proof reaches back before that."""
    reports = [record for record in records if record.revocation and record.revocation.reason == "compromised"]
    if not reports:
        return ()
    found = [_read_compromise(record, candidate) for record in reports]
    since, index, holder = min(found, key=lambda report: report[:2])
    if question.anchored_at is not None and question.anchored_at < since:
        return ()
    told = values | {"holder": holder, "since": since, "anchored_at": question.anchored_at}
    case = PLAIN if question.anchored_at is None else "late"
    return (give_reason("key_compromised_unanchored", told, candidate.cite(index), case),)


def _read_compromise(record: KeyRecord, candidate: Candidate) -> tuple[datetime, int, Value]:
    assert record.revocation is not None
    since = record.revocation.since or record.revocation.effective_from
    return since, record.revocation.recorded.index, _name_holder(record, candidate)
