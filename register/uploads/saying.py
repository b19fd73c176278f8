"""Saying: what rows would put on the ledger, in words and as bytes, before it is there.

The words are those of the entry's page (register.site.entry_words), the bytes those of the `data` member (RFC 8785)
that a publication of what the row keeps would write. A row that is refused or left out says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ledger.tlog import canonical
from register import events
from register.commands import Intent
from register.desk.differences import spell
from register.desk.terms import entry_data
from register.events import Event
from register.ids import new_id
from register.payloads import Actor
from register.site import entry_words
from register.site.directory import Directory
from register.site.entry_words import EntryWords, Parties
from register.site.field_words import FIELDS
from register.site.names import first_name
from register.site.reading import read_directory
from register.site.words import join_words
from register.uploads.checking import actor_of
from register.uploads.models import GOOD, Upload, UploadRow
from register.uploads.planning import intents_of

_SAID_ALREADY: Final = frozenset({"kind", "scope", "valid_from", "valid_until", "decision", "titles"})
"""Fields that the sentence about the entry tells."""

_AGENCIES: Final = "contributing_agencies"


@dataclass(frozen=True, slots=True)
class Said:
    """One entry that a row would make: its type, in words, what the words leave out, and the bytes of its `data`."""

    type: str
    words: EntryWords
    facts: list[tuple[str | Promise, str]]
    data: str


def tell_rows(upload: Upload, rows: Sequence[UploadRow]) -> dict[int, list[SafeString]]:
    """Return the sentences about what some rows would say, by the rows' keys; one query for all names.

    They hold no links: each row has one way on, to its own page, which who goes by keys reaches by one step.
    """
    made = {row.pk: entries for row in rows if (entries := _make(row, actor_of(upload)))}
    named = _name([event for entries in made.values() for event, _ in entries])
    plain = {thing: format_html("{}", found.name) for thing, found in named.listed.items()}
    directory = Directory(named.listed, {**plain, **named.links})
    return {
        row: [sentence for event, _ in entries for sentence in _tell(event, directory).sentences]
        for row, entries in made.items()
    }


def tell_row(upload: Upload, row: UploadRow) -> list[Said]:
    """Return what a row would say, entry by entry; nothing where it is refused."""
    made = _make(row, actor_of(upload))
    directory = _name([event for event, _ in made])
    return [
        Said(event.type, _tell(event, directory), _list_facts(event.data, directory), canonical.encode(data).decode())
        for event, data in made
    ]


def _make(row: UploadRow, actor: Actor) -> list[tuple[Event, dict[str, Any]]]:
    """Return the entries of a row, each with its `data` as it would be written; their own ids and times are made up."""
    intents = intents_of(row.said) if row.outcome in GOOD else []
    return [(_draft(intent, data), data) for intent in intents for data in [entry_data(intent, actor)]]


def _draft(intent: Intent, data: dict[str, Any]) -> Event:
    source, now = settings.ASSAY_BASE_URL, timezone.now()
    address = source + intent.path
    entry = events.draft(intent.type, event_id=new_id(), source=source, subject=address, time=now, data=data)
    return events.parse(entry)


def _name(made: Sequence[Event]) -> Directory:
    """Return the names of all that the entries name; what is new has no page yet, and is called what it will be."""
    named = [one for event in made for one in (*_ids_in(event.data), *(getattr(event.data, _AGENCIES, None) or ()))]
    links = {event.subject_id: _show_names(event.data) for event in made if _names_in(event.data)}
    return Directory(read_directory(named).listed, links)


def _show_names(data: Any) -> SafeString:
    return format_html("{}", first_name(_names_in(data), getattr(data, "country", "")))


def _ids_in(data: Any) -> list[str | None]:
    return [getattr(data, "issuer", None), getattr(data, "agency", None)]


def _names_in(data: Any) -> Any:
    return getattr(data, "names", None) or getattr(data, "titles", None)


def _tell(event: Event, directory: Directory) -> EntryWords:
    issuer, agency = _ids_in(event.data)
    return entry_words.tell(event, Parties(event.subject_id, issuer, agency), directory)


def _list_facts(data: Any, directory: Directory) -> list[tuple[str | Promise, str]]:
    """Return what an entry says beyond its sentence, field by field; agencies by their names."""
    stated = [name for name in FIELDS if name in data.model_fields_set - _SAID_ALREADY]
    told = [(FIELDS[name], _spell(name, getattr(data, name), directory)) for name in stated]
    return [(name, words) for name, words in told if words]


def _spell(name: str, value: Any, directory: Directory) -> str:
    if name == _AGENCIES and value:
        names = [directory.listed[one].name.text if one in directory.listed else one for one in value]
        return join_words(names, len(names))
    return spell(name, value)
