"""The graph: this node and its peers as a ring for wide screens, as branches of one stem for phones. Geometry only.

Lines and marks go by class (no inline style); what they mean is in the legend, and all of it in the table.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from django.utils.text import Truncator

from register.site.words import Standing

SHOWN: Final = 12
"""So many peers are drawn; the others are in the table alone."""

_WIDTH: Final = 800
_RADIUS_X: Final = 165
LONGEST: Final = 26
"""Letters of a name that are drawn."""

_MARK: Final = 22
"""Width and height of a node's symbol."""


@dataclass(frozen=True, slots=True)
class Spot:
    """What is drawn of a peer: its id, name, state and tag, and the ids of the peers that countersign it."""

    id: str
    name: str
    state: str
    tag: Standing
    countersigned_by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Mark:
    """One node: its symbol's corner, where its two lines of text begin, and how they are anchored."""

    x: int
    y: int
    text_x: int
    text_y: int
    anchor: Literal["start", "middle", "end"]
    name: str
    tag: Standing | None


@dataclass(frozen=True, slots=True)
class Link:
    """One line; `kind` is the state of the peer it leads to, or `between` two peers."""

    x1: int
    y1: int
    x2: int
    y2: int
    kind: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing in one layout (`wide` or `narrow`); `left_out` peers are in the table alone."""

    layout: str
    width: int
    height: int
    marks: tuple[Mark, ...]
    links: tuple[Link, ...]
    left_out: int
    size: int = _MARK


def choose_spots(spots: Sequence[Spot]) -> list[Spot]:
    """Return the peers that are drawn, in their own order: those in trouble before the others."""
    order = {"frozen": 0, "stale": 1, "failing": 2, "new": 3, "following": 4, "paused": 5, "withdrawn": 6}
    chosen = sorted(spots, key=lambda spot: order[spot.state])[:SHOWN]
    return [spot for spot in spots if spot in chosen]


def draw_ring(own: str, spots: Sequence[Spot]) -> Drawing:
    """Draw this node at the top of a ring of its peers, a line to each, thin ones where peers countersign another."""
    drawn = choose_spots(spots)
    radius_y = 80 + 7 * len(drawn)
    middle_x, middle_y = _WIDTH // 2, radius_y + 62
    points = [_on_ring(index, len(drawn) + 1, middle_x, middle_y, radius_y) for index in range(len(drawn) + 1)]
    places = dict(zip((spot.id for spot in drawn), points[1:], strict=True))
    between = [
        Link(*places[spot.id], *places[other], "between")
        for spot in drawn
        for other in sorted(spot.countersigned_by & places.keys())
        if spot.id < other or spot.id not in _signers(drawn, other)
    ]
    spokes = [Link(*points[0], *places[spot.id], spot.state) for spot in drawn]
    marks = [_place(points[0], own, None, middle_x, middle_y)]
    marks += [_place(places[spot.id], spot.name, spot.tag, middle_x, middle_y) for spot in drawn]
    height = max(max(mark.text_y, mark.y) for mark in marks) + 40
    return Drawing("wide", _WIDTH, height, tuple(marks), (*between, *spokes), len(spots) - len(drawn))


def _signers(drawn: Sequence[Spot], spot_id: str) -> frozenset[str]:
    return next(spot.countersigned_by for spot in drawn if spot.id == spot_id)


def _on_ring(index: int, count: int, middle_x: int, middle_y: int, radius_y: int) -> tuple[int, int]:
    angle = 2 * math.pi * index / count - math.pi / 2
    return round(middle_x + _RADIUS_X * math.cos(angle)), round(middle_y + radius_y * math.sin(angle))


def _place(point: tuple[int, int], name: str, tag: Standing | None, middle_x: int, middle_y: int) -> Mark:
    """Put a node's text outside the ring: beside it, above the topmost, below the lowest."""
    x, y = point
    corner = x - _MARK // 2, y - _MARK // 2
    if abs(x - middle_x) > 12:
        side = 1 if x > middle_x else -1
        return Mark(*corner, x + side * (_MARK // 2 + 9), y - 2, "start" if side > 0 else "end", _cut(name), tag)
    text_y = y - 36 if y < middle_y else y + 32
    return Mark(*corner, x, text_y, "middle", _cut(name), tag)


def _cut(name: str) -> str:
    return Truncator(name).chars(LONGEST)


def draw_branches(own: str, spots: Sequence[Spot]) -> Drawing:
    """Draw this node at the top of a stem with a branch to each peer below the other."""
    drawn = choose_spots(spots)
    step, stem, first = 56, 20, 28
    rows = [(spot, first + step * (number + 1)) for number, spot in enumerate(drawn)]
    links = [Link(stem, first, stem, y, "stem") for _spot, y in rows[-1:]]
    links += [Link(stem, y, stem + 46, y, spot.state) for spot, y in rows]
    marks = [Mark(stem - _MARK // 2, first - _MARK // 2, stem + 24, first - 2, "start", _cut(own), None)]
    for spot, y in rows:
        corner = stem + 46, y - _MARK // 2
        marks.append(Mark(*corner, corner[0] + _MARK + 10, y - 2, "start", _cut(spot.name), spot.tag))
    return Drawing("narrow", 340, first + step * len(rows) + 36, tuple(marks), tuple(links), len(spots) - len(drawn))
