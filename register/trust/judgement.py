"""The judgement: put every candidate through every link, choose the one that answers, and say why.

`decide` is pure: the same question and the same facts give the same decision, on a node, in the CLI, offline.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from register.identifiers import KEY_KINDS
from register.records import IssuerRecord
from register.scope import LIMITS
from register.sentences import tell_end
from register.trust.aftermath import find_aftermath, find_later_successions
from register.trust.candidates import Candidate, find_candidates
from register.trust.contradictions import Contradiction, find_contradictions
from register.trust.decision import Chain, Decision, Fresh, Verdict
from register.trust.facts import Facts, RegisterFacts
from register.trust.keys import KeyFinding, find_key
from register.trust.links import (
    country_of,
    find_accreditation_faults,
    find_agency_faults,
    find_issuer_faults,
    find_register_faults,
    find_scope_faults,
    find_state,
)
from register.trust.question import Question
from register.trust.reasons import PLAIN, Citation, Reason, give_reason


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate with everything that is wrong with it (freshness aside) and what was found about the key."""

    candidate: Candidate
    faults: tuple[Reason, ...]
    key: KeyFinding

    @property
    def broken_links(self) -> frozenset[str]:
        """The links that do not hold."""
        return frozenset(fault.link for fault in self.faults)


def decide(question: Question, facts: Facts) -> Decision:
    """Answer a trust question from facts that were cut at its transaction time.

    Never raises for facts that hold well-formed records, never says `trusted` when a link was not found to hold.
    """
    return weigh(question, facts, judge_all(question, facts))


def judge_all(question: Question, facts: Facts) -> list[Judged]:
    """Put every candidate through every link."""
    return [judge(question, candidate) for candidate in find_candidates(question, facts)]


def weigh(question: Question, facts: Facts, judged: list[Judged]) -> Decision:
    """Answer from candidates that were judged already: the decision of `decide`."""
    if not judged:
        return _answer_unknown(question, facts)
    best = min(judged, key=lambda one: _rank(one, question))
    stale = _find_stale(question, facts, judged)
    verdict = _reach_verdict(best, stale)
    against = find_contradictions(question, facts, best.candidate)
    reasons = _give_reasons(verdict, best, stale, against, question)
    return _answer(verdict, reasons, question, facts, best, against)


def judge(question: Question, candidate: Candidate) -> Judged:
    """Put one candidate through the links."""
    key = find_key(question, candidate)
    faults = (
        *find_register_faults(question, candidate),
        *find_agency_faults(question, candidate),
        *find_accreditation_faults(question, candidate),
        *find_scope_faults(question, candidate),
        *find_issuer_faults(question, candidate),
        *key.faults,
    )
    return Judged(candidate, faults, key)


def _rank(judged: Judged, question: Question) -> tuple[Any, ...]:
    """Order candidates: fewest broken links, fresh before stale, the issuer's own before inherited, our register,
    then one responsible for the country, then any; nearest in time; lowest index.
    """
    candidate, record = judged.candidate, judged.candidate.accreditation
    register = candidate.register
    nearness = _distance(judged, question)
    nearest_first = (nearness, record.granted.index if record else -1, register.origin, record.id if record else "")
    where = 0 if register.own else 1 if _is_responsible(register, _countries_of(question, [candidate.standing])) else 2
    return (len(judged.broken_links), register.stale, bool(candidate.inherited), where, *nearest_first)


def _distance(judged: Judged, question: Question) -> timedelta:
    """How far the instant asked lies outside the accreditation's period: the nearest one explains a no best."""
    record = judged.candidate.accreditation
    if record is None or record.valid.holds(question.at):
        return timedelta(0)
    bounds = [bound for bound in (record.valid.valid_from, record.valid.valid_until) if bound is not None]
    return min((abs(question.at - bound) for bound in bounds), default=timedelta(0))


def _countries_of(question: Question, issuers: Iterable[IssuerRecord]) -> frozenset[str]:
    if question.jurisdiction is not None:
        return frozenset({country_of(question.jurisdiction)})
    return frozenset(issuer.country for issuer in issuers)


def _is_responsible(register: RegisterFacts, countries: frozenset[str]) -> bool:
    return any(map(register.speaks_for, countries))


def _find_stale(question: Question, facts: Facts, judged: list[Judged]) -> list[RegisterFacts]:
    """Return the stale registers that know the issuer or are responsible for the country, and so might know more.

    One that is not recognised has no say, whatever it knows.
    """
    countries = _countries_of(question, [one.candidate.standing for one in judged])
    return [
        register
        for register in facts.registers
        if register.stale
        and (register.own or register.recognised)
        and (facts.issuers_asked(register) or _is_responsible(register, countries))
    ]


def _reach_verdict(best: Judged, stale: list[RegisterFacts]) -> Verdict:
    if not best.faults:
        return "unchecked" if best.candidate.register.stale else "trusted"
    return "unchecked" if stale and best.candidate.accreditation is None else "not_trusted"


def _give_reasons(
    verdict: Verdict, best: Judged, stale: list[RegisterFacts], against: list[Contradiction], question: Question
) -> tuple[Reason, ...]:
    if verdict == "trusted":
        reasons = [_accredit(best, question)]
    elif not best.faults:
        reasons = [_report_stale(best.candidate.register)]
    else:
        reasons = [*best.faults, *(_report_stale(register) for register in stale)]
    preamble = best.candidate.preamble(question)
    told = (*preamble, *reasons[0].sentences, *(one.sentence for one in against))
    first = Reason(reasons[0].code, told, reasons[0].entry)
    return (first, *reasons[1:])


