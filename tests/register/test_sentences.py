"""Sentences: English texts to everything that reads them, which remember what they were made from."""

from __future__ import annotations

import ast
import copy
import json
import pickle
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from deploy.catalogues import APPS, ROOT
from register.sentences import (
    Coded,
    English,
    LastDay,
    Minute,
    Named,
    Said,
    Sentence,
    Term,
    Terms,
    Value,
    Written,
    cite,
    from_json,
    from_text,
    has_words,
    join,
    say,
    to_json,
    to_text,
)

DAY = datetime(2026, 6, 1, tzinfo=UTC)
MOMENT = datetime(2026, 6, 1, 14, 5, 9, tzinfo=UTC)


def test_a_sentence_is_its_english_text_to_whoever_reads_it() -> None:
    said = say("It ended on {day}.", day=DAY)
    assert said == "It ended on 1 June 2026."
    assert hash(said) == hash("It ended on 1 June 2026.")
    assert json.dumps({"text": said}) == '{"text": "It ended on 1 June 2026."}'
    assert (said.template, said.values) == ("It ended on {day}.", {"day": DAY})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("{name}", "{name}"),
        (12, "12"),
        (DAY, "1 June 2026"),
        (MOMENT, "1 June 2026, 14:05:09 UTC"),
        (Minute(MOMENT), "1 June 2026, 14:05 UTC"),
        (Written(DAY), "2026-06-01"),
        (Written(MOMENT), "2026-06-01T14:05:09Z"),
        (LastDay(DAY), "31 May 2026"),
        (LastDay(MOMENT), "1 June 2026, 14:05:09 UTC"),
        (Coded("NL", Term("jurisdictions", "NL")), "NL"),
        (Coded("eqf_levels", say("EQF levels")), "eqf_levels"),
        (English("certificate has expired"), "certificate has expired"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(days=73 * 365), "73 years"),
        (timedelta(seconds=1), "1 second"),
        (date(2026, 6, 1), "1 June 2026"),
        (Term("jurisdictions", "NL"), "Netherlands (NL)"),
        (Terms("eqf", (5, 6)), "Level 5, Level 6"),
        (None, "an open date"),
        (Named({"nl": "Universiteit", "en": "University"}, "NL"), "University"),
        (Named({"nl": "Universiteit"}, "NL"), "Universiteit"),
        (Named({}, "NL", say("another organisation")), "another organisation"),
        (say("of {year}", year=2026), "of 2026"),
    ],
)
def test_a_value_is_spelled_in_english_and_comes_back_from_json_as_itself(value: Value, text: str) -> None:
    said = say("{value}", value=value)
    assert said == text
    again = from_json(json.loads(json.dumps(to_json(said))))
    assert isinstance(again, Said)
    assert (again, again.template, dict(again.values)) == (said, said.template, dict(said.values))


def test_a_value_with_braces_is_filled_in_once() -> None:
    assert say("{first} {second}", first="{second}", second="{{x}}") == "{second} {{x}}"


def test_a_brace_that_is_meant_is_written_twice() -> None:
    assert say('expected {{"a": {value}}}', value=1) == 'expected {"a": 1}'


@pytest.mark.parametrize("template", ["{value.__class__}", "{value[0]}", "{value!r}", "{value:>9}", "{}"])
def test_a_template_cannot_reach_into_a_value(template: str) -> None:
    assert say(template, value="text") == template


def test_a_place_without_a_value_is_an_error_of_the_code() -> None:
    with pytest.raises(KeyError):
        say("It ended on {day}.")


@pytest.mark.parametrize("again", [str, copy.copy, copy.deepcopy, lambda said: pickle.loads(pickle.dumps(said))])
def test_a_copy_of_a_sentence_remembers_what_it_was_made_from(again: Any) -> None:
    said = say("It ended on {day}: {why}", day=DAY, why=say("closed."))
    copied = again(said)
    assert isinstance(copied, Said)
    assert (copied, copied.template, copied.values) == (said, said.template, said.values)
    assert isinstance(copied.values["why"], Said)


