"""Rules for programmes, keys and mandates."""

from __future__ import annotations

from typing import Any

from register.errors import Conflict, Refused
from register.events import Event
from register.records import KeyRecord, MandateRecord, ProgrammeRecord
from register.rules.limits import check_amendment, check_extension, find_issuer, find_open_issuer, overlap
from register.rules.organisations import last_use
from register.rules.standing import must_speak_for
from register.sentences import Coded, Term, Written, say
from register.state import State


def check_programme_registered(event: Event, state: State) -> None:
    """A programme of an issuer that was open then, awarded by issuers that exist."""
    must_speak_for(event, event.data.issuer)
    find_open_issuer(state, event.data.issuer, event.data.valid_until)
    _check_awarding_bodies(event, state)


def _check_awarding_bodies(event: Event, state: State) -> None:
    for position, body in enumerate(event.data.awarding_bodies or ()):
        find_issuer(state, body, f"awarding_bodies.{position}")


def check_programme_amended(event: Event, state: State) -> None:
    """The same as at registration, for what changes."""
    programme: ProgrammeRecord = state.programmes[event.subject_id]
    must_speak_for(event, programme.issuer)
    check_amendment(event, programme)
    check_extension(programme, event.data, state)
    _check_awarding_bodies(event, state)


def check_programme_closed(event: Event, state: State) -> None:
    """A programme ends once."""
    programme: ProgrammeRecord = state.programmes[event.subject_id]
    must_speak_for(event, programme.issuer)
    if programme.closure:
        day = Written(programme.closure.effective_from)
        raise Conflict("already_closed", "", say("closed already on {day}", day=day))


def check_key_bound(event: Event, state: State) -> None:
    """A key belongs to one issuer at a time, as key and as identifier; that it passed on is not for issuers to say."""
    data = event.data
    must_speak_for(event, data.issuer)
    find_open_issuer(state, data.issuer, data.valid_until)
    for holder in sorted(state.claims.get((data.kind, data.value), ())):
        for key in state.belonging("key", holder):
            same = (key.kind, key.value) == (data.kind, data.value)
            if same and (_still_bound(key, data) or _takes_over(event, key)):
                _refuse_key(key, data.issuer)
        _check_identifiers(data, holder, state)


def _still_bound(key: KeyRecord, data: Any) -> bool:
    return overlap(data.valid_from, data.valid_until, key.valid.valid_from, last_use(key))


def _takes_over(event: Event, key: KeyRecord) -> bool:
    """Tell whether an issuer says by itself that another one's key was or will be its own.

    Nothing here proves that it ever held the key; by reporting it stolen it would then spoil the other one's.
    """
    data = event.data
    said_by_itself: bool = data.actor.role == "issuer"
    return said_by_itself and key.issuer != data.issuer


def _refuse_key(key: KeyRecord, issuer: str) -> None:
    if key.issuer == issuer:
        sentence = say("this key is, or was when compromised, the issuer's own: {url}", url=key.url)
        raise Conflict("key_already_bound", "value", sentence)
    sentence = say(
        "this key is bound to another issuer: {url}; it has to be revoked there first, and "
        "that it passed on is said by an agency or the operator",
        url=key.url,
    )
    raise Conflict("key_taken", "value", sentence)


def _check_identifiers(data: Any, holder: str, state: State) -> None:
    other = state.issuers.get(holder)
    if other is None or holder == data.issuer or other.quarantine:
        return
    for claim in other.identifiers:
        same = (claim.scheme, claim.value) == (data.kind, data.value)
        if same and overlap(data.valid_from, data.valid_until, claim.valid_from, claim.valid_until):
            sentence = say("another issuer has this as its identifier: {url}", url=other.url)
            raise Conflict("key_taken", "value", sentence)


def check_key_revoked(event: Event, state: State) -> None:
    """A key is revoked once; that it was compromised may come to light later."""
    key: KeyRecord = state.keys[event.subject_id]
    must_speak_for(event, key.issuer)
    worse = event.data.reason == "compromised" and key.revocation and key.revocation.reason != "compromised"
    if key.revocation and not worse:
        reason = Coded(key.revocation.reason, Term("key-reasons", key.revocation.reason))
        sentence = say("revoked already as {reason}; only a compromise can follow", reason=reason)
        raise Conflict("already_revoked", "", sentence)


def check_mandate_granted(event: Event, state: State) -> None:
    """Two different issuers, both open for as long as the mandate lasts."""
    data = event.data
    must_speak_for(event, data.awarding_body)
    if data.awarding_body == data.sealer:
        sentence = say("expected two different organisations; an issuer needs no mandate of its own")
        raise Refused("same_party", "sealer", sentence)
    find_open_issuer(state, data.awarding_body, data.valid_until, "awarding_body")
    find_open_issuer(state, data.sealer, data.valid_until, "sealer")


def check_mandate_revoked(event: Event, state: State) -> None:
    """A mandate is revoked once."""
    mandate: MandateRecord = state.mandates[event.subject_id]
    must_speak_for(event, mandate.awarding_body)
    if mandate.revocation:
        raise Conflict("already_revoked", "", say("the mandate is revoked already"))
