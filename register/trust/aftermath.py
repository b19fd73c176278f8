"""Aftermath: what is known to have happened after the instant asked, which the verdict rightly leaves aside."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from register.records import AccreditationRecord, Ending, KeyRecord, RelationRecord
from register.trust.candidates import Candidate
from register.trust.decision import Since
from register.trust.keys import KeyFinding
from register.trust.lineage import read_succession


def find_aftermath(candidate: Candidate, signed: KeyFinding, at: datetime) -> tuple[Since, ...]:
    """Return everything that took effect after `at` on the chain, in the order of taking effect."""
    found = [*_after_accreditation(candidate, at), *_after_others(candidate, at), *_after_issuer(candidate, at)]
    if signed.key:
        found += _after_key(signed.key, candidate, at)
    if signed.mandate and signed.mandate.revocation:
        found += _after_ending("mandate_revoked", signed.mandate.revocation, candidate, at)
    return tuple(sorted(found, key=lambda since: (since.effective_from, since.entry, since.what)))


def _after_accreditation(candidate: Candidate, at: datetime) -> Iterator[Since]:
    record = candidate.accreditation
    if record is None:
        return
    if record.revocation:
        yield from _after_ending("revoked", record.revocation, candidate, at)
    yield from _after_suspensions(record, candidate, at)
    for terms in record.former_scopes:
        if terms.until > at:
            yield Since("amended", terms.until, terms.recorded.time, None, candidate.cite(terms.recorded.index))


def _after_suspensions(record: AccreditationRecord, candidate: Candidate, at: datetime) -> Iterator[Since]:
    for suspension in record.suspensions:
        entry = candidate.cite(suspension.recorded.index)
        if suspension.effective_from > at:
            time = suspension.recorded.time
            yield Since("suspended", suspension.effective_from, time, suspension.reason, entry)
        if suspension.effective_until is not None and suspension.effective_until > at:
            lifted = suspension.lifted or suspension.recorded
            yield Since("reinstated", suspension.effective_until, lifted.time, None, candidate.cite(lifted.index))


def _after_others(candidate: Candidate, at: datetime) -> Iterator[Since]:
    agency = candidate.agency
    if agency and agency.withdrawal:
        yield from _after_ending("agency_withdrawn", agency.withdrawal, candidate, at)
    for issuer in candidate.issuers:
        if issuer.closure:
            yield from _after_ending("issuer_closed", issuer.closure, candidate, at)


def _after_ending(what: str, ending: Ending, candidate: Candidate, at: datetime) -> Iterator[Since]:
    if ending.effective_from > at:
        entry = candidate.cite(ending.recorded.index)
        yield Since(what, ending.effective_from, ending.recorded.time, ending.reason, entry)


def _after_issuer(candidate: Candidate, at: datetime) -> Iterator[Since]:
    for relation in find_later_successions(candidate, at):
        start = relation.valid.valid_from
        if start is not None:
            yield Since(relation.relation, start, relation.recorded.time, None, candidate.cite(relation.recorded.index))


def find_later_successions(candidate: Candidate, at: datetime) -> Iterator[RelationRecord]:
    """Return the mergers, absorptions and successions that the issuer went into after `at`."""
    for relation in candidate.register.relations:
        succession = read_succession(relation)
        later = relation.valid.valid_from is not None and relation.valid.valid_from > at
        if succession and later and succession[0] == candidate.standing.id:
            yield relation


def _after_key(key: KeyRecord, candidate: Candidate, at: datetime) -> Iterator[Since]:
    revocation = key.revocation
    if revocation is None:
        return
    moment = revocation.since if revocation.reason == "compromised" and revocation.since else revocation.effective_from
    if moment > at:
        entry = candidate.cite(revocation.recorded.index)
        yield Since("key_revoked", moment, revocation.recorded.time, revocation.reason, entry)
