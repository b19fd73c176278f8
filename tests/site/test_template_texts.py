"""Constant texts of templates are looked up once in each language; all others each time, as Django does."""

from __future__ import annotations

from typing import Any

import pytest
from django.template import Context, Template
from django.utils import translation

from register.templatetags.assay import Text


def render(source: str, **given: Any) -> str:
    return Template("{% load i18n assay %}" + source).render(Context(given))


def kinds(source: str) -> list[str]:
    return [type(node).__name__ for node in Template("{% load i18n assay %}" + source).nodelist[1:]]


def test_a_text_is_said_in_the_language_of_whoever_reads() -> None:
    template = Template("{% load i18n assay %}{% translate 'January' %}")
    for language, said in (("en", "January"), ("pl", "Styczeń"), ("en", "January"), ("de", "Januar")):
        with translation.override(language):
            assert template.render(Context()).capitalize() == said


def test_a_text_is_looked_up_once_in_each_language(monkeypatch: pytest.MonkeyPatch) -> None:
    template = Template("{% load i18n assay %}{% translate 'January' %}")
    (node,) = template.nodelist.get_nodes_by_type(Text)
    asked = []

    def look_up(context: Context) -> str:
        asked.append(translation.get_language())
        return "said"

    assert isinstance(node, Text)
    monkeypatch.setattr(node.node, "render", look_up)
    for language in ("en", "pl", "en", "pl"):
        with translation.override(language):
            assert template.render(Context()) == "said"
    assert asked == ["en", "pl"]


def test_texts_with_a_context_and_signs_of_per_cent_are_told_as_django_tells_them() -> None:
    for source in ("{% translate 'May' context 'alt. month' %}", "{% translate '100 % & more' %}"):
        here = render(source)
        assert here == Template("{% load i18n %}" + source).render(Context())
        assert kinds(source) == ["Text"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{% translate what %}", "January"),
        ("{% translate 'january'|capfirst %}", "January"),
        ("{% translate 'January' as month %}{{ month }}", "January"),
        ("{% translate 'January' noop %}", "January"),
    ],
)
def test_what_depends_on_more_than_the_language_is_djangos(source: str, said: str) -> None:
    assert render(source, what="January") == said
    assert "Text" not in kinds(source)
