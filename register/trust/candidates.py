"""Candidates: the accreditations that might answer a question, each with the way that leads to it.

A register that knows the issuer but no accreditation for it yields one candidate without any, which explains a no.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Protocol

from register.records import AccreditationRecord, AgencyRecord, IssuerRecord, RelationRecord, scope_at
from register.scope import UNRESTRICTED, Scope
from register.sentences import Named, Sentence, Term, Value, say
from register.trust.facts import Facts, RegisterFacts
from register.trust.identity import Via, find_same
from register.trust.lineage import Lineage, trace
from register.trust.naming import find_named
from register.trust.question import Question
from register.trust.reasons import INHERITED, SAME, SUCCEEDED, Citation

_AN_AGENCY: Final = say("an agency")


class Entered(Protocol):
    """Any record: it names its ledger entries."""

    @property
    def entries(self) -> tuple[int, ...]:
        """Indexes of the entries it is folded from, ascending."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """One accreditation (or none) as an answer about `asked`.

    `via` is how the question leads to `asked` where it does not name it itself (see identity). `standing` answers for
    `asked` (the same issuer unless `moved` by successions); `source` holds the accreditation (the same as `standing`
    unless `inherited` through relations), `agency` granted it (None: the register holds no such agency). `granted` and
    `recognised` are the scopes of both that held at the instant asked.
    """

    register: RegisterFacts
    asked: IssuerRecord
    standing: IssuerRecord
    moved: tuple[RelationRecord, ...]
    source: IssuerRecord
    inherited: tuple[RelationRecord, ...]
    accreditation: AccreditationRecord | None = None
    agency: AgencyRecord | None = None
    granted: Scope = UNRESTRICTED
    recognised: Scope = UNRESTRICTED
    via: Via | None = None

    @property
    def relations(self) -> tuple[RelationRecord, ...]:
        """Every relation used, in order."""
        return self.moved + self.inherited

    @property
    def issuers(self) -> tuple[IssuerRecord, ...]:
        """Every issuer on the way, each once: asked, standing, source and those that the relations name."""
        if not self.relations:
            return (self.standing,)
        on_the_way = [issuer for relation in self.relations for issuer in (relation.issuer, relation.other)]
        ids = dict.fromkeys([self.asked.id, self.standing.id, self.source.id, *on_the_way])
        records = {record.id: record for record in (self.asked, self.standing, self.source)}
        records |= self.register.issuers
        return tuple(records[issuer] for issuer in ids if issuer in records)

    def cite(self, index: int) -> Citation:
        """Name an entry of this candidate's register."""
        return Citation(self.register.origin, index)

    def cite_first(self, record: Entered) -> Citation | None:
        """Name the entry that a record began with."""
        return self.cite(record.entries[0]) if record.entries else None

    def cite_last(self, record: Entered) -> Citation | None:
        """Name the newest entry of a record."""
        return self.cite(record.entries[-1]) if record.entries else None

    def values(self, question: Question) -> dict[str, Value]:
        """Return what every sentence about this candidate may name."""
        return {
            "register": self.register.name,
            "issuer": name_of(self.standing),
            "source": name_of(self.source),
            "agency": name_of(self.agency) if self.agency else _AN_AGENCY,
            "at": question.at,
        }

    def values_of_source(self, question: Question) -> dict[str, Value]:
        """Return the same for sentences about the accreditation, whose issuer is the one that holds it."""
        return self.values(question) | {"issuer": name_of(self.source)}

    def preamble(self, question: Question) -> tuple[Sentence, ...]:
        """Say which relations lead from the issuer asked about to this candidate."""
        told = [] if self.via is None else [Sentence(SAME, self._name_both(self.via))]
        told += [Sentence(SUCCEEDED, values) for values in self._moves()]
        if self.inherited:
            kind = Term("relations", self.inherited[0].relation)
            told.append(Sentence(INHERITED, {**self.values(question), "relation": kind}))
        return tuple(told)

    def _name_both(self, via: Via) -> dict[str, Value]:
        names: dict[str, Value] = {"named": name_of(via.issuer), "issuer": name_of(self.asked)}
        return names | {"register": self.register.name, "identifier": via.identifier}

    def _moves(self) -> Iterator[dict[str, Value]]:
        issuers, current = self.register.issuers, self.asked.id
        for relation in self.moved:
            following = relation.other if relation.issuer == current else relation.issuer
            old, new = name_of(issuers[current]), name_of(issuers[following])
            yield {"old": old, "new": new, "valid_from": relation.valid.valid_from}
            current = following


def name_of(record: IssuerRecord | AgencyRecord) -> Named:
    """Return the names of an organisation; one without any goes by its id."""
    return Named(record.names, record.country, record.id)


def find_candidates(question: Question, facts: Facts) -> list[Candidate]:
    """Return every candidate of every register that knows the issuer, real ones before those without accreditation."""
    found = [c for register in facts.registers for c in _find_in_register(question, facts, register)]
    return [c for c in found if c.accreditation] or found


def _find_in_register(question: Question, facts: Facts, register: RegisterFacts) -> Iterator[Candidate]:
    asked: list[tuple[IssuerRecord, Via | None]] = [(one, None) for one in find_named(question, facts, register)]
    asked = asked or [*find_same(question, facts, register)]
    if not asked:
        return
    lineage = trace(register.relations, question.at, register.issuers)
    for issuer, via in asked:
        for path in lineage.find_standing(issuer.id):
            standing = register.issuers[path.issuer]
            way = Candidate(register, issuer, standing, path.relations, standing, (), via=via)
            yield from _follow(way, lineage, question)


def _follow(way: Candidate, lineage: Lineage, question: Question) -> Iterator[Candidate]:
    """Complete the way to who answers for the issuer with each accreditation that counts for it, or with none."""
    register = way.register
    sources = {path.issuer: path.relations for path in lineage.find_sources(way.standing.id)}
    held = [accreditation for accreditation in register.accreditations if accreditation.issuer in sources]
    for record in held:
        agency = register.agencies.get(record.agency)
        yield replace(
            way,
            source=register.issuers[record.issuer],
            inherited=sources[record.issuer],
            accreditation=record,
            agency=agency,
            granted=scope_at(record.scope, record.former_scopes, question.at),
            recognised=scope_at(agency.scope, agency.former_scopes, question.at) if agency else UNRESTRICTED,
        )
    if not held:
        yield way
