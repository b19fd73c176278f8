"""Bodies of requests about peers; unknown fields are refused by name."""

from __future__ import annotations

from register.payloads import Nested, PeerChanges
from register.payloads.federation import Address, Countries, LogKey, PolicyText, Seconds
from register.texts import LongText, Text

_OTHERWISE = {"url": "address"}
"""Field of a body → the same field of an entry."""


class PeerConfirmation(Nested):
    """A node to be recognised: where it is, and its log key, whose fingerprint was compared with its operator.

    `remit` are countries of its territory (absent: all of it), `policy` the cosignatures asked for (C2SP tlog-policy).
    """

    url: Address
    vkey: LogKey
    remit: Countries | None = None
    max_age_seconds: Seconds | None = None
    policy: PolicyText | None = None
    note: LongText | None = None


class PeerAdjustment(Nested):
    """What is accepted from a peer from now on; absent fields stay, null empties."""

    url: Address | None = None
    remit: Countries | None = None
    max_age_seconds: Seconds | None = None
    policy: PolicyText | None = None
    note: LongText | None = None

    def as_changes(self) -> PeerChanges:
        """Return it as an entry says it."""
        given = {_OTHERWISE.get(name, name): getattr(self, name) for name in self.model_fields_set}
        return PeerChanges.model_validate(given)


class KeyConfirmation(Nested):
    """The log key that a peer signs with now, whose fingerprint was compared with its operator."""

    vkey: LogKey
    note: LongText | None = None


class PauseTerms(Nested):
    """Why a peer is not followed for now."""

    reason: Text | None = None


class ResumeTerms(Nested):
    """Nothing has to be said."""


class ThawTerms(Nested):
    """Why a peer that has forked is followed again."""

    reason: Text
