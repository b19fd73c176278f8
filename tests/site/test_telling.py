"""Telling: sentences in the reader's language, strangers' words isolated, what is English marked as English."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.utils.translation import override, trans_real

from register.sentences import Coded, English, LastDay, Minute, Named, Term, Terms, Value, Written, join, say
from register.site.telling import tell, tell_plainly

DAY = datetime(2026, 6, 1, tzinfo=UTC)
MOMENT = datetime(2026, 6, 1, 14, 5, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>"
TEXTS = {
    "It ended on {day}.": "Koniec: {day}.",
    "It is of {name}: {why}": "Wydał <b>{name}</b>: {why}",
    "Seen {what}.": "Widziano: {what}.",
}


@pytest.fixture(autouse=True)
def _polish(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Read Polish, whose catalogue holds a few texts of a test."""
    with override("pl"):
        texts = trans_real.translation("pl")._catalog  # type: ignore[attr-defined]
        for template, translated in TEXTS.items():
            monkeypatch.setitem(texts._catalogs[0], template, translated)
        yield


def test_a_sentence_is_told_in_the_readers_language_with_dates_as_its_readers_write_them() -> None:
    told = tell(say("It ended on {day}.", day=DAY))
    assert told == 'Koniec: <time datetime="2026-06-01" title="2026-06-01">1 czerwca 2026</time>.'
    assert tell_plainly(say("It ended on {day}.", day=DAY)) == "Koniec: 1 czerwca 2026."


def test_what_nobody_translated_is_told_in_english_whole_and_marked() -> None:
    told = tell(say("Nobody translated that of {day}.", day=DAY))
    assert told.startswith('<bdi lang="en">Nobody translated that of <time')
    assert "1 June 2026" in told
    assert tell("A plain text <1>.") == '<bdi lang="en">A plain text &lt;1&gt;.</bdi>'


def test_words_of_strangers_and_of_translators_are_escaped_and_strangers_words_isolated() -> None:
    told = tell(say("It is of {name}: {why}", name=HOSTILE, why=say("It ended on {day}.", day=HOSTILE)))
    assert "<script>" not in told
    assert "<b>" not in told
    assert "&lt;b&gt;<bdi>&lt;script&gt;" in told
    assert told.count("<bdi>") == 2


def test_words_of_a_stranger_are_never_read_as_a_template() -> None:
    assert "{day}" in tell(say("It is of {name}: {why}", name="{day}", why="{why}"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (MOMENT, "1 czerwca 2026, 14:05 UTC"),
        (Minute(MOMENT), "1 czerwca 2026, 14:05 UTC"),
        (Written(DAY), "1 czerwca 2026"),
        (LastDay(DAY), "31 maja 2026"),
        (LastDay(MOMENT), "1 czerwca 2026, 14:05 UTC"),
        (DAY.date(), "1 czerwca 2026"),
        (7, "7"),
        (Coded("NL", Term("jurisdictions", "NL")), "Holandia (NL)"),
        (Term("eqf", 6), "Poziom 6"),
        (Named({"nl": "Universiteit", "en": "University"}, "NL"), "Universiteit"),
        (Named({}, "NL", say("It ended on {day}.", day="x")), "Koniec: "),
        (Terms("eqf", tuple(range(1, 9))), "Poziom 1, Poziom 2"),
    ],
)
def test_values_are_written_as_the_reader_writes_them(value: Value, text: str) -> None:
    said = say("Seen {what}.", what=value)
    assert f"Widziano: {text}" in tell_plainly(said)
    assert text in tell(said)


def test_of_several_sentences_each_is_told_in_the_language_it_has() -> None:
    told = tell(join([say("It ended on {day}.", day="x"), say("Nobody translated that.")]))
    assert told == 'Koniec: <bdi>x</bdi>. <bdi lang="en">Nobody translated that.</bdi>'


def test_an_english_reader_is_told_nothing_about_languages() -> None:
    with override("en"):
        assert tell(say("Nobody's words on {day}.", day=DAY)).startswith("Nobody&#x27;s words on <time")
        assert tell("A plain text.") == "<bdi>A plain text.</bdi>"


def test_what_the_system_says_stands_in_a_sentence_as_english() -> None:
    told = tell(say("Seen {what}.", what=English("<no> such file")))
    assert told == 'Widziano: <bdi lang="en">&lt;no&gt; such file</bdi>.'
    assert tell_plainly(say("Seen {what}.", what=English("no such file"))) == "Widziano: no such file."


def test_a_span_is_told_in_the_units_of_the_language() -> None:
    assert tell_plainly(say("Seen {what}.", what=timedelta(days=3))) == "Widziano: 3 dni."
    assert tell_plainly(say("Seen {what}.", what=timedelta(hours=5))) == "Widziano: 5 godz.."
