"""Sentences of ours on pages: none is left in English, and each error of a form goes through what tells it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.template import Context, Template
from django.utils.translation import override, trans_real

from register.sentences import say
from register.site.page import TRANSLATED
from register.vocabularies import load

ROOT = Path(__file__).parents[2]
TEMPLATES = [
    path
    for folder in ("register/templates", "federation/templates", "deploy/operator/templates")
    for path in (ROOT / folder).rglob("*.html")
]


def test_no_page_of_the_desk_marks_a_sentence_of_ours_as_english() -> None:
    desk = [path for path in TEMPLATES if {"desk", "uploads", "access"} & set(path.parts)]
    assert len(desk) > 80
    assert [path.name for path in desk if 'lang="en"' in path.read_text("utf-8")] == []


def test_every_error_of_a_form_goes_through_what_tells_it() -> None:
    bare = re.compile(r"\{\{ *(error|error\.message|fault\.sentence|refusal\.message)(\|capfirst)? *\}\}")
    assert len(TEMPLATES) > 150
    assert [path.name for path in TEMPLATES if bare.search(path.read_text("utf-8"))] == []


def test_a_refusal_is_told_as_a_sentence_and_what_is_told_already_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Template("{% load assay %}{{ error|told }}")
    refusal = say("expected {got}; do something", got="<i>")
    with override("de"):
        monkeypatch.setitem(
            trans_real.translation("de")._catalog._catalogs[0],  # type: ignore[attr-defined]
            "expected {got}; do something",
            "erwartet: {got}; tun Sie etwas",
        )
        assert shown.render(Context({"error": refusal})) == "Erwartet: <bdi>&lt;i&gt;</bdi>; tun Sie etwas"
        assert shown.render(Context({"error": "Bitte <ausfüllen>."})) == "Bitte &lt;ausfüllen&gt;."
    assert shown.render(Context({"error": refusal})) == "Expected <bdi>&lt;i&gt;</bdi>; do something"


def test_every_sentence_that_is_said_is_a_literal_which_translators_get() -> None:
    loose = []
    for app in ("register", "federation", "deploy"):
        for path in (ROOT / app).rglob("*.py"):
            source = path.read_text("utf-8")
            if "sentences import" in source or "import sentences" in source:
                loose += [f"{path.name}:{call.lineno}" for call in _calls(source) if not _is_literal(call)]
    assert loose == []


def _calls(source: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "say":
            yield node


def _is_literal(call: ast.Call) -> bool:
    return bool(call.args) and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_country_is_named_in_every_language_of_the_pages(language: str) -> None:
    assert [country.code for country in load("countries") if language not in country.labels] == []
