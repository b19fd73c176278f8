"""Lineage: whose record answers for an issuer at an instant, and whose accreditations it may use.

Only relations that say so, and only within their dates. A merger, absorption or succession moves the question to the
successor, who also inherits what its predecessors held. A faculty, branch, member of an alliance, franchisee or
spin-off inherits from the other one: a single such step, so that an alliance's accreditation does not wander through
its members to their franchises. Each issuer is visited once, so that circles end and cost nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from register.records import RelationRecord

SUCCEEDED_BY_OTHER: Final = frozenset({"merged_into"})
SUCCEEDS_OTHER: Final = frozenset({"absorbed", "succeeded"})
MEMBER_OF_OTHER: Final = frozenset({"faculty_of", "branch_of", "alliance", "franchise", "spun_off"})


class Step(NamedTuple):
    """From one issuer to another, by the relation that says so."""

    issuer: str
    relation: RelationRecord


class Path(NamedTuple):
    """An issuer reached, and the relations followed to it in order; none when it is where the path began."""

    issuer: str
    relations: tuple[RelationRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Lineage:
    """The relations that pass accreditations on at one instant, by the issuer they start from."""

    successors: Mapping[str, list[Step]]
    predecessors: Mapping[str, list[Step]]
    sponsors: Mapping[str, list[Step]]

    def find_standing(self, issuer: str) -> list[Path]:
        """Return who answers for an issuer: itself, or those it passed into, the end of each line.

        A circle of successions names no successor, so the issuer then answers for itself.
        """
        reached = _walk(Path(issuer), self.successors)
        return [path for path in reached if not self.successors.get(path.issuer)] or [Path(issuer)]

    def find_sources(self, issuer: str) -> list[Path]:
        """Return the issuers whose accreditations count for this one: itself first, then the inherited ones."""
        starts = [Path(issuer)] + [Path(step.issuer, (step.relation,)) for step in self.sponsors.get(issuer, ())]
        found: dict[str, Path] = {}
        for start in starts:
            for path in _walk(start, self.predecessors):
                found.setdefault(path.issuer, path)
        return list(found.values())


def _walk(start: Path, steps: Mapping[str, list[Step]]) -> list[Path]:
    """Return every issuer that steps lead to, nearest first, each once by its shortest path."""
    reached = {start.issuer: start}
    queue = [start]
    for path in queue:
        for step in steps.get(path.issuer, ()):
            if step.issuer not in reached:
                reached[step.issuer] = Path(step.issuer, (*path.relations, step.relation))
                queue.append(reached[step.issuer])
    return queue


def read_succession(relation: RelationRecord) -> tuple[str, str] | None:
    """Return (predecessor, successor) of a merger, absorption or succession, None for any other relation."""
    if relation.relation in SUCCEEDED_BY_OTHER:
        return relation.issuer, relation.other
    return (relation.other, relation.issuer) if relation.relation in SUCCEEDS_OTHER else None


def trace(relations: Iterable[RelationRecord], at: datetime, known: Mapping[str, object]) -> Lineage:
    """Sort the relations that pass accreditations on at `at`; one that names an issuer not in `known` leads nowhere."""
    lineage = Lineage(defaultdict(list), defaultdict(list), defaultdict(list))
    for relation in relations:
        if (
            relation.accreditations_pass_on
            and relation.valid.holds(at)
            and {relation.issuer, relation.other} <= known.keys()
        ):
            _sort_in(relation, lineage)
    return lineage


def _sort_in(relation: RelationRecord, lineage: Lineage) -> None:
    succession = read_succession(relation)
    if succession:
        old, new = succession
        lineage.successors[old].append(Step(new, relation))
        lineage.predecessors[new].append(Step(old, relation))
    elif relation.relation in MEMBER_OF_OTHER:
        lineage.sponsors[relation.issuer].append(Step(relation.other, relation))
