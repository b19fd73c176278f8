"""Standing: everything a page says about how an issuer stands at an instant, from one query of facts.

The verdict is the trust decision itself (register.trust), asked without a limit; what every single accreditation
contributes comes from the same links. Nothing is judged here a second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ledger.logs import SignedCheckpointRow
from register.identifiers import NODE, Identifier
from register.queries.facts import Gathered, gather_facts, gather_many
from register.records import AccreditationRecord, AgencyRecord, IssuerRecord, KeyRecord, MandateRecord, RelationRecord
from register.scope import Scope, intersect
from register.trust import AskedQuestion, Decision, Facts, Question, Reason, RegisterFacts, TreeSize
from register.trust.identity import Also, list_also
from register.trust.judgement import Judged, judge_all, weigh
from register.trust.links import find_state
from register.trust.naming import find_named


@dataclass(frozen=True, slots=True)
class Instants:
    """The two dates of a page: what held `at`, as the register knew `known_at` (an instant or a tree size).

    `today` says that the reader named no date: the page then speaks in the present.
    """

    at: datetime
    now: datetime
    today: bool = True
    known_instant: datetime | None = None
    known_size: TreeSize | None = None

    @property
    def pinned(self) -> bool:
        """Whether an earlier knowledge of the register is asked for."""
        return self.known_instant is not None or self.known_size is not None


@dataclass(frozen=True, slots=True)
class Contribution:
    """One accreditation as it bears on the issuer: its state, whether it counts, and if not, why.

    `holder` is the issuer it was granted to, `inherited` the relations by which it reaches the one asked about.
    `scope` is what it lets through together with what its agency is recognised for. `passed_on` says that a successor
    answers for the issuer, and so uses it now.
    """

    record: AccreditationRecord
    holder: IssuerRecord
    agency: AgencyRecord | None
    state: str
    scope: Scope
    faults: tuple[Reason, ...] = ()
    inherited: tuple[RelationRecord, ...] = ()
    passed_on: bool = False

    @property
    def counts(self) -> bool:
        """Whether it entitles on its own."""
        return not self.faults


@dataclass(frozen=True, slots=True)
class OtherRecord:
    """Another register's record of the institution, and what its accreditations contribute to the answer."""

    also: Also
    contributions: tuple[Contribution, ...]

    @property
    def uncounted(self) -> list[AccreditationRecord]:
        """Accreditations of that record to which the decision does not look: its register has no say about it."""
        weighed = {one.record.id for one in self.contributions}
        held = self.also.register.accreditations
        return [one for one in held if one.issuer == self.also.issuer.id and one.id not in weighed]


@dataclass(frozen=True, slots=True)
class IssuerStanding:
    """An issuer of one register at two instants: the decision about it and the records around it.

    `others` are the records that other registers have of the same institution.
    """

    instants: Instants
    issuer: IssuerRecord
    decision: Decision
    register: RegisterFacts
    contributions: tuple[Contribution, ...]
    checkpoint: SignedCheckpointRow | None
    others: tuple[OtherRecord, ...] = ()

    @property
    def counting(self) -> list[Contribution]:
        """The accreditations that entitle at the instant asked: of this register, else of the others."""
        own = [contribution for contribution in self.contributions if contribution.counts]
        return own or [one for other in self.others for one in other.contributions if one.counts]

    @property
    def lead(self) -> Also | None:
        """The record of another register that speaks for the institution's country where this one's does not.

        Where several speak for it, ours comes first. None: this record leads.
        """
        here = self.issuer.quarantine is None and self.register.speaks_for(self.issuer.country)
        if self.register.own:
            return None
        same = [
            one.also for one in self.others if one.also.territorial and one.also.issuer.country == self.issuer.country
        ]
        best = min(same, key=lambda also: (not also.register.own, also.register.origin), default=None)
        if best is None or not here or best.register.own:
            return best
        return best if best.register.origin < self.register.origin else None

    @property
    def institution(self) -> set[tuple[str, str]]:
        """Origin and id of every record of it."""
        others = {(one.also.register.origin, one.also.issuer.id) for one in self.others}
        return {(self.register.origin, self.issuer.id), *others}

    @property
    def own(self) -> list[Contribution]:
        """The accreditations granted to this very issuer."""
        return [contribution for contribution in self.contributions if contribution.record.issuer == self.issuer.id]

    @property
    def keys(self) -> list[KeyRecord]:
        """The issuer's keys."""
        return [key for key in self.register.keys if key.issuer == self.issuer.id]

    @property
    def relations(self) -> list[RelationRecord]:
        """The relations the issuer is part of."""
        return [relation for relation in self.register.relations if self.issuer.id in (relation.issuer, relation.other)]

    @property
    def mandates(self) -> list[MandateRecord]:
        """The mandates the issuer has given."""
        return [mandate for mandate in self.register.mandates if mandate.awarding_body == self.issuer.id]


