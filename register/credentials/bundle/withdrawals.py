"""Withdrawals: what a bundle holds about an issuer's anchored credentials, looked up commitment by commitment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal

from register.credentials.bundle.index import name_commitment, name_withdrawals
from register.credentials.bundle.ledger import Ledger
from register.credentials.ports import Withdrawal

_STATES: Final[Mapping[str, Literal["revoked", "suspended", "reinstated"]]] = {
    "credential.revoked": "revoked",
    "credential.suspended": "suspended",
    "credential.reinstated": "reinstated",
}


class ByCommitment(Mapping[str, tuple[Withdrawal, ...]]):
    """What was said of each commitment (64 hex digits) of an issuer; only what is asked for is read and proven.

    An issuer may have withdrawn a hundred thousand: to list them all takes as long as that many take.
    """

    def __init__(self, ledger: Ledger, issuer: str) -> None:
        self._ledger = ledger
        self._issuer = issuer

    def __getitem__(self, commitment: str) -> tuple[Withdrawal, ...]:
        """Return what was said of a commitment, in ledger order; raises KeyError when nothing was."""
        found = self._ledger.find(name_commitment(self._issuer, commitment))
        said = [one for one in found if commitment in self._ledger.read_event(one).data.commitments]
        if not said:
            raise KeyError(commitment)
        return tuple(self._read(index) for index in said)

    def __iter__(self) -> Iterator[str]:
        """Yield every commitment of which something was said, each once."""
        entries = self._ledger.find(name_withdrawals(self._issuer))
        named = (commitment for index in entries for commitment in self._ledger.read_event(index).data.commitments)
        return iter(dict.fromkeys(named))

    def __len__(self) -> int:
        """Return of how many commitments something was said."""
        return sum(1 for _ in self)

    def _read(self, index: int) -> Withdrawal:
        event = self._ledger.read_event(index)
        return Withdrawal(
            state=_STATES[event.type],
            effective_from=event.data.effective_from or event.time,
            reason=event.data.reason,
            origin=self._ledger.origin,
            index=index,
            recorded_at=event.time,
        )
