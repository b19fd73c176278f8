"""A draft for its page: what it says in words, what it changes, and, once published, what was recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from ledger import reader
from register import events
from register.desk import four_eyes
from register.desk.differences import spell
from register.desk.effects import Effect
from register.desk.models import Draft
from register.desk.past import Answer, Change
from register.desk.preview import Preview
from register.desk.subjects import find_subject, things_about
from register.desk.terms import read_terms
from register.payloads import Amending, KeyTerms
from register.queries.cuts import resolve_cut
from register.records import AgencyRecord, IssuerRecord
from register.site import entry_words
from register.site.dates import last_day, spell_day
from register.site.entry_words import EntryWords, Parties
from register.site.field_words import FIELDS
from register.site.names import Name, name_record
from register.site.reading import read_directory
from register.site.verdict import Verdict, reach_verdict
from register.site.words import Standing, join_words, spell_scope

_SAID_ALREADY: Final = frozenset({"kind", "scope", "valid_from", "valid_until", "decision"})
"""Fields of things that the sentence about the entry tells."""

_SAID_OF: Final[Mapping[str, frozenset[str]]] = {
    "register_programme": frozenset({"titles"}),
    "relate_issuer": frozenset({"valid_from"}),
    "anchor_batch": frozenset({"credential_type"}),
}
"""Verb whose sentence tells other fields → those."""

_MOST_SHOWN: Final = 20
"""Commitments on a page."""


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One span of days whose answer changes, in words and tones; `back` where these days are past."""

    span: str
    before: Standing
    after: Standing
    back: bool


@dataclass(frozen=True, slots=True)
class EffectRow:
    """What becomes of the answers about one institution, for a page.

    `name` is given where there are several; `back` is the first past day about which answers change.
    """

    name: Name | None
    verdict: Verdict | None
    changes: tuple[ChangeRow, ...]
    back: datetime | None
    partial: bool
    key: str | None


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One thing for which a second person is asked, or not any more."""

    words: str | Promise
    before: bool
    after: bool


def show_effects(preview: Preview) -> list[EffectRow]:
    """Return what becomes of answers, institution by institution."""
    several = len(preview.effects) > 1 or isinstance(preview.record, AgencyRecord)
    today = preview.now.replace(hour=0, minute=0, second=0, microsecond=0)
    return [_show_effect(effect, today, several) for effect in preview.effects]


def _show_effect(effect: Effect, today: datetime, several: bool) -> EffectRow:
    """Days before this one are past; this one still goes on, whatever begins with it."""
    standing = effect.standing
    past = [change.since for change in effect.changes if change.reaches_back(today)]
    return EffectRow(
        name_record(standing.issuer) if several and standing else None,
        reach_verdict(standing) if standing else None,
        tuple(_show_change(change, today) for change in effect.changes),
        min(past, default=None),
        effect.partial,
        effect.key,
    )


def _show_change(change: Change, today: datetime) -> ChangeRow:
    before, after = change.before.words, change.after.words
    if before == after:
        before, after = _with_scope(change.before), _with_scope(change.after)
    told = Standing(change.before.tone, _upper(before)), Standing(change.after.tone, _upper(after))
    return ChangeRow(_span(change), *told, change.reaches_back(today))


def _with_scope(answer: Answer) -> str:
    """Return an answer with its scopes, where the short words do not tell two answers apart."""
    scopes = join_words(sorted(spell_scope(scope) for scope, _decision in answer.grants), 4)
    return f"{answer.words} ({scopes})" if scopes else answer.words


def _span(change: Change) -> str:
    if change.until is None:
        return gettext("from %(first)s on") % {"first": spell_day(change.since)}
    words = gettext("from %(first)s to %(last)s")
    return words % {"first": spell_day(change.since), "last": spell_day(last_day(change.until))}


def _upper(text: str) -> str:
    return (text[:1].upper() + text[1:]) or gettext("Not known")


def show_facts(draft: Draft) -> list[tuple[str | Promise, str]]:
    """Return what terms say beyond the sentence about their entry; an amendment is shown value by value."""
    terms = read_terms(draft.verb, draft.said)
    if isinstance(terms, KeyTerms):
        proof = terms.proof or gettext("none: nobody has shown that it is theirs")
        whole = format_html('<span class="mono">{}</span>', terms.value)
        return [(gettext("Key"), whole), (gettext("Proof of control"), proof)]
    if isinstance(terms, Amending):
        return []
    told = [(name, spell(name, getattr(terms, name, None))) for name in FIELDS if name in terms.model_fields_set]
    said = _SAID_OF.get(draft.verb, _SAID_ALREADY)
    facts = [(FIELDS[name], words) for name, words in told if words and name not in said]
    return [*facts, *_show_commitments(terms)]


def _show_commitments(terms: Any) -> list[tuple[str, str]]:
    """Return the credentials that are withdrawn, by commitment: the first of very many, which are counted above."""
    commitments = getattr(terms, "commitments", ())
    if not commitments:
        return []
    shown = [*commitments[:_MOST_SHOWN], *(["…"] if len(commitments) > _MOST_SHOWN else [])]
    lines = format_html_join(SafeString("<br>"), '<span class="mono">{}</span>', ((one,) for one in shown))
    return [(gettext("Commitments"), lines)]


def show_setting(draft: Draft) -> list[SettingRow]:
    """Return for what a second person is asked now, and for what if the setting is approved."""
    now = four_eyes.choice_of(draft.role, draft.organisation)
    then = set(draft.said.get("verbs", ()))
    codes = [code for code in four_eyes.choosable(draft.role) if (code in now) != (code in then)]
    return [SettingRow(four_eyes.WORDS[code], code in now, code in then) for code in codes]


def tell_published(draft: Draft) -> EntryWords:
    """Return what the entry of a published draft says, from its bytes in the ledger."""
    assert draft.entry_index is not None
    return _tell_entry(draft, draft.entry_index, find_subject(draft.verb, draft.subject, resolve_cut()))


def tell_corrected(draft: Draft, preview: Preview) -> EntryWords | None:
    """Return what the entry says that a correction replaces; None where it replaces none of its own thing's."""
    index = draft.said.get("corrects")
    return _tell_entry(draft, index, preview.record) if index in getattr(preview.record, "entries", ()) else None


def _tell_entry(draft: Draft, index: int, record: Any) -> EntryWords:
    event = events.parse(reader.read_entry(settings.ASSAY_ORIGIN, index))
    named = [event.subject_id, *things_about(draft.subject, draft.said, record)]
    return entry_words.tell(event, _parties(event.subject_id, draft.said, record), read_directory(named))


def _parties(thing: str, said: Mapping[str, Any], record: Any) -> Parties:
    def first(names: Sequence[str]) -> str | None:
        given = [said.get(name) for name in names] + [getattr(record, name, None) for name in names]
        return next((one for one in given if isinstance(one, str)), None)

    own = record.id if isinstance(record, IssuerRecord) else None
    return Parties(thing, first(["issuer", "awarding_body"]) or own, first(["agency"]))
