"""Folds of the register itself, of agencies, and of issuers with their relations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from register.amendments import day_of, restate_scope
from register.events import Event
from register.fold.amended import amended_fields, ending, find, succeed
from register.fold.federation import open_keys
from register.records import (
    AgencyRecord,
    FormerName,
    IssuerRecord,
    Period,
    Recorded,
    RegisterRecord,
    RelationRecord,
)
from register.state import Change, State, relation_id

PASSING_ON: Final = frozenset({"merged_into", "absorbed", "succeeded"})
"""Relations in which accreditations pass on unless the entry says otherwise."""


def open_register(event: Event, recorded: Recorded, state: State) -> list[Change]:
    """Entry 0: the node's own record."""
    data = event.data
    record = RegisterRecord(
        id=state.origin,
        url=event.source,
        name=data.name,
        territory=data.territory,
        operator=data.operator,
        policy_url=data.policy_url,
        vkey=data.vkey,
        witness_vkey=data.witness_vkey,
        statement_jwk=data.statement_jwk,
        entries=(recorded.index,),
        keys=open_keys(data, recorded),
        demonstration=data.demonstration,
    )
    return [Change("register", state.origin, record)]


def recognise_agency(event: Event, recorded: Recorded, _: State) -> list[Change]:
    """A new agency."""
    data = event.data
    record = AgencyRecord(
        id=event.subject_id,
        url=event.subject,
        names=data.names,
        country=data.country,
        scope=data.scope,
        valid=Period(data.valid_from, data.valid_until),
        entries=(recorded.index,),
        acronym=data.acronym,
        identifiers=data.identifiers,
        website=data.website,
        decision_document=data.decision_document.as_document() if data.decision_document else None,
        demonstration=data.demonstration,
    )
    return [Change("agency", record.id, record)]


def amend_agency(event: Event, recorded: Recorded, state: State) -> list[Change]:
    """New values; a new scope from its date on."""
    record: AgencyRecord = find(state, event)
    given = amended_fields(record, event.data)
    if "scope" in given:
        del given["scope"]
        given |= restate_scope(record, event.data, recorded)
    return succeed(event, record, recorded, **given)


def withdraw_agency(event: Event, recorded: Recorded, state: State) -> list[Change]:
    """The recognition ends."""
    return succeed(event, find(state, event), recorded, withdrawal=ending(event, recorded))


def register_issuer(event: Event, recorded: Recorded, _: State) -> list[Change]:
    """A new issuer."""
    data = event.data
    record = IssuerRecord(
        id=event.subject_id,
        url=event.subject,
        names=data.names,
        country=data.country,
        provider_type=data.provider_type,
        entries=(recorded.index,),
        acronym=data.acronym,
        sites=data.sites,
        identifiers=data.identifiers,
        website=data.website,
        demonstration=data.demonstration,
    )
    return [Change("issuer", record.id, record)]


def amend_issuer(event: Event, recorded: Recorded, state: State) -> list[Change]:
    """New values; names given up are kept as former ones, unless they are corrected as never having been right."""
    record: IssuerRecord = find(state, event)
    data = event.data
    given = amended_fields(record, data)
    if "names" in given and data.corrects is None:
        until = data.effective_from or day_of(recorded.time)
        given["former_names"] = record.former_names + _names_given_up(record.names, given["names"], until)
    return succeed(event, record, recorded, **given)


def _names_given_up(old: Mapping[str, str], new: Mapping[str, str], until: datetime) -> tuple[FormerName, ...]:
    return tuple(FormerName(language, name, until) for language, name in old.items() if new.get(language) != name)


def close_issuer(event: Event, recorded: Recorded, state: State) -> list[Change]:
    """The issuer has closed."""
    return succeed(event, find(state, event), recorded, closure=ending(event, recorded))


def relate_issuer(event: Event, recorded: Recorded, _: State) -> list[Change]:
    """A new relation; its id is the event's own."""
    data = event.data
    passes_on = data.accreditations_pass_on
    record = RelationRecord(
        id=relation_id(event),
        issuer=event.subject_id,
        relation=data.relation,
        other=data.other,
        valid=Period(data.valid_from, data.valid_until),
        accreditations_pass_on=data.relation in PASSING_ON if passes_on is None else passes_on,
        recorded=recorded,
        entries=(recorded.index,),
    )
    return [Change("relation", record.id, record)]
