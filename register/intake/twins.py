"""Finds institutions a list names twice and makes one of them; identifiers that contradict are dropped, never guessed.

Two rows are the same institution if, in the same country,
- their folded names, street and postcode are equal (the same body under two charters), or
- they share an identifier and their names are alike (`measure_likeness` ≥ 0.6).
An identifier that rows of different names share belongs to nobody for certain: it is left out of all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from register.intake.names import fold_name, measure_likeness
from register.intake.rows import Identifier, Institution, RowProblem

ALIKE = 0.6


def unite_twins(institutions: Sequence[Institution]) -> tuple[list[Institution], list[RowProblem]]:
    """Give each institution once, in file order, with a note for every union and every dropped identifier."""
    groups, disputed = _group(institutions)
    united, problems = [], _note_disputed(institutions, disputed)
    for members in groups:
        ranked = sorted((institutions[place] for place in members), key=_rank)
        united.append(_drop(_unite(ranked), disputed))
        problems += [_note_twin(ranked[0], twin) for twin in ranked[1:]]
    return united, problems


def _group(institutions: Sequence[Institution]) -> tuple[list[list[int]], set[tuple[str, str]]]:
    leader = list(range(len(institutions)))
    disputed: set[tuple[str, str]] = set()
    by_address: dict[tuple[str, ...], list[int]] = defaultdict(list)
    by_identifier: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, institution in enumerate(institutions):
        if institution.street and institution.postcode:
            by_address[_address(institution)].append(place)
        for identifier in institution.identifiers:
            by_identifier[identifier.scheme, identifier.value].append(place)
    for places in by_address.values():
        _join(leader, places)
    for key, places in by_identifier.items():
        if _are_alike([institutions[place] for place in places]):
            _join(leader, places)
        else:
            disputed.add(key)
    groups: dict[int, list[int]] = defaultdict(list)
    for place in range(len(institutions)):
        groups[_find(leader, place)].append(place)
    return list(groups.values()), disputed


def _address(institution: Institution) -> tuple[str, ...]:
    return (institution.country, fold_name(_name(institution)), fold_name(institution.street), institution.postcode)


def _are_alike(institutions: Sequence[Institution]) -> bool:
    first = institutions[0]
    same_country = all(other.country == first.country for other in institutions)
    return same_country and all(measure_likeness(_name(first), _name(other)) >= ALIKE for other in institutions)


def _find(leader: list[int], place: int) -> int:
    while leader[place] != place:
        leader[place] = leader[leader[place]]
        place = leader[place]
    return place


def _join(leader: list[int], places: Iterable[int]) -> None:
    roots = sorted({_find(leader, place) for place in places})
    for root in roots[1:]:
        leader[root] = roots[0]


def _rank(institution: Institution) -> tuple[int, int]:
    return (-(institution.period[1] or date.min).toordinal(), institution.source_line)


def _unite(ranked: Sequence[Institution]) -> Institution:
    starts = [one.period[0] for one in ranked if one.period[0]]
    identifiers = {(one.scheme, one.value): one for twin in reversed(ranked) for one in twin.identifiers}
    first = ranked[0]
    return replace(
        first,
        website=next((one.website for one in ranked if one.website), ""),
        identifiers=tuple(sorted(identifiers.values(), key=lambda one: (one.scheme, one.value)))
        if len(ranked) > 1
        else first.identifiers,
        period=(min(starts) if starts else None, first.period[1]),
        lines=tuple(line for one in ranked for line in one.lines),
        originals=tuple(original for one in ranked for original in one.originals),
    )


def _drop(institution: Institution, disputed: set[tuple[str, str]]) -> Institution:
    kept = tuple(one for one in institution.identifiers if (one.scheme, one.value) not in disputed)
    return replace(institution, identifiers=kept)


def _note_twin(first: Institution, twin: Institution) -> RowProblem:
    message = (
        f"the same institution as in line {first.source_line}; the two rows became one with both rows' identifiers"
    )
    return RowProblem(twin.source_line, "Legal Name", _name(twin), message, "Nothing, if that is right.")


def _note_disputed(institutions: Sequence[Institution], disputed: set[tuple[str, str]]) -> list[RowProblem]:
    holders: dict[tuple[str, str], list[tuple[int, Identifier]]] = defaultdict(list)
    for institution in institutions:
        for one in institution.identifiers:
            if (one.scheme, one.value) in disputed:
                holders[one.scheme, one.value].append((institution.source_line, one))
    problems = []
    for (scheme, value), found in holders.items():
        lines = ", ".join(str(line) for line, _ in found)
        message = f"lines {lines} name different institutions with this {scheme}; it was left out of all of them"
        problems += [RowProblem(line, scheme, value, message, "Ask its source whose it is.") for line, _ in found]
    return problems


def _name(institution: Institution) -> str:
    return next(iter(institution.names.values()))
