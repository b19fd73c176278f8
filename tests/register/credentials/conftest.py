"""Whatever the tests of credentials provoke, is a sentence that readers of every language get in theirs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from deploy.catalogues import gather_texts
from register.credentials.errors import BadBundle, CredentialError
from register.credentials.report import Finding
from register.outgoing.errors import OutgoingError
from register.sentences import Said, has_words


@pytest.fixture(scope="session")
def templates() -> frozenset[str]:
    """Every text that translators get."""
    return frozenset(message.id for message in gather_texts() if isinstance(message.id, str))


@pytest.fixture(autouse=True)
def _all_is_told(monkeypatch: pytest.MonkeyPatch, templates: frozenset[str]) -> Iterator[None]:
    """Look at each finding that is made and each error that is raised by the code; bundles are read by programs."""
    untold: list[str] = []

    def watch(kind: type, place: int) -> None:
        make: Callable[..., None] = kind.__init__  # type: ignore[misc]

        def look(self: Any, *args: Any, **kwargs: Any) -> None:
            ours = sys._getframe(1).f_globals["__name__"].startswith("register.")
            if ours and not isinstance(self, BadBundle):
                untold.extend(find_untold(kwargs.get("text", args[place]), templates))
            make(self, *args, **kwargs)

        monkeypatch.setattr(kind, "__init__", look)

    watch(CredentialError, 1)
    watch(Finding, 2)
    watch(OutgoingError, 0)
    yield
    assert untold == []


def find_untold(text: str, templates: frozenset[str]) -> list[str]:
    """Return what translators do not get of a sentence and the sentences within it."""
    if not isinstance(text, Said):
        return [text]
    within = [value for value in text.values.values() if isinstance(value, Said)]
    own = [text.template] if has_words(text.template) and text.template not in templates else []
    return own + [untold for value in within for untold in find_untold(value, templates)]
