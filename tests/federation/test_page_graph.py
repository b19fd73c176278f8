"""The drawing of the federation: everything inside, nothing on top of anything else, nobody in trouble left out."""

from __future__ import annotations

from itertools import pairwise

import pytest

from federation.views.graph import SHOWN, Drawing, Mark, Spot, draw_branches, draw_ring
from register.site.words import Standing

STATES = ["following", "stale", "failing", "frozen", "paused", "withdrawn", "new"]
LONGEST = "frozen: showed two histories"
LETTER, BOLD = 7, 8
"""Widths of a letter of a state and of a name, about, in the drawing's units."""


def spots(count: int, state: str = "following") -> list[Spot]:
    tag = Standing("good", LONGEST)
    return [Spot(f"id-{number}", f"{number}: a register with a long name", state, tag) for number in range(count)]


def box(mark: Mark) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of a mark's two lines of text."""
    width = max(BOLD * len(mark.name), LETTER * len(LONGEST))
    left = {"start": mark.text_x, "middle": mark.text_x - width // 2, "end": mark.text_x - width}[mark.anchor]
    return left, mark.text_y - 12, left + width, mark.text_y + 20


def overlap(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@pytest.mark.parametrize("count", range(1, SHOWN + 1))
@pytest.mark.parametrize("draw", [draw_ring, draw_branches])
def test_texts_lie_inside_and_apart(draw: type[Drawing], count: int) -> None:
    drawing = draw("This register", spots(count))  # type: ignore[call-arg, arg-type]
    boxes = [box(mark) for mark in drawing.marks]
    assert len(boxes) == count + 1
    for left, top, right, bottom in boxes:
        assert left >= 0
        assert top >= 0
        assert right <= drawing.width
        assert bottom <= drawing.height
    for number, one in enumerate(boxes):
        assert not any(overlap(one, other) for other in boxes[number + 1 :])


@pytest.mark.parametrize("draw", [draw_ring, draw_branches])
def test_of_too_many_peers_those_in_trouble_are_drawn(draw: type[Drawing]) -> None:
    many = spots(40)
    many[33] = Spot("bad", "Register bad", "frozen", Standing("bad", "frozen"))
    many[37] = Spot("late", "Register late", "stale", Standing("warn", "late"))
    drawing = draw("This register", many)  # type: ignore[call-arg, arg-type]
    assert {"Register bad", "Register late"} <= {mark.name for mark in drawing.marks}
    assert (len(drawing.marks), drawing.left_out) == (SHOWN + 1, 40 - SHOWN)
    assert sum(link.kind not in ("between", "stem") for link in drawing.links) == SHOWN


@pytest.mark.parametrize("state", STATES)
def test_each_state_has_a_line_of_its_own_class(state: str) -> None:
    assert [link.kind for link in draw_ring("This register", spots(2, state)).links] == [state, state]


def test_peers_that_countersign_each_other_are_joined_once() -> None:
    tag = Standing("good", "following")
    one = Spot("a", "A", "following", tag, frozenset({"b", "c"}))
    other = Spot("b", "B", "following", tag, frozenset({"a", "elsewhere"}))
    third = Spot("c", "C", "following", tag)
    joined = [link for link in draw_ring("This register", [one, other, third]).links if link.kind == "between"]
    assert len(joined) == 2


def test_branches_stand_one_below_the_other() -> None:
    drawing = draw_branches("This register", spots(5))
    assert all(lower.y - upper.y >= 44 for upper, lower in pairwise(drawing.marks))
