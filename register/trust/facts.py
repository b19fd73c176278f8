"""Facts: what the registers asked know, cut at the transaction time of the question.

The caller assembles them (from the read model, from a replayed ledger, from an offline bundle) and cuts each ledger
where `known_at` says; nothing here or in the decision looks at an index again, except to cite it. Facts always hold
our own register, and every other one that knows the issuer or could be responsible for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from register.records import (
    AccreditationRecord,
    AgencyRecord,
    IssuerRecord,
    KeyRecord,
    MandateRecord,
    PeerRecord,
    ProgrammeRecord,
    RegisterRecord,
    RelationRecord,
)
from register.trust.reasons import Citation

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""How far ahead of our clock another's may be; a checkpoint dated later proves no freshness."""


class Freshness(NamedTuple):
    """Age of a register's newest verified checkpoint in seconds (None: there is none), and whether it is too old."""

    age_seconds: int | None
    stale: bool


class Recognition(NamedTuple):
    """What our own ledger says, at its cut, of a register that speaks in another one.

    `remit` and `max_age_seconds` as in records.PeerRecord; `vouched` are our own entries that say so, and those that
    say who we are.
    """

    recognised: bool
    remit: tuple[str, ...] | None = None
    max_age_seconds: int | None = None
    vouched: tuple[Citation, ...] = ()


RECOGNISED: Final = Recognition(True)
"""Our own register, and one that whoever asks has chosen to believe."""

NOT_RECOGNISED: Final = Recognition(False)


def read_recognition(own: RegisterRecord | None, peer: PeerRecord | None) -> Recognition:
    """Say what follows from our own record of a peer (None: we have none) and of ourselves."""
    if peer is None or peer.withdrawal is not None:
        return NOT_RECOGNISED
    origin, opening = (own.id, own.entries) if own else ("", ())
    vouched = tuple(Citation(origin, index) for index in (*opening, *peer.entries))
    return Recognition(True, peer.remit, peer.max_age_seconds, vouched)


@dataclass(frozen=True, slots=True)
class RegisterFacts:
    """What one register knew at the cut.

    `size` is the number of its entries used. `recognised`, `remit` and `vouched` as in Recognition; our own register
    is always recognised and needs nobody's word. `checkpoint_*`,
    `age_seconds` and `stale` come from the newest verified checkpoint and `judge_freshness`; `limit_seconds` is the
    policy's. `issuers` holds the issuers asked about and all that relations lead to, `accreditations`, `keys` and
    `mandates` all of these issuers, `keys` moreover every key with the value asked about, whoever holds it.
    """

    origin: str
    size: int
    register: RegisterRecord | None
    own: bool = False
    recognised: bool = True
    remit: tuple[str, ...] | None = None
    vouched: tuple[Citation, ...] = ()
    checkpoint_size: int | None = None
    checkpoint_time: datetime | None = None
    age_seconds: int | None = None
    stale: bool = False
    limit_seconds: int = 86_400
    agencies: Mapping[str, AgencyRecord] = field(default_factory=dict)
    issuers: Mapping[str, IssuerRecord] = field(default_factory=dict)
    accreditations: tuple[AccreditationRecord, ...] = ()
    keys: tuple[KeyRecord, ...] = ()
    relations: tuple[RelationRecord, ...] = ()
    mandates: tuple[MandateRecord, ...] = ()
    programmes: Mapping[str, ProgrammeRecord] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The register's name, or its origin while it has not said one."""
        return self.register.name if self.register else self.origin

    @property
    def countries(self) -> frozenset[str]:
        """The countries it is heard about: its territory, for a peer no more of it than its remit."""
        return frozenset(filter(self.speaks_for, self.register.territory if self.register else ()))

    def speaks_for(self, country: str) -> bool:
        """Tell whether it is heard about a country (alpha-2)."""
        within = self.own or self.remit is None or country in self.remit
        return within and self.register is not None and country in self.register.territory

    @property
    def expires_at(self) -> datetime | None:
        """Until when an answer may lean on it: the policy's limit after its checkpoint.

        When the checkpoint is older than that and still good (it covers a past transaction time), the limit runs from
        the moment of judging instead.
        """
        if self.checkpoint_time is None:
            return None
        age = self.age_seconds or 0
        waived = age if not self.stale and age > self.limit_seconds else 0
        try:
            return self.checkpoint_time + timedelta(seconds=self.limit_seconds + waived)
        except OverflowError:
            return self.checkpoint_time


@dataclass(frozen=True, slots=True)
class Facts:
    """All registers asked, and for each origin the ids of the issuers that the question's identifier names there.

    `shared` are the ids of issuers that another register's records of them lead to, by any identifier in common.
    """

    registers: tuple[RegisterFacts, ...]
    asked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    shared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def heard(self) -> list[RegisterFacts]:
        """The registers that have a say: our own, and those recognised."""
        return [register for register in self.registers if register.own or register.recognised]

    def issuers_asked(self, register: RegisterFacts) -> list[IssuerRecord]:
        """Return the records of the issuers that the identifier names in this register."""
        ids = dict.fromkeys(self.asked.get(register.origin, ()))
        return [register.issuers[issuer] for issuer in ids if issuer in register.issuers]


def judge_freshness(
    checkpoint_time: datetime | None,
    now: datetime,
    known_instant: datetime | None,
    limit_seconds: int,
    covered: bool,
) -> Freshness:
    """Say how old the newest verified checkpoint is and whether that is too old.

    `covered` says that the question names a past transaction time (`known_instant`, or a tree size and no instant)
    and the checkpoint already covers it: what was known then cannot change, so age does not matter. No checkpoint is
    stale; so is one dated more than CLOCK_TOLERANCE ahead of `now`, which proves nothing.
    """
    if checkpoint_time is None:
        return Freshness(None, True)
    age = max(0, int((now - checkpoint_time).total_seconds()))
    if checkpoint_time > now + CLOCK_TOLERANCE:
        return Freshness(age, True)
    if covered and (known_instant is None or known_instant <= checkpoint_time):
        return Freshness(age, False)
    return Freshness(age, age > limit_seconds)
