"""A long history is folded, so that what stands below it is not pages away on a phone."""

from __future__ import annotations

import re

from register import commands
from register.payloads import IssuerChanges
from tests import factories
from tests.site.conftest import Register
from tests.site.test_pages import read, words


def grow(issuer: str, many: int) -> None:
    for number in range(many):
        changes = IssuerChanges.model_validate({"website": f"https://www.college.example/{number}"})
        commands.amend_issuer(issuer, changes, actor=factories.OPERATOR)


def count_entries(page: str) -> tuple[int, int]:
    """Return how many entries of the history stand open, and how many are folded."""
    history = page.partition('id="history"')[2].partition("</section>")[0]
    shown, _, folded = history.partition('<details class="unfolds">')
    return shown.count("<li>"), folded.count("<li>")


def test_ten_entries_of_a_long_history_stand_open_and_the_rest_are_folded_in_their_order(register: Register) -> None:
    grow(register.merged, 11)
    path = f"/issuers/{register.merged}"
    assert count_entries(read(register, path)) == (13, 0)
    grow(register.merged, 1)
    page = read(register, path)
    assert count_entries(page) == (10, 4)
    assert "4 more" in words(page)
    history = page.partition('id="history"')[2].partition("</section>")[0]
    indices = [int(index) for index in re.findall(r"/ledger/entries/(\d+)\"", history)]
    assert indices == sorted(indices, reverse=True)
    assert "<summary>4 more</summary>" in read(register, f"{path}/changes")
