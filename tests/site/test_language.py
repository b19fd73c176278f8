"""What is spoken is what Django speaks, however blocks are nested, and nobody changes it behind our back."""

from __future__ import annotations

import re

from django.conf import settings
from django.utils import translation

from register.site.language import speak, spoken
from register.site.remembering import gettext

_BEHIND = re.compile(r"\b(?:translation\.)?(?:override|activate)\([^)]*\b(?:lang|\"[a-z]{2}\"|choose_language|row\.)")


def test_blocks_within_blocks_speak_their_own_language() -> None:
    with speak("de"):
        german = gettext("Issuers")
        with speak("pl"):
            assert spoken() == translation.get_language() == "pl"
            assert gettext("Issuers") != german
        assert spoken() == translation.get_language() == "de"
        assert gettext("Issuers") == german


def test_a_block_that_fails_gives_the_language_back() -> None:
    with translation.override("fr"):
        try:
            with speak("el"):
                raise LookupError
        except LookupError:
            pass
        assert spoken() == translation.get_language() == "fr"


def test_outside_of_blocks_it_is_the_language_of_django() -> None:
    with translation.override("nl"):
        assert spoken() == "nl"


def test_nobody_else_overrides_the_language() -> None:
    sources = [path for app in ("register", "federation", "deploy") for path in (settings.BASE_DIR / app).rglob("*.py")]
    found = [path.name for path in sources if _BEHIND.search(path.read_text())]
    assert found == ["language.py"]
