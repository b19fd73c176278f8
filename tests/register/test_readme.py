"""The README of the register names what there is: every event type and every code of refusal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import register
from register import rules
from register.events import CATALOGUE

TEXT = (Path(register.__file__).parent / "README.md").read_text(encoding="utf-8")
QUOTED = set(re.findall(r"`([^`]+)`", TEXT))


@pytest.mark.parametrize("event_type", CATALOGUE)
def test_every_event_type_is_documented(event_type: str) -> None:
    assert event_type in QUOTED


@pytest.mark.parametrize("code", rules.REFUSALS)
def test_every_code_of_refusal_is_documented(code: str) -> None:
    assert code in QUOTED


def test_the_tables_name_no_type_that_is_not_there() -> None:
    types = {
        word
        for word in QUOTED
        if re.fullmatch(
            r"(register|agency|issuer|programme|key|mandate|accreditation|peer|fork|credentials?)\.\w+", word
        )
    }
    assert types == set(CATALOGUE)


def test_the_readme_is_short_enough_to_be_read() -> None:
    assert len(TEXT.splitlines()) <= 150
