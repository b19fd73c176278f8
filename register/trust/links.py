"""Links: what breaks each link of the chain at the instant asked, as reasons; no reason means the link holds.

Register, agency, accreditation, scope and issuer are here; the key has a module of its own. Source: the trust
decision, "The chain, each link checked at `at` with the knowledge of `known_at`".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final, Literal

from register import vocabularies
from register.records import POSITIVE_DECISIONS, AccreditationRecord, AgencyRecord, Ending, IssuerRecord, Suspension
from register.scope import LIMITS, UNRESTRICTED, Scope, intersect_limit, limit_covers
from register.sentences import Term, Terms, Value, tell_end
from register.trust.candidates import Candidate, name_of
from register.trust.lineage import MEMBER_OF_OTHER
from register.trust.question import Question, programme_id
from register.trust.reasons import PLAIN, Citation, Reason, give_reason

State = Literal["in_force", "not_yet_valid", "expired", "suspended", "revoked"]

_OUT_OF_SCOPE: Final = {
    "credential_type": "out_of_scope_type",
    "eqf_level": "out_of_scope_level",
    "isced_f": "out_of_scope_field",
    "jurisdiction": "out_of_scope_jurisdiction",
    "programme": "out_of_scope_programme",
}
_VOCABULARIES: Final[Mapping[str, str]] = {
    "credential_types": "credential-types",
    "eqf_levels": "eqf",
    "isced_f": "isced-f",
    "jurisdictions": "jurisdictions",
    "programmes": "programmes",
    "activities": "esg-activities",
}


country_of = lru_cache(maxsize=4096)(vocabularies.country_of)
"""Country of a canonical jurisdiction code; asked of the same few hundred codes again and again."""


def find_register_faults(question: Question, candidate: Candidate) -> Iterator[Reason]:
    """Link 1: a recognised register, speaking for its own countries, of entries that count."""
    register = candidate.register
    first = candidate.cite_first(register.register) if register.register else None
    if not (register.own or register.recognised):
        yield give_reason("register_not_recognised", candidate.values(question), first)
    marked = [record for record in (candidate.accreditation, *candidate.issuers) if record and record.quarantine]
    if marked:
        yield _report_quarantine(marked[0], question, candidate)
    elif (abroad := _find_foreign_country(question, candidate)) is not None:
        values = _values_with_countries(question, candidate) | {"value": Term("jurisdictions", abroad)}
        yield give_reason("outside_territory", values, first)


def _values_with_countries(question: Question, candidate: Candidate) -> dict[str, Value]:
    countries = tuple(sorted(candidate.register.countries))
    return candidate.values(question) | {"countries": Terms("jurisdictions", countries)}


def _report_quarantine(record: AccreditationRecord | IssuerRecord, question: Question, candidate: Candidate) -> Reason:
    values = _values_with_countries(question, candidate)
    quarantine = record.quarantine or ""
    entry = candidate.cite_last(record)
    code = quarantine if quarantine == "outside_territory" else "no_accreditation"
    return give_reason(code, values | {"quarantine": quarantine}, entry, "quarantined")


def _find_foreign_country(question: Question, candidate: Candidate) -> str | None:
    """Return the country the register cannot speak for, None when it may speak for one that matters here."""
    places = _places_that_matter(question, candidate)
    return None if any(map(candidate.register.speaks_for, places)) else places[0]


def _places_that_matter(question: Question, candidate: Candidate) -> list[str]:
    """The country asked about; else those the accreditation is for; else the issuer's own."""
    if question.jurisdiction is not None:
        return [country_of(question.jurisdiction)]
    return [country_of(place) for place in candidate.granted.jurisdictions or ()] or [candidate.standing.country]


