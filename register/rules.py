"""Rules: whether an event may follow from the state. Pure; `check` returns nothing or raises Refused.

The same rules judge our own commands before anything is stored, a peer's entries (a refusal quarantines them) and
every entry of an audit. Each refusal has a code, the field at fault, and a sentence: expected, got, what to do.
REFUSALS lists every code; register/README.md explains them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from register import vocabularies
from register.errors import Conflict, NotEntitled, NotFound, Refused
from register.events import Event
from register.identifiers import normalise_value
from register.moments import format_moment
from register.records import AccreditationRecord, AgencyRecord, IssuerRecord, KeyRecord, RegisterRecord, scope_at
from register.scope import exceeding
from register.state import State, relation_id

UNDOING_REASONS: Final = frozenset({"appeal_upheld", "administrative_error", "decision_annulled"})
"""Only for these reasons may a correction take back a revocation or a suspension."""

REFUSALS: Final[Mapping[str, str]] = {
    "already_closed": "It is closed already.",
    "already_revoked": "It is revoked already; nothing further can be decided about it but a correction.",
    "already_suspended": "It is suspended already at that time.",
    "already_withdrawn": "The recognition is withdrawn already.",
    "agency_not_recognised": "The agency is not recognised for that time.",
    "agency_unknown": "No such agency is recorded here.",
    "accreditation_unknown": "No such accreditation is recorded here.",
    "corrects_unknown": "The entry to be corrected is not one of this thing's own entries.",
    "effective_outside_period": "The effective date lies outside the period of validity.",
    "id_taken": "The id is in use already.",
    "identifier_taken": "Another issuer holds this identifier for an overlapping time.",
    "issuer_closed": "The issuer has closed.",
    "issuer_unknown": "No such issuer is recorded here.",
    "key_already_bound": "The key is bound to this issuer already.",
    "key_taken": "The key is bound to another issuer for an overlapping time.",
    "key_unknown": "No such key is recorded here.",
    "mandate_unknown": "No such mandate is recorded here.",
    "not_entitled": "The actor has no right to say this.",
    "not_suspended": "It is not suspended.",
    "nothing_changes": "The amendment changes nothing.",
    "outside_territory": "The country lies outside the territory for which this register may speak.",
    "period": "The period ends before it begins.",
    "programme_unknown": "No such programme of this issuer is recorded here.",
    "reason_does_not_undo": "For this reason a revocation or suspension cannot be taken back.",
    "register_not_opened": "A ledger begins with the entry that opens the register, and has only one.",
    "same_party": "Two different organisations are needed.",
    "scope_exceeds_agency": "The scope is wider than the one the agency is recognised for.",
    "source_not_own": "The entry's source or subject is not an address of this register.",
    "time_before_last": "The entry's time is before that of the entry before it.",
}
"""Refusal code → what it means, in one sentence."""

_WHO: Final[Mapping[str, frozenset[str]]] = {
    "register": frozenset({"node"}),
    "agency": frozenset({"operator"}),
    "issuer": frozenset({"agency", "operator"}),
    "programme": frozenset({"issuer", "agency", "operator"}),
    "key": frozenset({"issuer", "agency", "operator"}),
    "mandate": frozenset({"issuer", "agency", "operator"}),
    "accreditation": frozenset({"agency", "operator"}),
}
_UUID: Final = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_EVENT_ID: Final = re.compile(f"urn:uuid:{_UUID}")
_PATHS: Final = {
    "register": re.compile(""),
    "agency": re.compile(f"/agencies/{_UUID}"),
    "issuer": re.compile(f"/issuers/{_UUID}"),
    "programme": re.compile(f"/programmes/{_UUID}"),
    "key": re.compile(f"/issuers/{_UUID}/keys/{_UUID}"),
    "mandate": re.compile(f"/mandates/{_UUID}"),
    "accreditation": re.compile(f"/accreditations/{_UUID}"),
}
"""Kind of the subject → what follows the register's own address in it."""
_CREATING: Final = frozenset(
    {
        "agency.recognised",
        "issuer.registered",
        "programme.registered",
        "key.bound",
        "mandate.granted",
        "accreditation.granted",
    }
)


def check(event: Event, state: State) -> None:
    """Raise Refused (or NotEntitled, NotFound, Conflict) unless the event may follow from the state."""
    _check_place(event, state)
    _check_who(event, state)
    if event.type in _CREATING and event.subject_id in state.table(event.type.split(".", 1)[0]):
        raise Conflict("id_taken", "", f"expected a new id, got {event.subject_id}, which is in use; choose another")
    _RULES[event.type](event, state)