def find_standing(identifier: Identifier, instants: Instants, **limits: Any) -> list[IssuerStanding]:
    """Return how each issuer that an identifier names stands, ours first; one query. Empty: nobody is known by it.

    `limits` ask for a scope, by the names of a question's fields; `written` is the address that was asked for.
    Raises NotUnderstood (field `known_at`) for a ledger or size not held here.
    """
    asked = _ask(identifier, instants, **limits)
    return read_standings(gather_facts(asked, instants.now), asked, instants)


def find_standings(issuers: Sequence[IssuerRecord], instants: Instants) -> dict[str, IssuerStanding]:
    """Return how many issuers of any registers stand, by their addresses, with one query."""
    asked = [_ask(Identifier(NODE, issuer.id), instants, written=issuer.url) for issuer in issuers]
    if not asked:
        return {}
    found = zip(asked, gather_many(asked, instants.now), strict=True)
    return {one.issuer.url: one for question, gathered in found for one in read_standings(gathered, question, instants)}


def _ask(identifier: Identifier, instants: Instants, **limits: Any) -> AskedQuestion:
    question = Question(issuer=identifier, at=instants.at, **limits)
    return AskedQuestion(question, instants.known_instant, instants.known_size)


def read_standings(gathered: Gathered, asked: AskedQuestion, instants: Instants) -> list[IssuerStanding]:
    """Return how each issuer that a question names stands, from facts; pure."""
    facts = gathered.facts
    if not any(register.own for register in facts.registers):
        return []
    question = asked.known_as({register.origin: register.size for register in facts.registers})
    judged = judge_all(question, facts)
    decision = weigh(question, facts, judged)
    return [
        IssuerStanding(
            instants,
            issuer,
            decision,
            register,
            tuple(_list_contributions(question, judged, register, issuer)),
            gathered.checkpoints.get(register.origin),
            tuple(_list_others(question, facts, judged, register, issuer)),
        )
        for register in sorted(facts.heard, key=lambda one: not one.own)
        for issuer in find_named(question, facts, register)
    ]


def _list_others(
    question: Question, facts: Facts, judged: Sequence[Judged], register: RegisterFacts, issuer: IssuerRecord
) -> Iterator[OtherRecord]:
    for also in list_also(facts, issuer, register.origin, question.at):
        yield OtherRecord(also, tuple(_list_contributions(question, judged, also.register, also.issuer)))


def _list_contributions(
    question: Question, judged: Iterable[Judged], register: RegisterFacts, issuer: IssuerRecord
) -> list[Contribution]:
    """Return the accreditations of a register that bear on its record of the issuer, the weightiest first.

    What another issuer holds is told only when it counts for this one: a former institution's page shows its own
    record, not that of its successor.
    """
    found: dict[str, Contribution] = {}
    for one in judged:
        candidate, record = one.candidate, one.candidate.accreditation
        here = candidate.register.origin == register.origin and candidate.asked.id == issuer.id
        if record is None or record.id in found or not here:
            continue
        foreign = record.issuer != issuer.id
        if foreign and (one.faults or candidate.moved):
            continue
        found[record.id] = Contribution(
            record=record,
            holder=candidate.source,
            agency=candidate.agency,
            state=find_state(record, question.at),
            scope=intersect(candidate.granted, candidate.recognised),
            faults=one.faults,
            inherited=candidate.inherited if foreign else (),
            passed_on=bool(candidate.moved),
        )
    return sorted(found.values(), key=_weight)


def _weight(one: Contribution) -> tuple[bool, bool, bool, int]:
    """Those that count first, own before inherited, of the whole institution before of a part, newest first."""
    return not one.counts, bool(one.inherited), one.record.kind != "institutional", -one.record.granted.index