def find_agency_faults(question: Question, candidate: Candidate) -> Iterator[Reason]:
    """Link 2: the agency is recognised at the instant asked, and not withdrawn with effect at or before it."""
    if candidate.accreditation is None:
        return
    agency = candidate.agency
    case = _find_agency_case(agency, question.at) if agency else "absent"
    if case is None:
        return
    values = candidate.values_of_source(question)
    if agency is None:
        yield give_reason("agency_not_recognised", values, candidate.cite(candidate.accreditation.granted.index))
    elif case == "withdrawn" and agency.withdrawal:
        entry = candidate.cite(agency.withdrawal.recorded.index)
        yield give_reason("agency_not_recognised", values | _ending_values(agency.withdrawal), entry, case)
    else:
        bounds: dict[str, Value] = {
            "valid_from": agency.valid.valid_from,
            "valid_until": tell_end(agency.valid.valid_until),
        }
        yield give_reason("agency_not_recognised", values | bounds, candidate.cite_last(agency), case)


def _find_agency_case(agency: AgencyRecord, at: datetime) -> Literal["withdrawn", "not_yet", "ended"] | None:
    if agency.withdrawal and agency.withdrawal.effective_from <= at:
        return "withdrawn"
    if agency.valid.holds(at):
        return None
    return "not_yet" if agency.valid.valid_from and at < agency.valid.valid_from else "ended"


def find_accreditation_faults(question: Question, candidate: Candidate) -> Iterator[Reason]:
    """Link 3: a positive decision, within its period, neither revoked nor suspended at the instant asked."""
    record = candidate.accreditation
    if record is None:
        yield give_reason("no_accreditation", candidate.values(question), candidate.cite_first(candidate.standing))
        return
    if record.revocation and record.revocation.effective_from <= question.at:
        entry = candidate.cite(record.revocation.recorded.index)
        values = candidate.values_of_source(question) | _ending_values(record.revocation)
        yield give_reason("revoked", values, entry)
    yield from _find_period_faults(question, candidate, record)
    suspension = find_suspension(record, question.at)
    if suspension:
        yield _report_suspension(suspension, question, candidate)
    if record.decision not in POSITIVE_DECISIONS:
        values = candidate.values_of_source(question) | {"decision": Term("decisions", record.decision)}
        yield give_reason("decision_negative", values, candidate.cite(record.granted.index))


def _find_period_faults(question: Question, candidate: Candidate, record: AccreditationRecord) -> Iterator[Reason]:
    start, end = record.valid.valid_from, record.valid.valid_until
    if record.valid.holds(question.at):
        return
    entry = candidate.cite(record.granted.index)
    bounds = candidate.values_of_source(question) | {"valid_from": start, "valid_until": tell_end(end)}
    if start and question.at < start:
        yield give_reason("not_yet_valid", bounds, entry)
    if end and end <= question.at:
        yield give_reason("expired", bounds, entry)


def _report_suspension(suspension: Suspension, question: Question, candidate: Candidate) -> Reason:
    told = candidate.values_of_source(question) | {
        "effective_from": suspension.effective_from,
        "effective_until": tell_end(suspension.effective_until),
        "reason": Term("reasons", suspension.reason),
    }
    case = "limited" if suspension.effective_until else PLAIN
    return give_reason("suspended", told, candidate.cite(suspension.recorded.index), case)


def find_suspension(record: AccreditationRecord, at: datetime) -> Suspension | None:
    """Return the suspension in effect at an instant: [effective_from, effective_until)."""
    for suspension in record.suspensions:
        over = suspension.effective_until is not None and suspension.effective_until <= at
        if suspension.effective_from <= at and not over:
            return suspension
    return None


def find_state(record: AccreditationRecord, at: datetime) -> State:
    """Return in one word how an accreditation stood at an instant; what ended for good comes before what may resume."""
    if record.revocation and record.revocation.effective_from <= at:
        return "revoked"
    if record.valid.valid_until and record.valid.valid_until <= at:
        return "expired"
    if record.valid.valid_from and at < record.valid.valid_from:
        return "not_yet_valid"
    return "suspended" if find_suspension(record, at) else "in_force"