def _check_place(event: Event, state: State) -> None:
    """Check the entry's place in its ledger: opening, source, subject and time."""
    opening = event.type == "register.opened"
    if opening != (state.size == 0) or (state.register is None) != opening:
        raise Refused("register_not_opened", "", "expected exactly one register.opened, as entry 0 of the ledger")
    url = event.source if state.register is None else state.register.url
    path = _PATHS[event.type.split(".", 1)[0]]
    if event.source != url or not event.subject.startswith(url) or not path.fullmatch(event.subject, len(url)):
        raise Refused("source_not_own", "source", f"expected source and subject below {url}, got {event.source}")
    if not _EVENT_ID.fullmatch(event.id):
        raise Refused("source_not_own", "id", f"expected an id such as urn:uuid:…, got {event.id[:60]!r}")
    if state.time is not None and event.time < state.time:
        raise Refused("time_before_last", "time", f"expected a time not before {state.time}, got {event.time}")


def _check_who(event: Event, state: State) -> None:
    actor, kind = event.data.actor, event.type.split(".", 1)[0]
    if actor.role not in _WHO[kind]:
        allowed = ", ".join(sorted(_WHO[kind]))
        raise NotEntitled("not_entitled", "actor", f"{event.type} may be said by {allowed}; got {actor.role}")
    if actor.role == "agency":
        agency = state.agencies.get(actor.organisation or "")
        if agency is None or not _is_recognised(agency, event.time):
            raise NotEntitled("not_entitled", "actor", "expected an agency that this register recognises today")
    if actor.role == "issuer" and (actor.organisation or "") not in state.issuers:
        raise NotEntitled("not_entitled", "actor", "expected an issuer that is recorded in this register")


def _is_recognised(agency: AgencyRecord, at: datetime) -> bool:
    withdrawn = agency.withdrawal is not None and agency.withdrawal.effective_from <= at
    return agency.valid.holds(at) and not withdrawn


def _must_speak_for(event: Event, issuer: str) -> None:
    actor = event.data.actor
    if actor.role == "issuer" and actor.organisation != issuer:
        raise NotEntitled("not_entitled", "actor", "an issuer may say this of itself only; ask the other one to do it")


# finding -------------------------------------------------------------------------------------------------------------


def _find(state: State, kind: str, record_id: str, field: str) -> Any:
    record = state.table(kind).get(record_id)
    if record is None:
        raise NotFound(f"{kind}_unknown", field, f"expected an existing {kind}, got {record_id}; register it first")
    return record


def _find_issuer(state: State, record_id: str, field: str = "issuer") -> IssuerRecord:
    issuer: IssuerRecord = _find(state, "issuer", record_id, field)
    if issuer.quarantine:
        raise Refused(issuer.quarantine, field, f"the issuer's own registration does not count: {issuer.quarantine}")
    return issuer


def _find_open_issuer(state: State, record_id: str, until: datetime | None, field: str = "issuer") -> IssuerRecord:
    """Find an issuer for something that lasts until `until`; a closed one only takes what ended before it closed."""
    issuer = _find_issuer(state, record_id, field)
    if issuer.closure and (until is None or until > issuer.closure.effective_from):
        closed = format_moment(issuer.closure.effective_from)
        raise Refused(
            "issuer_closed", field, f"the issuer closed on {closed}; give an end before that, or its successor"
        )
    return issuer


# shared rules --------------------------------------------------------------------------------------------------------


def _check_amendment(event: Event, entries: tuple[int, ...]) -> None:
    data = event.data
    ignored = {"actor", "effective_from", "reason", "note", "corrects"}
    if not (data.model_fields_set - ignored) and data.corrects is None:
        raise Refused("nothing_changes", "", "expected at least one field with a new value, got none; say what changes")
    if data.corrects is not None and data.corrects not in entries:
        raise Refused(
            "corrects_unknown",
            "corrects",
            f"expected one of this thing's own entries {list(entries)}, got {data.corrects}",
        )


def _check_period(valid_from: datetime | None, valid_until: datetime | None) -> None:
    if valid_from is not None and valid_until is not None and valid_until <= valid_from:
        raise Refused(
            "period", "valid_until",
            f"expected an end after {format_moment(valid_from)}, got {format_moment(valid_until)}; give a later one",
        )  # fmt: skip


def _check_amended_period(record: Any, data: Any) -> None:
    given = data.model_fields_set
    start = data.valid_from if "valid_from" in given and data.valid_from else record.valid.valid_from
    _check_period(start, data.valid_until if "valid_until" in given else record.valid.valid_until)