def _accredit(best: Judged, question: Question) -> Reason:
    record = best.candidate.accreditation
    assert record is not None
    bounds = {"valid_from": record.valid.valid_from, "valid_until": tell_end(record.valid.valid_until)}
    case = PLAIN if record.valid.valid_until is None else "limited"
    entry = best.candidate.cite(record.granted.index)
    return give_reason("accredited", best.candidate.values_of_source(question) | bounds, entry, case)


def _report_stale(register: RegisterFacts) -> Reason:
    values = {"register": register.name, "checkpoint_time": register.checkpoint_time}
    return give_reason("stale", values, None, PLAIN if register.checkpoint_time else "none")


def _answer_unknown(question: Question, facts: Facts) -> Decision:
    unknown = give_reason("issuer_unknown", {"issuer": question.issuer_text})
    stale = [_report_stale(register) for register in facts.registers if register.stale]
    expiries = [register.expires_at for register in facts.registers if register.expires_at]
    known_at, fresh = _describe_ledgers(facts)
    return Decision(
        "unknown",
        (unknown, *stale),
        question,
        known_at=known_at,
        fresh=fresh,
        expires_at=min(expiries, default=None),
    )


def _answer(
    verdict: Verdict,
    reasons: tuple[Reason, ...],
    question: Question,
    facts: Facts,
    best: Judged,
    against: list[Contradiction],
) -> Decision:
    candidate = best.candidate
    known_at, fresh = _describe_ledgers(facts)
    return Decision(
        verdict,
        reasons,
        question,
        _describe_chain(question, best),
        find_aftermath(candidate, best.key, question.at),
        _find_untested(question, best),
        known_at,
        fresh,
        _cite(question, best, against),
        candidate.register.expires_at,
    )


def _describe_ledgers(facts: Facts) -> tuple[dict[str, int], dict[str, Fresh]]:
    known_at = {register.origin: register.size for register in facts.registers}
    fresh = {
        register.origin: Fresh(register.checkpoint_size, register.checkpoint_time, register.age_seconds, register.stale)
        for register in facts.registers
    }
    return known_at, fresh


def _describe_chain(question: Question, best: Judged) -> Chain:
    candidate, record = best.candidate, best.candidate.accreditation
    return Chain(
        origin=candidate.register.origin,
        register=candidate.register.register,
        agency=candidate.agency,
        accreditation=record,
        state=find_state(record, question.at) if record else None,
        issuer=candidate.standing,
        asked=candidate.asked,
        relations=candidate.relations,
        key=best.key.key,
        mandate=best.key.mandate,
    )


def _find_untested(question: Question, best: Judged) -> tuple[str, ...]:
    """Name what was not asked although accreditation, agency or mandate limit it."""
    scopes = [best.candidate.granted, best.candidate.recognised]
    if best.key.mandate:
        scopes.append(best.key.mandate.scope)
    return tuple(
        name
        for name, limit in LIMITS.items()
        if question.asked(name) is None and any(scope.limit(limit) is not None for scope in scopes)
    )


def _cite(question: Question, best: Judged, against: list[Contradiction]) -> tuple[Citation, ...]:
    """Name every entry of every record that the decision looked at in this candidate, its aftermath included.

    Beside them those of what led here from another register and of what others say against it, and for each peer
    those by which our own ledger recognises it. The register's own come last.
    """
    candidate, key = best.candidate, best.key.key
    register = candidate.register
    issuers = {issuer.id: issuer for issuer in candidate.issuers}
    later = list(find_later_successions(candidate, question.at))
    also = [issuer for relation in later for issuer in (relation.issuer, relation.other)] + (
        [key.issuer] if key else []
    )
    issuers |= {issuer: register.issuers[issuer] for issuer in also if issuer in register.issuers}
    record = candidate.accreditation
    agencies = (record.agency, *record.contributing_agencies) if record else ()
    records: list[Any] = [record, key, best.key.mandate, *candidate.relations, *later, *issuers.values()]
    records += [register.agencies.get(agency) for agency in agencies]
    records += [register.programmes.get(programme) for programme in candidate.granted.programmes or ()]
    records += [one for one in register.keys if one.value in _keys_that_matter(question)]
    records.append(register.register)
    indexes = {index for one in records if one is not None for index in one.entries}
    found = {*register.vouched, *_cite_via(candidate), *(cited for one in against for cited in one.cites)}
    found |= {Citation(register.origin, index) for index in indexes}
    return tuple(sorted(found, key=lambda cited: (cited.origin == register.origin, cited)))


def _cite_via(candidate: Candidate) -> Iterator[Citation]:
    """Name what shows that the record asked about is of the institution that answers."""
    if candidate.via is None:
        return
    yield from candidate.via.register.vouched
    for record in (candidate.via.register.register, candidate.via.issuer):
        if record is not None:
            yield from (Citation(candidate.via.register.origin, index) for index in record.entries)


def _keys_that_matter(question: Question) -> tuple[str | None, ...]:
    asked_by_key = question.issuer.scheme in KEY_KINDS
    return (question.key, question.issuer.value) if asked_by_key else (question.key,)
