"""Texts within markup written by hand are escaped exactly as Django escapes them in templates."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st

from register.site.markup import escape, escape_unless_safe
from register.site.names import isolate


@given(st.text())
def test_every_text_is_escaped_as_django_does(text: str) -> None:
    assert escape(text) == escape_unless_safe(text) == html.escape(text)


@pytest.mark.parametrize("text", [mark_safe("<b>a & b</b>"), isolate("R&D <x>"), gettext_lazy("Issuers"), 7, None])
def test_what_is_markup_already_is_treated_as_django_does(text: Any) -> None:
    assert escape_unless_safe(text) == html.conditional_escape(text)
    assert escape(text) == html.escape(text)
