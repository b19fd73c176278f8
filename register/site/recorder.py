"""Whose register a page shows: nothing to say of our own, a plain sentence about a peer's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from register.queries.cuts import Cut
from register.receipts import path_to_entry, path_to_receipt
from register.trust import Citation, RegisterFacts


@dataclass(frozen=True, slots=True)
class Recorder:
    """The peer that records a thing: its name, the last entry copied and verified here, the thing's own address.

    `problem` says why the record does not count: `set_aside` (its register may not speak for that country) or
    `outside_remit` (we do not hear it about that country).
    """

    name: str
    last: int
    url: str
    origin: str
    problem: str = ""


class Cited(NamedTuple):
    """An entry that a page rests on: its place, its page and its receipt."""

    index: int  # type: ignore[assignment]  # an entry's index hides tuple.index, which nobody needs here
    origin: str
    page: str
    receipt: str


def name_recorder(record: Any, cut: Cut) -> Recorder | None:
    """Return who records a thing; None: we do."""
    if cut.speaker is None:
        return None
    problem = "set_aside" if getattr(record, "quarantine", None) else ""
    return Recorder(cut.speaker.name, cut.size - 1, record.url, cut.origin, problem)


def name_register(issuer: Any, register: RegisterFacts) -> Recorder | None:
    """Return who records an issuer, from facts; None: we do."""
    if register.own:
        return None
    heard = register.speaks_for(issuer.country)
    problem = "set_aside" if issuer.quarantine else "" if heard else "outside_remit"
    return Recorder(register.name, register.size - 1, issuer.url, register.origin, problem)


def cite(origin: str, entries: tuple[int, ...] | list[int]) -> list[Cited]:
    """Return entries with the addresses of their pages and receipts."""
    return [Cited(index, origin, path_to_entry(origin, index), path_to_receipt(origin, index)) for index in entries]


def link_entries(cites: Sequence[Citation]) -> SafeString:
    """Return links to entries one after the other, each with its ledger where they are of several."""
    several = len({one.origin for one in cites}) > 1
    pieces = (_link(one, several) for one in cites)
    return mark_safe(", ".join(pieces))


def _link(cited: Citation, several: bool) -> str:
    of = f' <span class="soft">{escape(cited.origin)}</span>' if several else ""
    return f'<a href="{escape(path_to_entry(cited.origin, cited.index))}">{cited.index}{of}</a>'
