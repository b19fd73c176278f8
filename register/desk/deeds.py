"""Deeds: what another app has to do with drafts of its verbs, beside their entry or where there is none.

Only the federation can tell whether a node still says of itself what a draft says, and only it can let a frozen peer go
on. It contributes what it does as it starts (federation.deeds); drafts, approvals and audit lines are the desk's.

| asked | when |
|---|---|
| `facts` | the draft is shown |
| `check` | right before it is published or done, outside of transactions; it may ask other nodes |
| `alone.do` | in the transaction in which a draft ends that goes on no ledger |
| `done` | after the commit; what a crash leaves undone then, the app's own jobs make up for |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise

from register.desk.models import Draft

Words = str | Promise
Fact = tuple[Words, str]


@dataclass(frozen=True, slots=True)
class Alone:
    """What happens instead of an entry: `means` it in words, `look` is what who decides has seen of its subject.

    `code` and `about` are what the audit record says of it. `do` raises Refused.
    """

    means: Words
    look: Callable[[Draft], str]
    do: Callable[[Draft], None]
    code: str
    about: Callable[[Draft], str]


@dataclass(frozen=True, slots=True)
class Deed:
    """What an app does with the drafts of a verb; `check` raises Refused."""

    facts: Callable[[Draft], list[Fact]]
    check: Callable[[Draft], None]
    done: Callable[[Draft], None]
    alone: Alone | None = None


_DEEDS: dict[str, Deed] = {}


def contribute(verb: str, deed: Deed) -> None:
    """Say what is done with drafts of a verb; called once a verb, while the apps start."""
    _DEEDS[verb] = deed


def find(verb: str) -> Deed | None:
    """Return what is done with drafts of a verb, None where an entry is all."""
    return _DEEDS.get(verb)
