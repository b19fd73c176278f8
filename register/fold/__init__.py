"""Fold: what follows from an accepted event — the new newest versions of the records it touches.

One function per event type, pure: (event, recorded, state) → changes. The rules were checked before (register/rules);
a record that an event refers to and the state lacks raises NotFound, which is how a partial replay notices a gap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from register.events import Event
from register.fold import accreditations, credentials, federation, offers, organisations
from register.fold.organisations import PASSING_ON
from register.records import Recorded
from register.state import Change, State

__all__ = ["PASSING_ON", "apply", "changes_of"]


def apply(event: Event, recorded: Recorded, state: State) -> list[Change]:
    """Compute the changes that follow from an event, adopt them into the state, and return them."""
    changes = changes_of(event, recorded, state)
    state.adopt(changes)
    return changes


def changes_of(event: Event, recorded: Recorded, state: State) -> list[Change]:
    """Compute the changes that follow from an event, leaving the state as it is."""
    return _FOLDS[event.type](event, recorded, state)


_FOLDS: Final[Mapping[str, Callable[[Event, Recorded, State], list[Change]]]] = {
    "register.opened": organisations.open_register,
    "agency.recognised": organisations.recognise_agency,
    "agency.amended": organisations.amend_agency,
    "agency.withdrawn": organisations.withdraw_agency,
    "issuer.registered": organisations.register_issuer,
    "issuer.amended": organisations.amend_issuer,
    "issuer.closed": organisations.close_issuer,
    "issuer.related": organisations.relate_issuer,
    "programme.registered": offers.register_programme,
    "programme.amended": offers.amend_programme,
    "programme.closed": offers.close_programme,
    "key.bound": offers.bind_key,
    "key.revoked": offers.revoke_key,
    "mandate.granted": offers.grant_mandate,
    "mandate.revoked": offers.revoke_mandate,
    "accreditation.granted": accreditations.grant_accreditation,
    "accreditation.amended": accreditations.amend_accreditation,
    "accreditation.suspended": accreditations.suspend_accreditation,
    "accreditation.reinstated": accreditations.reinstate_accreditation,
    "accreditation.revoked": accreditations.revoke_accreditation,
    "peer.recognised": federation.recognise_peer,
    "peer.amended": federation.amend_peer,
    "peer.withdrawn": federation.withdraw_peer,
    "fork.reported": federation.report_fork,
    "register.key_rotated": federation.rotate_key,
    "credentials.anchored": credentials.anchor_batch,
    "credential.revoked": credentials.revoke_credentials,
    "credential.suspended": credentials.suspend_credentials,
    "credential.reinstated": credentials.reinstate_credentials,
}
