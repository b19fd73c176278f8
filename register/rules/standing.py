"""Who may say what, and whether an entry stands where it may: its place in the ledger, its address, its actor."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from register.errors import Conflict, NotEntitled, NotFound, Refused
from register.events import Event
from register.moments import format_instant
from register.records import AgencyRecord
from register.rules.refusals import name_kind
from register.sentences import Coded, say
from register.state import State

_OPERATOR_AND_AGENCY: Final = frozenset({"agency", "operator"})
_ANYBODY: Final = frozenset({"issuer", "agency", "operator"})
_OPERATOR_AND_ISSUER: Final = frozenset({"issuer", "operator"})
_WHO: Final[Mapping[str, frozenset[str]]] = {
    "register": frozenset({"node"}),
    "agency": frozenset({"operator"}),
    "issuer": _OPERATOR_AND_AGENCY,
    "programme": _ANYBODY,
    "key": _ANYBODY,
    "mandate": _ANYBODY,
    "accreditation": _OPERATOR_AND_AGENCY,
    "peer": frozenset({"node", "operator"}),
    "fork": frozenset({"node"}),
    "batch": _OPERATOR_AND_ISSUER,
    "withdrawal": _OPERATOR_AND_ISSUER,
}
_PLACES: Final[Mapping[str, str]] = {
    "agency": "agencies",
    "issuer": "issuers",
    "programme": "programmes",
    "mandate": "mandates",
    "accreditation": "accreditations",
    "peer": "peers",
    "fork": "forks",
    "batch": "batches",
    "withdrawal": "withdrawals",
}
"""Kind of a thing → the folder of its address; a key's lies below its issuer."""

_CREATING: Final = frozenset(
    {
        "agency.recognised",
        "issuer.registered",
        "programme.registered",
        "key.bound",
        "mandate.granted",
        "accreditation.granted",
        "peer.recognised",
        "fork.reported",
        "credentials.anchored",
        "credential.revoked",
        "credential.suspended",
        "credential.reinstated",
    }
)
_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def check_place(event: Event, state: State) -> None:
    """Refuse an entry before or beside the opening one, of another source, or from before the last entry."""
    opening = event.type == "register.opened"
    if opening != (state.size == 0) or (state.register is None) != opening:
        raise Refused("register_not_opened", "", say("expected exactly one register.opened, as entry 0 of the ledger"))
    if state.register is not None and event.source != state.register.url:
        sentence = say("expected the source {url}, got {got}", url=state.register.url, got=event.source)
        raise Refused("source_not_own", "source", sentence)
    if state.time is not None and event.time < state.time:
        last, got = (Coded(format_instant(moment), moment) for moment in (state.time, event.time))
        raise Refused(
            "time_before_last", "time", say("expected a time not before {last}, got {got}", last=last, got=got)
        )


def check_subject(event: Event, state: State) -> None:
    """Refuse a new thing under an id in use, an event about a thing there is not, and any address but the thing's."""
    kind = event.kind
    if kind == "register":
        _expect_subject(event, event.source)
        return
    known = state.table(kind).get(event.subject_id)
    if event.type in _CREATING:
        _check_new(event, kind, known)
    elif known is None:
        sentence = say("expected an existing {kind}, got {got}", kind=name_kind(kind), got=event.subject_id)
        raise NotFound(f"{kind}_unknown", "", sentence)
    else:
        _expect_subject(event, known.url)


def _check_new(event: Event, kind: str, known: object) -> None:
    if known is not None:
        sentence = say("expected a new id, got {got}, which is in use; choose another", got=event.subject_id)
        raise Conflict("id_taken", "", sentence)
    place = f"issuers/{event.data.issuer}/keys" if kind == "key" else _PLACES[kind]
    _expect_subject(event, f"{event.source}/{place}/{event.subject_id}")
    if not _ID.fullmatch(event.subject_id):
        sentence = say("expected a subject that ends in an id (a lower-case UUID)")
        raise Refused("source_not_own", "subject", sentence)


def _expect_subject(event: Event, address: str) -> None:
    if event.subject != address:
        sentence = say("expected the subject {url}, got {got}", url=address, got=event.subject)
        raise Refused("source_not_own", "subject", sentence)


def check_actor(event: Event, state: State) -> None:
    """Refuse an actor whose role may not say this, and one the register does not know (any more)."""
    actor, kind = event.data.actor, event.kind
    if actor.role not in _WHO[kind]:
        allowed = ", ".join(sorted(_WHO[kind]))
        sentence = say("{type} may be said by {allowed}; got {got}", type=event.type, allowed=allowed, got=actor.role)
        raise NotEntitled("not_entitled", "actor", sentence)
    if actor.role == "agency":
        agency = state.agencies.get(actor.organisation or "")
        if agency is None or not is_recognised(agency, event.time):
            sentence = say("expected an agency that this register recognises today")
            raise NotEntitled("not_entitled", "actor", sentence)
    if actor.role == "issuer" and (actor.organisation or "") not in state.issuers:
        raise NotEntitled("not_entitled", "actor", say("expected an issuer that is recorded in this register"))


def is_recognised(agency: AgencyRecord, at: datetime) -> bool:
    """Tell whether an agency is recognised at an instant, as far as its newest version says."""
    withdrawn = agency.withdrawal is not None and agency.withdrawal.effective_from <= at
    return agency.valid.holds(at) and not withdrawn


def must_speak_for(event: Event, issuer: str) -> None:
    """Refuse an issuer that speaks of another one's things."""
    actor = event.data.actor
    if actor.role == "issuer" and actor.organisation != issuer:
        sentence = say("an issuer may say this of itself only; ask the other one to do it")
        raise NotEntitled("not_entitled", "actor", sentence)


def must_be_its_agency(event: Event, agency: str) -> None:
    """Refuse an agency that decides on another one's accreditation."""
    actor: Any = event.data.actor
    if actor.role == "agency" and actor.organisation != agency:
        sentence = say("an agency decides on its own accreditations only; ask the agency that granted it")
        raise NotEntitled("not_entitled", "agency", sentence)