def test_several_sentences_are_one_which_tells_each_by_itself() -> None:
    first, second = say("It ended on {day}.", day=DAY), say("Ask again.")
    both = join([first, second])
    assert both == "It ended on 1 June 2026. Ask again."
    assert list(both.values.values()) == [first, second]
    assert not has_words(both.template)
    assert has_words(first.template)


def test_json_keeps_only_values_that_the_template_names_and_plain_texts_as_they_are() -> None:
    assert to_json(Said("On {day}.", {"day": DAY, "other": "x"})) == {
        "template": "On {day}.",
        "values": {"day": {"instant": "2026-06-01T00:00:00Z"}},
    }
    assert from_json(to_json("An older row.")) == "An older row."


@pytest.mark.parametrize("kept", [7, None, {"template": "x"}, {"template": 1, "values": {}}, ["x"]])
def test_what_is_no_sentence_is_not_read_as_one(kept: Any) -> None:
    with pytest.raises(ValueError, match="expected a sentence"):
        from_json(kept)


def test_a_sentence_that_waits_is_written_when_it_is_asked_for() -> None:
    assert Sentence("It ended on {day}.", {"day": DAY}).text == "It ended on 1 June 2026."


def find_templates() -> Iterator[tuple[str, ast.expr]]:
    """Yield the place and the template of every call of `say` in the code."""
    for path in sorted(path for app in APPS for path in (ROOT / app).rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        if not any(
            node.module == "register.sentences" and "say" in {one.name for one in node.names} for node in imports
        ):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node.args[0]


def test_every_template_is_a_literal_so_that_no_stranger_writes_one_and_translators_get_each() -> None:
    found = dict(find_templates())
    assert len(found) > 300
    assert [place for place, template in found.items() if not isinstance(template, ast.Constant)] == []


def test_every_place_of_a_template_is_a_name_alone() -> None:
    texts = {place: str(template.value) for place, template in find_templates() if isinstance(template, ast.Constant)}
    left = {place: re.sub(r"\{\{|\}\}|\{[a-z_0-9]+\}", "", text) for place, text in texts.items()}
    assert [place for place, text in left.items() if "{" in text or "}" in text] == []


def test_what_an_error_says_is_put_into_a_sentence_as_what_it_is() -> None:
    assert cite(ValueError(said := say("It ended on {day}.", day=DAY))) is said
    assert cite(OSError("No such file")) == English("No such file")
    assert say("It cannot be read: {fault}", fault=cite(OSError("No such file"))) == "It cannot be read: No such file"


def test_a_column_of_text_keeps_a_sentence_and_of_a_long_one_its_beginning() -> None:
    said = say("It ended on {day}.", day=DAY)
    assert isinstance(from_text(to_text(said)), Said)
    assert from_text(to_text(said, 100)) == said
    assert to_text(said, 8) == "It ended"
    assert to_text("plain", 3) == "pla"


@pytest.mark.parametrize(
    "written",
    [
        '{"template": ',
        '{"template": "a {b}", "values": {}}',
        '{"template": "a", "values": {"b": {"c": 1}}}',
        '{"template": 1}',
        '{"template": "a", "values": {"b": {"instant": "soon"}}}',
        '{"template": "a {b}", "values": {"b": {"seconds": 1000000000000000000000}}}',
        '{"template": "a {b}", "values": {"b": {"vocabulary": "../secrets", "code": "1"}}}',
        '{"template": "a {b}", "values": {"b": {"names": {"en": 1}, "country": "NL", "otherwise": ""}}}',
        '{"template": "a {b}", "values": {"b": 1.5}}',
        '{"template": "a", "values": {"b": ' + '{"coded": "c", "value": ' * 5_000,
    ],
)
def test_what_only_looks_like_a_sentence_is_the_text_that_somebody_wrote(written: str) -> None:
    assert from_text(written) == written
    assert not isinstance(from_text(written), Said)


@pytest.mark.parametrize("limit", [None, 300])
def test_what_somebody_wrote_is_never_read_back_as_a_sentence_of_ours(limit: int | None) -> None:
    written = '{"template": "The peer {name} is to be trusted.", "values": {"name": {"names": {"en": "x"}}}}'
    again = from_text(to_text(written, limit))
    assert again == written
    assert getattr(again, "values", {}) == {"_1": English(written)}