def _check_within(event: Event, record: AccreditationRecord) -> None:
    at = event.data.effective_from
    if not record.valid.holds(at):
        start, end = record.valid.valid_from, record.valid.valid_until
        span = f"from {format_moment(start) if start else 'ever'} until {format_moment(end) if end else 'open'}"
        raise Refused(
            "effective_outside_period", "effective_from",
            f"expected a date within the accreditation's validity ({span}), got {format_moment(at)}",
        )  # fmt: skip


def _check_territory(register: RegisterRecord, countries: tuple[str, ...], field: str) -> None:
    for country in countries:
        if country not in register.territory:
            speaks = ", ".join(register.territory[:12]) + ("…" if len(register.territory) > 12 else "")
            raise Refused(
                "outside_territory", field,
                f"this register speaks for {speaks}, got {country}; record it at the register of that country",
            )  # fmt: skip


def _register_of(state: State) -> RegisterRecord:
    if state.register is None:
        raise Refused("register_not_opened", "", "expected a register that has been opened by its entry 0")
    return state.register


# register, agency ----------------------------------------------------------------------------------------------------


def _accept(event: Event, state: State) -> None:
    """No rule beyond place and actor."""


def _check_agency_amended(event: Event, state: State) -> None:
    agency: AgencyRecord = _find(state, "agency", event.subject_id, "")
    _check_amendment(event, agency.entries)
    _check_amended_period(agency, event.data)


def _check_agency_withdrawn(event: Event, state: State) -> None:
    agency: AgencyRecord = _find(state, "agency", event.subject_id, "")
    if agency.withdrawal:
        since = format_moment(agency.withdrawal.effective_from)
        raise Conflict("already_withdrawn", "", f"the recognition is withdrawn already, with effect from {since}")


# issuer --------------------------------------------------------------------------------------------------------------


def _check_claims(event: Event, state: State, own_id: str) -> None:
    for position, claim in enumerate(event.data.identifiers or ()):
        for other_id in sorted(state.claims.get((claim.scheme, claim.value), ())):
            other = state.issuers.get(other_id)
            if other_id == own_id or other is None or other.quarantine or not _claims_overlap(claim, other):
                continue
            raise Conflict(
                "identifier_taken", f"identifiers.{position}.value",
                f"{claim.scheme} {claim.value} belongs to {other.url} already; amend that issuer, or end its claim first",
            )  # fmt: skip


def _claims_overlap(claim: Any, other: IssuerRecord) -> bool:
    return any(
        _overlap(claim.valid_from, claim.valid_until, theirs.valid_from, theirs.valid_until)
        for theirs in other.identifiers
        if (theirs.scheme, theirs.value) == (claim.scheme, claim.value)
    )


def _overlap(
    a_from: datetime | None, a_until: datetime | None, b_from: datetime | None, b_until: datetime | None
) -> bool:
    a_ends_first = a_until is not None and b_from is not None and a_until <= b_from
    b_ends_first = b_until is not None and a_from is not None and b_until <= a_from
    return not (a_ends_first or b_ends_first)


def _check_issuer_registered(event: Event, state: State) -> None:
    _check_territory(_register_of(state), (event.data.country,), "country")
    _check_claims(event, state, event.subject_id)


def _check_issuer_amended(event: Event, state: State) -> None:
    issuer = _find_issuer(state, event.subject_id, "")
    _check_amendment(event, issuer.entries)
    if event.data.country is not None:
        _check_territory(_register_of(state), (event.data.country,), "country")
    _check_claims(event, state, event.subject_id)


def _check_issuer_closed(event: Event, state: State) -> None:
    issuer = _find_issuer(state, event.subject_id, "")
    if issuer.closure:
        raise Conflict("already_closed", "", f"closed already on {format_moment(issuer.closure.effective_from)}")


def _check_issuer_related(event: Event, state: State) -> None:
    _find_issuer(state, event.subject_id, "")
    _find_issuer(state, event.data.other, "other")
    if relation_id(event) in state.relations:
        raise Conflict("id_taken", "id", "expected a new id of the event, which becomes the relation's; choose another")
    if event.data.other == event.subject_id:
        raise Refused("same_party", "other", "expected another issuer; an issuer has no relation to itself")
    _check_period(event.data.valid_from, event.data.valid_until)


# programme, key, mandate ---------------------------------------------------------------------------------------------


def _check_programme_registered(event: Event, state: State) -> None:
    _must_speak_for(event, event.data.issuer)
    _find_open_issuer(state, event.data.issuer, event.data.valid_until)
    _check_awarding_bodies(event, state)


