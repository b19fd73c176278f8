"""Markup that is written without a template: the same words in each language, strangers' texts escaped."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import translation
from django.utils.translation import get_language

from register.records import Period
from register.scope import Scope
from register.site.accreditation_rows import AccreditationRow
from register.site.directory import Directory
from register.site.marks import mark_period, mark_tag
from register.site.recorder import link_entries
from register.site.remembering import remember
from register.site.timeline_svg import label_rows
from register.site.words import Standing, spell_scope
from register.trust import Citation

FIRST, LAST = datetime(2020, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
AHEAD = datetime(2999, 3, 1, tzinfo=UTC)
HOSTILE = "<b>&\"'"


@pytest.mark.parametrize(
    ("period", "said"),
    [
        (Period(FIRST, LAST), ["1 Mar 2020", "28 Feb 2026"]),
        (Period(FIRST, None), ["since", "1 Mar 2020"]),
        (Period(AHEAD, None), ["from ", "1 Mar 2999", " on"]),
        (Period(None, LAST), ["until", "28 Feb 2026"]),
        (Period(None, None), []),
    ],
)
def test_a_period_is_marked_by_its_first_and_last_day(period: Period, said: list[str]) -> None:
    marked = mark_period(period)
    assert all(words in marked for words in said)
    assert marked.count("<time ") == sum(day is not None for day in (period.valid_from, period.valid_until))
    assert marked.count("<span") == marked.count("</span>") == marked.count("<time ")


def test_a_period_that_has_not_begun_is_not_told_as_having_begun() -> None:
    with translation.override("de"):
        assert mark_period(Period(AHEAD, None)).startswith('ab <span class="nowrap"><time ')
        assert mark_period(Period(FIRST, None)).startswith('seit <span class="nowrap"><time ')


def test_what_was_said_in_one_language_is_not_said_again_in_another() -> None:
    asked = []

    @remember
    def say(what: str) -> str:
        asked.append(what)
        return f"{what} in {get_language()}"

    for _ in range(2):
        assert say("it") == "it in en"
        with translation.override("pl"):
            assert say("it") == "it in pl"
    assert asked == ["it", "it"]
    with translation.override("pl"):
        assert "2020" in mark_period(Period(FIRST, None))
        assert mark_period(Period(FIRST, None)) != mark_period(Period(FIRST, LAST))


def test_scopes_that_name_programmes_are_told_and_not_kept() -> None:
    scopes = [Scope(eqf_levels=(6,), programmes=(f"p{number}",)) for number in range(3)]
    assert {spell_scope(scope) for scope in scopes} == {spell_scope(scopes[0])}
    assert "one named programme" in spell_scope(scopes[0]) or "1 named programme" in spell_scope(scopes[0])


def test_texts_of_strangers_are_escaped() -> None:
    standing: Any = Standing("good", HOSTILE)
    record: Any = None
    row = AccreditationRow(record, HOSTILE, "", standing)
    assert "<b>" not in mark_tag(standing)
    assert "<b>" not in str(link_entries([Citation(HOSTILE, 1), Citation("other", 2)]))
    assert "<b>" not in Directory().link(HOSTILE)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(AccreditationRow, "short_title", HOSTILE)
        assert "<b>" not in "".join(label_rows([row])[0])


def test_entries_are_linked_with_their_ledgers_only_where_these_are_several() -> None:
    one = link_entries([Citation("register.nl.example/ledger", 7), Citation("register.nl.example/ledger", 9)])
    assert one == '<a href="/ledger/entries/7">7</a>, <a href="/ledger/entries/9">9</a>'
    two = link_entries([Citation("register.nl.example/ledger", 7), Citation("de.example/ledger", 7)])
    assert "register=de.example" in two
    assert two.count('<span class="soft">') == 2
