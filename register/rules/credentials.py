"""Rules for batches of credentials and for withdrawing single ones: each issuer speaks of its own, the operator of all.

A commitment is all that is known of a credential, so nobody can tell whose it is: what an issuer says of one counts
for credentials of that issuer only (register/records/credentials.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from register.errors import Conflict, NotFound, Refused
from register.events import Event
from register.records import CredentialRecord, ProgrammeRecord, StatusChange
from register.records.credentials import credential_id
from register.rules.limits import find, find_issuer, find_open_issuer
from register.rules.refusals import UNDOING_REASONS
from register.rules.standing import must_speak_for
from register.sentences import Coded, Said, Terms, Written, say
from register.state import State


def check_anchored(event: Event, state: State) -> None:
    """An issuer that is open anchors a root once; of a programme, one it offered when the credentials were issued."""
    data = event.data
    must_speak_for(event, data.issuer)
    find_open_issuer(state, data.issuer, event.time)
    if data.programme is not None:
        _check_programme(event, find(state, "programme", data.programme, "programme"))
    first = state.batches.get(state.batch_of.get((data.issuer, data.root), ""))
    if first is not None:
        sentence = say("this root is anchored already: {url}; nothing is left to do", url=first.url)
        raise Conflict("batch_taken", "root", sentence)


def _check_programme(event: Event, programme: ProgrammeRecord) -> None:
    """Insist on a programme of this issuer that was on offer on a day of issue; where none is said, on that of now."""
    data = event.data
    if data.issuer not in (programme.issuer, *programme.awarding_bodies):
        raise NotFound("programme_unknown", "programme", say("expected a programme of this very issuer"))
    first = data.issued_from or data.issued_until or event.time
    last = data.issued_until or event.time
    begun, ended = programme.valid.valid_from, programme.valid.valid_until
    if programme.closure is not None:
        ended = min(filter(None, (ended, programme.closure.effective_from)))
    if begun is not None and last < begun:
        sentence = say(
            "this programme is offered from {day}, after these credentials were issued; name another, or leave it out",
            day=Written(begun),
        )
        raise Refused("programme_not_offered", "programme", sentence)
    if ended is not None and ended <= first:
        sentence = say(
            "this programme ended on {day}, before these credentials were issued; "
            "give the days of issue, or leave it out",
            day=Written(ended),
        )
        raise Refused("programme_not_offered", "programme", sentence)


def check_revoked(event: Event, state: State) -> None:
    """What is not revoked is revoked, suspended or not."""
    for _, field, last in _withdraw(event, state):
        if last is not None:
            _refuse_when_revoked(last, field)


def check_suspended(event: Event, state: State) -> None:
    """What is neither revoked nor suspended is suspended."""
    for _, field, last in _withdraw(event, state):
        if last is not None:
            _refuse_when_revoked(last, field)
            if last.state == "suspended":
                since = Written(last.effective_from)
                sentence = say("this credential is suspended from {since} already", since=since)
                raise Conflict("already_suspended", field, sentence)


def check_reinstated(event: Event, state: State) -> None:
    """What is suspended counts again from a later date; what was revoked, only where that was wrong."""
    data = event.data
    at = data.effective_from or event.time
    for _, field, last in _withdraw(event, state):
        if last is None or last.state == "reinstated":
            sentence = say("expected a credential that is suspended, or revoked by mistake")
            raise Conflict("not_suspended", field, sentence)
        if last.state == "revoked" and data.reason not in UNDOING_REASONS:
            sentence = say(
                "to take back a revocation give one of {reasons}; got {got}",
                reasons=_name_reasons(*sorted(UNDOING_REASONS)),
                got=_name_reasons(data.reason),
            )
            raise Refused("reason_does_not_undo", "reason", sentence)
        undone = data.reason in UNDOING_REASONS
        if at < last.effective_from or (at == last.effective_from and not undone):
            sentence = say(
                "expected a date after it was {state} ({begun}), got {got}",
                state=_STATES.get(last.state, last.state),
                begun=Written(last.effective_from),
                got=Written(at),
            )
            raise Refused("effective_outside_period", "effective_from", sentence)


_STATES: Final[Mapping[str, Said]] = {
    "revoked": say("revoked"),
    "suspended": say("suspended"),
    "reinstated": say("reinstated"),
}


def _name_reasons(*codes: str) -> Coded:
    return Coded(", ".join(codes), Terms("credential-reasons", codes))


def _withdraw(event: Event, state: State) -> list[tuple[CredentialRecord | None, str, StatusChange | None]]:
    """Return for each commitment its record, its field and what was said of it last, once all else is in order.

    A closed issuer's credentials may be withdrawn: somebody has to, when fraud comes to light.
    """
    data: Any = event.data
    must_speak_for(event, data.issuer)
    find_issuer(state, data.issuer)
    if data.batch is not None and find(state, "batch", data.batch, "batch").issuer != data.issuer:
        raise NotFound(
            "batch_unknown", "batch", say("expected a batch of this very issuer; leave it out, or name its own")
        )
    found = []
    for number, commitment in enumerate(data.commitments):
        record = state.credentials.get(credential_id(data.issuer, commitment))
        if record is not None and data.status is not None:
            _insist_on_place(record, data.status[number], number)
        found.append((record, f"commitments.{number}", record.changes[-1] if record else None))
    return found


def _insist_on_place(record: CredentialRecord, place: Any, number: int) -> None:
    """The credential in its holder's hands names one place; a bit elsewhere would be read by nobody."""
    if record.status not in (None, place):
        sentence = say(
            "this credential has its place in list {list} at {index} already; leave `status` out, or name that one",
            list=record.status.list,
            index=record.status.index,
        )
        raise Conflict("status_moved", f"status.{number}", sentence)


def _refuse_when_revoked(last: StatusChange, field: str) -> None:
    if last.state == "revoked":
        since = Written(last.effective_from)
        raise Conflict("already_revoked", field, say("this credential is revoked from {since} already", since=since))