def find_scope_faults(question: Question, candidate: Candidate) -> Iterator[Reason]:
    """Link 4: what was asked lies within the accreditation's scope, and within what its agency may grant."""
    answered = set()
    for name, limit in LIMITS.items():
        asked = question.asked(name)
        if asked is not None:
            answered.add(limit)
            yield from _find_limit_faults(name, asked, question, candidate)
    for limit in _VOCABULARIES if candidate.recognised != UNRESTRICTED else ():
        if limit not in answered:
            yield from _find_disjoint_limit(limit, question, candidate)


def covers(limit: str, scope: Scope, value: str | int) -> bool:
    """Tell whether a scope's limit lets a value through; programmes are compared by id, also those given by address."""
    allowed = scope.limit(limit)
    return allowed is None or _lets_through(limit, allowed, value)


@lru_cache(maxsize=16_384)
def _lets_through(limit: str, allowed: tuple[str | int, ...], value: str | int) -> bool:
    if limit == "programmes":
        return value in {programme_id(str(programme)) for programme in allowed}
    return limit_covers(limit, allowed, value)


def _find_limit_faults(name: str, asked: str | int, question: Question, candidate: Candidate) -> Iterator[Reason]:
    limit = LIMITS[name]
    if not covers(limit, candidate.granted, asked):
        code, exceeded, entry = _OUT_OF_SCOPE[name], candidate.granted, _cite_terms(candidate)
    elif not covers(limit, candidate.recognised, asked):
        code, exceeded, entry = "agency_scope_exceeded", candidate.recognised, _cite_recognition(candidate)
    else:
        return
    vocabulary = _VOCABULARIES[limit]
    allowed = Terms(vocabulary, exceeded.limit(limit) or ())
    values = candidate.values_of_source(question) | {"value": Term(vocabulary, asked), "limit": allowed}
    yield give_reason(code, values, entry)


def _find_disjoint_limit(limit: str, question: Question, candidate: Candidate) -> Iterator[Reason]:
    """Report a limit that was not asked for, but of which agency and accreditation leave nothing at all."""
    ours, theirs = candidate.granted.limit(limit), candidate.recognised.limit(limit)
    if ours is None or theirs is None or _leave_something(limit, ours, theirs):
        return
    vocabulary = _VOCABULARIES[limit]
    told: dict[str, Value] = {"limit": Terms(vocabulary, theirs), "value": Terms(vocabulary, ours)}
    values = candidate.values_of_source(question) | told
    yield give_reason("agency_scope_exceeded", values, _cite_recognition(candidate), "disjoint")


@lru_cache(maxsize=4096)
def _leave_something(limit: str, ours: tuple[str | int, ...], theirs: tuple[str | int, ...]) -> bool:
    return bool(intersect_limit(limit, ours, theirs))


def _cite_terms(candidate: Candidate) -> Citation | None:
    """Name the entry that set the accreditation's terms: the grant, or the newest entry once one was corrected."""
    record = candidate.accreditation
    if record is None:
        return None
    return candidate.cite_last(record) if record.corrected else candidate.cite(record.granted.index)


def _cite_recognition(candidate: Candidate) -> Citation | None:
    return candidate.cite_last(candidate.agency) if candidate.agency else None


def find_issuer_faults(question: Question, candidate: Candidate) -> Iterator[Reason]:
    """Link 5: who answers for the issuer had not closed; nor had the one its accreditations pass on from, unless
    it was succeeded.
    """
    for issuer in _issuers_that_must_be_open(candidate):
        if issuer.closure and issuer.closure.effective_from <= question.at:
            values = candidate.values(question) | {"issuer": name_of(issuer)} | _ending_values(issuer.closure)
            yield give_reason("issuer_closed", values, candidate.cite(issuer.closure.recorded.index))


def _issuers_that_must_be_open(candidate: Candidate) -> list[IssuerRecord]:
    sponsors = [relation.other for relation in candidate.inherited if relation.relation in MEMBER_OF_OTHER]
    return [candidate.standing] + [candidate.register.issuers[sponsor] for sponsor in sponsors]


def _ending_values(ending: Ending) -> dict[str, Value]:
    reason: Value = Term("reasons", ending.reason)
    return {"effective_from": ending.effective_from, "recorded": ending.recorded.time, "reason": reason}
