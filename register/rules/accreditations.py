"""Rules for accreditations: who decides, within which recognition, scope and territory, and in which order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from register import vocabularies
from register.amendments import day_of, stated_scopes
from register.errors import Conflict, NotFound, Refused
from register.events import Event
from register.records import POSITIVE_DECISIONS, AccreditationRecord, AgencyRecord, IssuerRecord, Period, scope_at
from register.rules.limits import check_amendment, check_extension, check_territory, find, find_issuer, find_open_issuer
from register.rules.refusals import name_refusal
from register.rules.standing import is_recognised, must_be_its_agency
from register.scope import UNRESTRICTED, Scope, exceeding
from register.sentences import Coded, Said, Term, Terms, Value, Written, say
from register.state import State


def check_granted(event: Event, state: State) -> None:
    """A recognised agency grants, within its scope and the register's territory, to an issuer that is open."""
    data = event.data
    must_be_its_agency(event, data.agency)
    agency: AgencyRecord = find(state, "agency", data.agency, "agency")
    issuer = find_open_issuer(state, data.issuer, data.valid_until)
    _check_recognised(agency, data.valid_from)
    _check_contributors(data, state)
    _check_scope(data.scope, agency, issuer, data.valid_from, state)


def _check_recognised(agency: AgencyRecord, at: datetime) -> None:
    if not is_recognised(agency, at):
        sentence = say("the agency is not recognised on {day}; choose a date within its recognition", day=Written(at))
        raise Refused("agency_not_recognised", "valid_from", sentence)


def _check_contributors(data: Any, state: State) -> None:
    for position, other in enumerate(data.contributing_agencies or ()):
        find(state, "agency", other, f"contributing_agencies.{position}")


@lru_cache(maxsize=8192)  # more than there are countries and regions
def _country_of(place: str) -> str:
    return vocabularies.country_of(place)


def _check_scope(scope: Any, agency: AgencyRecord, issuer: IssuerRecord, at: datetime, state: State) -> None:
    places = scope.jurisdictions or (issuer.country,)
    countries = tuple(dict.fromkeys(map(_country_of, places)))
    check_territory(state, countries, "scope.jurisdictions")
    for position, programme_id in enumerate(scope.programmes or ()):
        programme = find(state, "programme", programme_id, f"scope.programmes.{position}")
        if issuer.id not in (programme.issuer, *programme.awarding_bodies):
            sentence = say("expected a programme of this very issuer")
            raise NotFound("programme_unknown", f"scope.programmes.{position}", sentence)
    # Last: a peer's entry refused for this alone is applied, as the trust decision narrows it (register/replay.py).
    _check_against_agency(scope, agency, at)


def _check_against_agency(scope: Any, agency: AgencyRecord, at: datetime) -> None:
    recognised = scope_at(agency.scope, agency.former_scopes, at)
    for limit in exceeding(scope, recognised):
        sentence = say(
            "the agency is recognised for {limit} {allowed}, got {got}; narrow the scope, "
            "or have the recognition amended",
            limit=Coded(limit, _LIMITS[limit]),
            allowed=_name_terms(limit, recognised),
            got=_name_terms(limit, scope),
        )
        raise Refused("scope_exceeds_agency", f"scope.{limit}", sentence)


_LIMITS: Final[Mapping[str, Said]] = {
    "credential_types": say("Credential types"),
    "eqf_levels": say("EQF levels"),
    "isced_f": say("Fields (ISCED-F)"),
    "jurisdictions": say("Countries or regions covered"),
    "programmes": say("Programmes"),
    "activities": say("Activities"),
}
_LISTS: Final[Mapping[str, str]] = {
    "credential_types": "credential-types",
    "isced_f": "isced-f",
    "jurisdictions": "jurisdictions",
    "activities": "esg-activities",
}


def _name_terms(limit: str, scope: Scope) -> Value:
    codes = scope.limit(limit) or ()
    text = ", ".join(str(code) for code in codes)
    return Coded(text, Terms(_LISTS[limit], codes)) if limit in _LISTS else text


