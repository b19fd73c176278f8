"""Rules: whether an event may follow from the state. Pure; `check` returns nothing or raises Refused.

The same rules judge our own commands before anything is stored, a peer's entries (a refusal quarantines them) and
every entry of an audit. Each refusal has a code, the field at fault, and a sentence: expected, got, what to do.
REFUSALS lists every code; register/README.md explains them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from register.events import Event
from register.rules import accreditations, credentials, federation, offers, organisations
from register.rules.refusals import REFUSALS, UNDOING_REASONS
from register.rules.standing import check_actor, check_place, check_subject
from register.state import State

__all__ = ["REFUSALS", "UNDOING_REASONS", "check"]


def check(event: Event, state: State) -> None:
    """Raise Refused (or NotEntitled, NotFound, Conflict) unless the event may follow from the state."""
    check_place(event, state)
    check_actor(event, state)
    check_subject(event, state)
    _RULES[event.type](event, state)


_RULES: Final[Mapping[str, Callable[[Event, State], None]]] = {
    "register.opened": organisations.accept,
    "agency.recognised": organisations.accept,
    "agency.amended": organisations.check_agency_amended,
    "agency.withdrawn": organisations.check_agency_withdrawn,
    "issuer.registered": organisations.check_issuer_registered,
    "issuer.amended": organisations.check_issuer_amended,
    "issuer.closed": organisations.check_issuer_closed,
    "issuer.related": organisations.check_issuer_related,
    "programme.registered": offers.check_programme_registered,
    "programme.amended": offers.check_programme_amended,
    "programme.closed": offers.check_programme_closed,
    "key.bound": offers.check_key_bound,
    "key.revoked": offers.check_key_revoked,
    "mandate.granted": offers.check_mandate_granted,
    "mandate.revoked": offers.check_mandate_revoked,
    "accreditation.granted": accreditations.check_granted,
    "accreditation.amended": accreditations.check_amended,
    "accreditation.suspended": accreditations.check_suspended,
    "accreditation.reinstated": accreditations.check_reinstated,
    "accreditation.revoked": accreditations.check_revoked,
    "peer.recognised": federation.check_peer_recognised,
    "peer.amended": federation.check_peer_amended,
    "peer.withdrawn": federation.check_peer_withdrawn,
    "fork.reported": federation.check_fork_reported,
    "register.key_rotated": federation.check_key_rotated,
    "credentials.anchored": credentials.check_anchored,
    "credential.revoked": credentials.check_revoked,
    "credential.suspended": credentials.check_suspended,
    "credential.reinstated": credentials.check_reinstated,
}
