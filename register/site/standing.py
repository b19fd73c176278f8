"""Standing: everything a page says about how an issuer stands at an instant, from one query of facts.

The verdict is the trust decision itself (register.trust), asked without a limit; what every single accreditation
contributes comes from the same links. Nothing is judged here a second time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ledger.logs import SignedCheckpointRow
from register.identifiers import NODE, Identifier
from register.queries.facts import Gathered, gather_facts, gather_many
from register.records import AccreditationRecord, AgencyRecord, IssuerRecord, KeyRecord, MandateRecord, RelationRecord
from register.scope import Scope, intersect
from register.trust import AskedQuestion, Decision, Question, Reason, RegisterFacts, TreeSize, decide
from register.trust.candidates import find_candidates
from register.trust.identity import Also, list_also
from register.trust.judgement import judge
from register.trust.links import find_state


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
class IssuerStanding:
    """An issuer at two instants: the decision about it and the records around it."""

    instants: Instants
    issuer: IssuerRecord
    decision: Decision
    register: RegisterFacts
    contributions: tuple[Contribution, ...]
    checkpoint: SignedCheckpointRow | None
    also: tuple[Also, ...] = ()

    @property
    def counting(self) -> list[Contribution]:
        """The accreditations that entitle at the instant asked."""
        return [contribution for contribution in self.contributions if contribution.counts]

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
    """Return how each issuer that an identifier names stands; one query. Empty: nobody of that name is known.

    `limits` ask for a scope, by the names of a question's fields.
    Raises NotUnderstood (field `known_at`) for a ledger or size not held here.
    """
    asked = _ask(identifier, instants, **limits)
    return read_standings(gather_facts(asked, instants.now), asked, instants)


def find_standings(ids: Sequence[str], instants: Instants) -> dict[str, IssuerStanding]:
    """Return how many issuers stand, by id, with one query."""
    asked = [_ask(Identifier(NODE, issuer), instants) for issuer in ids]
    if not asked:
        return {}
    found = zip(asked, gather_many(asked, instants.now), strict=True)
    return {one.issuer.id: one for question, gathered in found for one in read_standings(gathered, question, instants)}


def _ask(identifier: Identifier, instants: Instants, **limits: Any) -> AskedQuestion:
    question = Question(issuer=identifier, at=instants.at, **limits)
    return AskedQuestion(question, instants.known_instant, instants.known_size)


def read_standings(gathered: Gathered, asked: AskedQuestion, instants: Instants) -> list[IssuerStanding]:
    """Return how each issuer that a question names stands, from facts; pure."""
    facts = gathered.facts
    own = next((register for register in facts.registers if register.own), None)
    if own is None:
        return []
    question = asked.known_as({register.origin: register.size for register in facts.registers})
    decision = decide(question, facts)
    contributions = tuple(_list_contributions(question, gathered, own))
    checkpoint = gathered.checkpoints.get(own.origin)
    return [
        IssuerStanding(
            instants,
            issuer,
            decision,
            own,
            contributions,
            checkpoint,
            tuple(list_also(facts, issuer, own.origin, question.at)),
        )
        for issuer in facts.issuers_asked(own)
    ]


def _list_contributions(question: Question, gathered: Gathered, own: RegisterFacts) -> list[Contribution]:
    """Return the accreditations that bear on the issuer, the weightiest first.

    What another issuer holds is told only when it counts for this one: a former institution's page shows its own
    record, not that of its successor.
    """
    asked = {issuer.id for issuer in gathered.facts.issuers_asked(own)}
    found: dict[str, Contribution] = {}
    for candidate in find_candidates(question, gathered.facts):
        record = candidate.accreditation
        if record is None or record.id in found or candidate.register.origin != own.origin:
            continue
        faults = judge(question, candidate).faults
        foreign = record.issuer not in asked
        if foreign and (faults or candidate.moved):
            continue
        found[record.id] = Contribution(
            record=record,
            holder=candidate.source,
            agency=candidate.agency,
            state=find_state(record, question.at),
            scope=intersect(candidate.granted, candidate.recognised),
            faults=faults,
            inherited=candidate.inherited if foreign else (),
            passed_on=bool(candidate.moved),
        )
    return sorted(found.values(), key=_weight)


def _weight(one: Contribution) -> tuple[bool, bool, bool, int]:
    """Those that count first, own before inherited, of the whole institution before of a part, newest first."""
    return not one.counts, bool(one.inherited), one.record.kind != "institutional", -one.record.granted.index