def _check_awarding_bodies(event: Event, state: State) -> None:
    for position, body in enumerate(event.data.awarding_bodies or ()):
        _find_issuer(state, body, f"awarding_bodies.{position}")


def _check_programme_amended(event: Event, state: State) -> None:
    programme = _find(state, "programme", event.subject_id, "")
    _must_speak_for(event, programme.issuer)
    _check_amendment(event, programme.entries)
    _check_amended_period(programme, event.data)
    _check_awarding_bodies(event, state)


def _check_programme_closed(event: Event, state: State) -> None:
    programme = _find(state, "programme", event.subject_id, "")
    _must_speak_for(event, programme.issuer)
    if programme.closure:
        raise Conflict("already_closed", "", f"closed already on {format_moment(programme.closure.effective_from)}")


def _check_key_bound(event: Event, state: State) -> None:
    data = event.data
    _must_speak_for(event, data.issuer)
    _find_open_issuer(state, data.issuer, data.valid_until)
    value = normalise_value(data.kind, data.value)
    for issuer in sorted(state.claims.get((data.kind, value), ())):
        for key in state.belonging("key", issuer):
            if (key.kind, key.value) == (data.kind, value) and _still_bound(key, data):
                _refuse_key(key, data.issuer)


def _still_bound(key: KeyRecord, data: Any) -> bool:
    until = key.revocation.effective_from if key.revocation else key.valid.valid_until
    return _overlap(data.valid_from, data.valid_until, key.valid.valid_from, until)


def _refuse_key(key: KeyRecord, issuer: str) -> None:
    if key.issuer == issuer:
        raise Conflict("key_already_bound", "value", f"this key is bound to the issuer already: {key.url}")
    raise Conflict(
        "key_taken", "value", f"this key is bound to another issuer: {key.url}; it has to be revoked there first"
    )


def _check_key_revoked(event: Event, state: State) -> None:
    key: KeyRecord = _find(state, "key", event.subject_id, "")
    _must_speak_for(event, key.issuer)
    worse = event.data.reason == "compromised" and key.revocation and key.revocation.reason != "compromised"
    if key.revocation and not worse:
        raise Conflict(
            "already_revoked", "", f"revoked already as {key.revocation.reason}; only a compromise can follow"
        )


def _check_mandate_granted(event: Event, state: State) -> None:
    data = event.data
    _must_speak_for(event, data.awarding_body)
    if data.awarding_body == data.sealer:
        raise Refused(
            "same_party", "sealer", "expected two different organisations; an issuer needs no mandate of its own"
        )
    _find_open_issuer(state, data.awarding_body, data.valid_until, "awarding_body")
    _find_open_issuer(state, data.sealer, data.valid_until, "sealer")


def _check_mandate_revoked(event: Event, state: State) -> None:
    mandate = _find(state, "mandate", event.subject_id, "")
    _must_speak_for(event, mandate.awarding_body)
    if mandate.revocation:
        raise Conflict("already_revoked", "", "the mandate is revoked already")


# accreditation -------------------------------------------------------------------------------------------------------


def _must_be_its_agency(event: Event, agency: str) -> None:
    actor = event.data.actor
    if actor.role == "agency" and actor.organisation != agency:
        raise NotEntitled(
            "not_entitled", "agency", "an agency decides on its own accreditations only; ask the agency that granted it"
        )


def _check_granted(event: Event, state: State) -> None:
    data = event.data
    _must_be_its_agency(event, data.agency)
    agency: AgencyRecord = _find(state, "agency", data.agency, "agency")
    issuer = _find_open_issuer(state, data.issuer, data.valid_until)
    if not _is_recognised(agency, data.valid_from):
        raise Refused(
            "agency_not_recognised", "valid_from",
            f"the agency is not recognised on {format_moment(data.valid_from)}; choose a date within its recognition",
        )  # fmt: skip
    for position, other in enumerate(data.contributing_agencies):
        _find(state, "agency", other, f"contributing_agencies.{position}")
    _check_scope(data.scope, agency, issuer, data.valid_from, state)


def _check_scope(scope: Any, agency: AgencyRecord, issuer: IssuerRecord, at: datetime, state: State) -> None:
    places = scope.jurisdictions or (issuer.country,)
    countries = tuple(dict.fromkeys(vocabularies.country_of(place) for place in places))
    _check_territory(_register_of(state), countries, "scope.jurisdictions")
    for position, programme_id in enumerate(scope.programmes or ()):
        programme = _find(state, "programme", programme_id, f"scope.programmes.{position}")
        if issuer.id not in (programme.issuer, *programme.awarding_bodies):
            raise NotFound(
                "programme_unknown", f"scope.programmes.{position}", "expected a programme of this very issuer"
            )
    _check_against_agency(scope, agency, at)


