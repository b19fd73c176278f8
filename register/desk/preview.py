"""Preview: what would go on the ledger, in words and as bytes, and what it would change, before it does.

The entry is judged by the rules of a write (register.commands.foresee), so a refusal is the very one that publishing
would meet; and nobody who writes waits for somebody who looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ledger.tlog import canonical
from register import commands, events
from register.access.acting import Acting
from register.commands import Foreseen, Intent
from register.desk import deeds, four_eyes
from register.desk.differences import Difference, find_differences
from register.desk.effects import Effect, Seen, judge, see
from register.desk.models import Draft
from register.desk.shown import digest_of, newest_about
from register.desk.subjects import find_subject, issuers_about, key_about, kind_of_subject, things_about
from register.desk.terms import entry_data, intend, read_terms, spell_terms
from register.errors import MalformedEvent, Refused
from register.ids import new_id
from register.payloads import Actor, Amending
from register.queries.cuts import resolve_cut
from register.records import IssuerRecord
from register.site import entry_words
from register.site.directory import Directory, Listed
from register.site.entry_words import EntryWords, Parties
from register.site.names import first_name
from register.site.reading import read_directory


@dataclass(frozen=True, slots=True)
class Preview:
    """What saying something would mean.

    `data` are the exact bytes of the entry's `data` member (RFC 8785), `type` its type, `subject` the address of its
    subject, empty for a new thing, whose id is made when it is published. `refusal` says why it cannot be said now.
    `digest` names what is shown, see shown.py. `differences` are what an amendment changes, value by value; `words`
    then leave that out.
    """

    type: str
    subject: str
    words: EntryWords
    data: bytes
    digest: str
    known: int
    refusal: Refused | None = None
    effects: tuple[Effect, ...] = ()
    record: Any = None
    differences: tuple[Difference, ...] = ()
    directory: Directory = field(default_factory=Directory)
    now: datetime = field(default_factory=timezone.now)

    @property
    def sentences(self) -> tuple[SafeString, ...]:
        """What the entry says, in words."""
        return self.words.sentences

    @property
    def past(self) -> tuple[Any, ...]:
        """All changes to answers, of all issuers."""
        return tuple(change for effect in self.effects for change in effect.changes)


class _WithNew(Directory):
    """A directory in which a thing that is not there yet has a name and no page."""

    __slots__ = ("new",)

    def link(self, thing: str | None) -> SafeString:
        """Return a link, or for the new thing its name alone."""
        if thing is not None and thing == getattr(self, "new", None) and thing in self.listed:
            return format_html("{}", self.listed[thing].name)
        return super().link(thing)


def show(acting: Acting, verb: str, subject: str, said: Mapping[str, Any], version: int = 0) -> Preview:
    """Return what it would mean if who acts said this; raises Malformed for what cannot be read."""
    return look(acting.actor, verb, subject, said, version)


def look(actor: Actor, verb: str, subject: str, said: Mapping[str, Any], version: int = 0) -> Preview:
    """Return what it would mean if an actor said this."""
    terms, now = read_terms(verb, said), timezone.now()
    cut = resolve_cut()
    record = find_subject(verb, subject, cut)
    things = things_about(subject, said, record)
    intent = intend(verb, subject, terms)
    data, known = entry_data(intent, actor), newest_about(things)
    issuers, key = issuers_about(verb, subject, said, record), key_about(verb, subject, spell_terms(terms), cut)
    refusal, effects = _foresee(intent, actor, issuers, key, now)
    directory = _name(things, intent, said, verb, new=not subject)
    differences = _compare(verb, terms, record)
    told = data.keys() - {one.field for one in differences}
    return Preview(
        type=intent.type,
        subject=settings.ASSAY_BASE_URL + intent.path if subject and verb != "bind_key" else "",
        words=_tell(intent, {name: data[name] for name in told}, _parties(intent, said, record), directory, now),
        data=canonical.encode(data),
        digest=digest_of(verb, subject, data, version, known),
        known=known,
        refusal=refusal,
        effects=effects,
        record=record,
        differences=differences,
        directory=directory,
        now=now,
    )


def digest_now(actor: Actor, draft: Draft) -> str:
    """Return the digest of what a draft would be shown as now."""
    if draft.verb in four_eyes.OFF_LEDGER:
        return digest_of(draft.verb, draft.subject, {**draft.said, "now": _look_now(draft)}, draft.version, -1)
    terms = read_terms(draft.verb, draft.said)
    things = things_about(draft.subject, draft.said, find_subject(draft.verb, draft.subject, resolve_cut()))
    data = entry_data(intend(draft.verb, draft.subject, terms), actor)
    return digest_of(draft.verb, draft.subject, data, draft.version, newest_about(things))


def _look_now(draft: Draft) -> Any:
    """Return how that stands which a draft changes and no entry tells of."""
    deed = deeds.find(draft.verb)
    if deed is not None and deed.alone is not None:
        return deed.alone.look(draft)
    return sorted(four_eyes.choice_of(draft.role, draft.organisation))


def _foresee(
    intent: Intent, actor: Actor, issuers: list[str], key: str | None, now: datetime
) -> tuple[Refused | None, tuple[Effect, ...]]:
    def look_around(foreseen: Foreseen) -> Seen | None:
        return see(issuers, foreseen, now, key) if issuers else None

    try:
        seen = commands.foresee(intent, actor, look_around)
    except Refused as refusal:
        return refusal, ()
    except MalformedEvent as error:
        return Refused("malformed", "", str(error)), ()
    return None, tuple(judge(seen, intent.id, now)) if seen is not None else ()


def _name(things: list[str], intent: Intent, said: Mapping[str, Any], verb: str, *, new: bool) -> Directory:
    """Return the names of all things concerned; a new one is called what it will be called."""
    found = read_directory([*things, *said.get("contributing_agencies", ())])
    names = said.get("names") or said.get("titles")
    if not new or not names:
        return found
    directory = _WithNew({**found.listed, intent.id: Listed(kind_of_subject(verb), first_name(names, _country(said)))})
    object.__setattr__(directory, "new", intent.id)
    return directory


def _compare(verb: str, terms: Any, record: Any) -> tuple[Difference, ...]:
    """Return what an amendment changes; of what another app has to do with, its own facts tell that."""
    if record is None or not isinstance(terms, Amending) or deeds.find(verb) is not None:
        return ()
    return tuple(find_differences(terms, record))


def _country(said: Mapping[str, Any]) -> str:
    return str(said.get("country", ""))


def _parties(intent: Intent, said: Mapping[str, Any], record: Any) -> Parties:
    issuer = said.get("issuer") or said.get("awarding_body") or getattr(record, "issuer", None)
    issuer = issuer or getattr(record, "awarding_body", None)
    if issuer is None and isinstance(record, IssuerRecord):
        issuer = record.id
    return Parties(intent.id, issuer, said.get("agency") or getattr(record, "agency", None))


def _tell(intent: Intent, data: dict[str, Any], parties: Parties, directory: Directory, now: datetime) -> EntryWords:
    source = settings.ASSAY_BASE_URL
    address = source + intent.path
    entry = events.draft(intent.type, event_id=new_id(), source=source, subject=address, time=now, data=data)
    return entry_words.tell(events.parse(entry), parties, directory)