def _find_accreditation(event: Event, state: State) -> AccreditationRecord:
    record = state.accreditations[event.subject_id]
    must_be_its_agency(event, record.agency)
    if record.quarantine:
        why = name_refusal(record.quarantine)
        raise Refused(record.quarantine, "", say("the accreditation itself does not count: {why}", why=why))
    return record


def _refuse_when_revoked(record: AccreditationRecord) -> None:
    if record.revocation:
        since = Written(record.revocation.effective_from)
        sentence = say("revoked with effect from {since}; a revoked accreditation stays revoked", since=since)
        raise Conflict("already_revoked", "", sentence)


def check_amended(event: Event, state: State) -> None:
    """An accreditation in force is amended, any is corrected; what changes meets the rules of a grant."""
    record, data = _find_accreditation(event, state), event.data
    if data.corrects is None:
        _refuse_when_revoked(record)
        _check_decision(record, data)
    check_amendment(event, record)
    check_extension(record, data, state)
    _check_contributors(data, state)
    agency: AgencyRecord = find(state, "agency", record.agency, "agency")
    if data.valid_from is not None:
        _check_recognised(agency, data.valid_from)
    if "scope" in data.given():
        issuer = find_issuer(state, record.issuer)
        _check_scope(data.scope or UNRESTRICTED, agency, issuer, _scope_begins(event, record), state)


def _check_decision(record: AccreditationRecord, data: Any) -> None:
    """A decision has no date of its own: turned by an amendment it would be turned for all the time before, too."""
    if data.decision is not None and (data.decision in POSITIVE_DECISIONS) != (record.decision in POSITIVE_DECISIONS):
        sentence = say(
            "expected a decision that counts as {decision} does, got {got}; "
            "revoke the accreditation, grant a new one, or correct the entry that was wrong",
            decision=Coded(record.decision, Term("decisions", record.decision)),
            got=Coded(data.decision, Term("decisions", data.decision)),
        )
        raise Refused("decision_turned", "decision", sentence)


def _scope_begins(event: Event, record: AccreditationRecord) -> datetime:
    data = event.data
    begins: datetime = data.valid_from or record.valid.valid_from or event.time
    stated = data.effective_from or day_of(event.time)
    if data.corrects is not None:
        stated = stated_scopes(record)[data.corrects] or begins
    return max(stated, begins)


def _check_within(event: Event, valid: Period) -> None:
    at = event.data.effective_from
    if not valid.holds(at):
        start, end = valid.valid_from, valid.valid_until
        sentence = say(
            "expected a date within the accreditation's validity (from {start} until {end}), got {got}",
            start=Written(start) if start else say("ever"),
            end=Written(end) if end else Coded("open", None),
            got=Written(at),
        )
        raise Refused("effective_outside_period", "effective_from", sentence)


def check_suspended(event: Event, state: State) -> None:
    """An accreditation in force is suspended from a date after every earlier suspension's end."""
    record = _find_accreditation(event, state)
    _refuse_when_revoked(record)
    _check_within(event, record.valid)
    for span in record.suspensions:
        if span.effective_until is None or event.data.effective_from < span.effective_until:
            sentence = say("suspended from {since} already; choose a later date", since=Written(span.effective_from))
            raise Conflict("already_suspended", "effective_from", sentence)


def check_reinstated(event: Event, state: State) -> None:
    """A suspended accreditation counts again from a date after its suspension began."""
    record = _find_accreditation(event, state)
    _refuse_when_revoked(record)
    starts = [span.effective_from for span in record.suspensions if span.effective_until is None]
    if not starts:
        raise Conflict("not_suspended", "", say("expected a suspended accreditation; this one is not suspended"))
    if event.data.effective_from <= max(starts):
        sentence = say(
            "expected a date after the suspension began ({begun}), got {got}",
            begun=Written(max(starts)),
            got=Written(event.data.effective_from),
        )
        raise Refused("effective_outside_period", "effective_from", sentence)


def check_revoked(event: Event, state: State) -> None:
    """An accreditation in force is revoked with effect within its validity."""
    record = _find_accreditation(event, state)
    _refuse_when_revoked(record)
    _check_within(event, record.valid)