def _check_against_agency(scope: Any, agency: AgencyRecord, at: datetime) -> None:
    recognised = scope_at(agency.scope, agency.former_scopes, at)
    for limit in exceeding(scope, recognised):
        allowed = ", ".join(str(value) for value in recognised.limit(limit) or ())
        got = ", ".join(str(value) for value in scope.limit(limit) or ())
        raise Refused(
            "scope_exceeds_agency", f"scope.{limit}",
            f"the agency is recognised for {limit} {allowed}, got {got}; narrow the scope, or have the recognition amended",
        )  # fmt: skip


def _find_accreditation(event: Event, state: State) -> AccreditationRecord:
    record: AccreditationRecord = _find(state, "accreditation", event.subject_id, "")
    _must_be_its_agency(event, record.agency)
    if record.quarantine:
        raise Refused(record.quarantine, "", f"the accreditation itself does not count: {record.quarantine}")
    return record


def _refuse_when_revoked(record: AccreditationRecord) -> None:
    if record.revocation:
        since = format_moment(record.revocation.effective_from)
        raise Conflict(
            "already_revoked", "", f"revoked with effect from {since}; a revoked accreditation stays revoked"
        )


def _check_amended(event: Event, state: State) -> None:
    record, data = _find_accreditation(event, state), event.data
    _check_amendment(event, record.entries)
    if data.corrects is None:
        _refuse_when_revoked(record)
    _check_amended_period(record, data)
    _check_undoing(record, data)
    if data.scope is not None:
        agency: AgencyRecord = _find(state, "agency", record.agency, "agency")
        start = record.valid.valid_from or event.time
        at = start if data.corrects is not None else max(data.effective_from or event.time, start)
        _check_scope(data.scope, agency, _find_issuer(state, record.issuer), at, state)


def _check_undoing(record: AccreditationRecord, data: Any) -> None:
    endings = [s.recorded.index for s in record.suspensions]
    endings += [record.revocation.recorded.index] if record.revocation else []
    if data.corrects in endings and data.reason not in UNDOING_REASONS:
        raise Refused(
            "reason_does_not_undo", "reason",
            f"taking back a revocation or suspension needs one of {', '.join(sorted(UNDOING_REASONS))}, got {data.reason}",
        )  # fmt: skip


def _check_suspended(event: Event, state: State) -> None:
    record = _find_accreditation(event, state)
    _refuse_when_revoked(record)
    _check_within(event, record)
    for span in record.suspensions:
        if span.effective_until is None or event.data.effective_from < span.effective_until:
            since = format_moment(span.effective_from)
            raise Conflict(
                "already_suspended", "effective_from", f"suspended from {since} already; choose a later date"
            )


def _check_reinstated(event: Event, state: State) -> None:
    record = _find_accreditation(event, state)
    _refuse_when_revoked(record)
    open_spans = [span for span in record.suspensions if span.effective_until is None]
    if not open_spans:
        raise Conflict("not_suspended", "", "expected a suspended accreditation; this one is not suspended")
    start = open_spans[-1].effective_from
    if event.data.effective_from <= start:
        raise Refused(
            "effective_outside_period", "effective_from",
            f"expected a date after the suspension began ({format_moment(start)}), got "
            f"{format_moment(event.data.effective_from)}",
        )  # fmt: skip


def _check_revoked(event: Event, state: State) -> None:
    record = _find_accreditation(event, state)
    _refuse_when_revoked(record)
    _check_within(event, record)


_RULES: Final[Mapping[str, Callable[[Event, State], None]]] = {
    "register.opened": _accept,
    "agency.recognised": _accept,
    "agency.amended": _check_agency_amended,
    "agency.withdrawn": _check_agency_withdrawn,
    "issuer.registered": _check_issuer_registered,
    "issuer.amended": _check_issuer_amended,
    "issuer.closed": _check_issuer_closed,
    "issuer.related": _check_issuer_related,
    "programme.registered": _check_programme_registered,
    "programme.amended": _check_programme_amended,
    "programme.closed": _check_programme_closed,
    "key.bound": _check_key_bound,
    "key.revoked": _check_key_revoked,
    "mandate.granted": _check_mandate_granted,
    "mandate.revoked": _check_mandate_revoked,
    "accreditation.granted": _check_granted,
    "accreditation.amended": _check_amended,
    "accreditation.suspended": _check_suspended,
    "accreditation.reinstated": _check_reinstated,
    "accreditation.revoked": _check_revoked,
}
