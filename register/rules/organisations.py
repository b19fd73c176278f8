"""Rules for agencies, issuers and relations."""

from __future__ import annotations

from typing import Any

from register.errors import Conflict, Refused
from register.events import Event
from register.records import AgencyRecord, IssuerRecord, KeyRecord
from register.rules.limits import check_amendment, check_territory, find_issuer, overlap
from register.sentences import Written, say
from register.state import State, relation_id


def accept(_: Event, __: State) -> None:
    """No rule beyond place, subject and actor."""


def check_agency_amended(event: Event, state: State) -> None:
    """An amendment changes something."""
    check_amendment(event, state.agencies[event.subject_id])


def check_agency_withdrawn(event: Event, state: State) -> None:
    """A recognition is withdrawn once."""
    agency: AgencyRecord = state.agencies[event.subject_id]
    if agency.withdrawal:
        since = Written(agency.withdrawal.effective_from)
        sentence = say("the recognition is withdrawn already, with effect from {since}", since=since)
        raise Conflict("already_withdrawn", "", sentence)


def check_issuer_registered(event: Event, state: State) -> None:
    """An issuer is of the register's territory and takes nobody's identifiers."""
    check_territory(state, (event.data.country,), "country")
    _check_claims(event, state)


def check_issuer_amended(event: Event, state: State) -> None:
    """The same as at registration, for what changes."""
    issuer = find_issuer(state, event.subject_id, "")
    check_amendment(event, issuer)
    if event.data.country is not None:
        check_territory(state, (event.data.country,), "country")
    _check_claims(event, state)


def _check_claims(event: Event, state: State) -> None:
    for position, claim in enumerate(event.data.identifiers or ()):
        for holder in sorted(state.claims.get((claim.scheme, claim.value), ())):
            issuer = state.issuers.get(holder)
            if holder == event.subject_id or issuer is None or issuer.quarantine:
                continue
            if _claims(issuer, claim) or any(_signs_with(key, claim) for key in state.belonging("key", holder)):
                sentence = say(
                    "{scheme} {value} belongs to {url} already; amend that issuer, or end its claim first",
                    scheme=claim.scheme,
                    value=claim.value,
                    url=issuer.url,
                )
                raise Conflict("identifier_taken", f"identifiers.{position}.value", sentence)


def _claims(issuer: IssuerRecord, claim: Any) -> bool:
    return any(
        overlap(claim.valid_from, claim.valid_until, theirs.valid_from, theirs.valid_until)
        for theirs in issuer.identifiers
        if (theirs.scheme, theirs.value) == (claim.scheme, claim.value)
    )


def _signs_with(key: KeyRecord, claim: Any) -> bool:
    same = (key.kind, key.value) == (claim.scheme, claim.value)
    return same and overlap(claim.valid_from, claim.valid_until, key.valid.valid_from, last_use(key))


def last_use(key: KeyRecord) -> Any:
    """Return until when a key is taken: a compromised one for ever, so that nobody is given it again."""
    if key.revocation is None:
        return key.valid.valid_until
    return None if key.revocation.reason == "compromised" else key.revocation.effective_from


def check_issuer_closed(event: Event, state: State) -> None:
    """An issuer closes once."""
    issuer = find_issuer(state, event.subject_id, "")
    if issuer.closure:
        day = Written(issuer.closure.effective_from)
        raise Conflict("already_closed", "", say("closed already on {day}", day=day))


def check_issuer_related(event: Event, state: State) -> None:
    """Two different issuers that count; the relation's id is the event's and new."""
    find_issuer(state, event.subject_id, "")
    find_issuer(state, event.data.other, "other")
    if event.data.other == event.subject_id:
        raise Refused("same_party", "other", say("expected another issuer; an issuer has no relation to itself"))
    if relation_id(event) in state.relations:
        sentence = say("expected a new event id, got {got}, which is in use", got=relation_id(event))
        raise Conflict("id_taken", "", sentence)
