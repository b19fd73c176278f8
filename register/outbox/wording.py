"""Notices in words: what mails, webhooks, feeds and members' lists say of them.

The words of an entry are those of its page (register.site.entry_words), from the stored bytes, proven once more. Few
queries however many notices there are.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

from django.conf import settings
from django.utils import timezone
from django.utils.html import escape, format_html, strip_tags
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from ledger.database import fetch_all
from register.moments import parse_moment
from register.outbox.models import Notice
from register.outbox.topics import APPROVAL, DRAFT_DECIDED, EXPIRING, IMPORT_DONE
from register.queries.lists import EVENT_COLUMNS, EventRow
from register.receipts import path_to_entry
from register.sentences import from_text
from register.site.dates import last_day, mark_day
from register.site.directory import Directory
from register.site.entries import Entry, read_entries
from register.site.links import PATHS, path_to
from register.site.reading import newest_checkpoint, read_directory
from register.site.telling import tell

EXPIRING_TYPE: Final = "accreditation.expiring"

_ROWS: Final[LiteralString] = f"""
    SELECT {EVENT_COLUMNS} FROM register_happening h JOIN ledger_log l ON l.id = h.log_id
    WHERE l.origin = %s AND h.index = ANY(%s::bigint[]) ORDER BY h.index
"""


@dataclass(frozen=True, slots=True)
class Told:
    """A notice in the language now active: `sentences` are markup, `path` leads to what it is about.

    `about` names that in plain text; `entry` is the path of the entry's page, empty where there is none. `type` is the
    entry's, or `accreditation.expiring`.
    """

    title: str
    about: str
    sentences: tuple[SafeString, ...]
    path: str
    entry: str
    time: datetime
    tone: str = "off"
    type: str = ""

    @property
    def line(self) -> str:
        """Title and name in one line."""
        return gettext("%(title)s: %(name)s") % {"title": self.title, "name": self.about} if self.about else self.title

    @property
    def plain(self) -> tuple[str, ...]:
        """The sentences as plain text."""
        return tuple(make_plain(sentence) for sentence in self.sentences)


def make_plain(markup: str) -> str:
    """Return markup of ours as plain text."""
    return html.unescape(strip_tags(markup))


def read_rows(indexes: Sequence[int]) -> list[EventRow]:
    """Return entries of our own ledger by their indexes."""
    rows = fetch_all(_ROWS, (settings.ASSAY_ORIGIN, list(indexes)))
    return [EventRow(settings.ASSAY_ORIGIN, *row) for row in rows]


def put_into_words(notices: Sequence[Notice]) -> list[Told]:
    """Return what notices say, in their order and the language now active."""
    indexes = [one.index for one in notices if one.index is not None and one.code != EXPIRING]
    entries = {entry.row.index: entry for entry in read_entries(read_rows(indexes), newest_checkpoint())}
    directory = read_directory(_list_ids(notices))
    return [_tell(one, entries, directory) for one in notices]


def _list_ids(notices: Iterable[Notice]) -> list[str]:
    return [str(uid) for one in notices for uid in (one.issuer, one.agency, one.thing) if uid is not None]


def _tell(notice: Notice, entries: Mapping[int, Entry], directory: Directory) -> Told:
    if notice.code == EXPIRING:
        return tell_expiring(
            str(notice.thing), str(notice.issuer), str(notice.agency), notice.facts, notice.time, directory
        )
    entry = entries.get(notice.index) if notice.index is not None else None
    if entry is not None:
        return tell_entry(entry, directory)
    return _tell_member(notice)


def tell_entry(entry: Entry, directory: Directory) -> Told:
    """Return what an entry says, as a notice."""
    row, words = entry.row, entry.words
    sentences = list(words.sentences)
    if words.reaches_back:
        sentences.append(escape(gettext("It reaches back: it was recorded later than the day from which it holds.")))
    return Told(
        str(words.title),
        name_plainly(row.issuer or row.agency or row.uid, directory),
        tuple(sentences),
        find_page(row, directory),
        path_to_entry(row.origin, row.index),
        row.time or timezone.now(),  # an own entry has one
        words.tone,
        row.type,
    )


def tell_expiring(
    accreditation: str, issuer: str, agency: str, facts: Mapping[str, Any], time: datetime, directory: Directory
) -> Told:
    """Return what is said of an accreditation that will expire; `facts` hold `valid_until` and `days`."""
    day = mark_day(last_day(parse_moment(facts["valid_until"])))
    told = ngettext(
        "The accreditation of {issuer} by {agency} holds until {day}; it expires within {days} day.",
        "The accreditation of {issuer} by {agency} holds until {day}; it expires within {days} days.",
        facts["days"],
    )
    sentence = format_html(
        told, issuer=directory.link(issuer), agency=directory.link(agency), day=day, days=facts["days"]
    )
    path = path_to("accreditation", accreditation)
    about = name_plainly(issuer, directory)
    return Told(gettext("Accreditation expires soon"), about, (sentence,), path, "", time, "warn", EXPIRING_TYPE)


def _tell_member(notice: Notice) -> Told:
    facts = notice.facts
    path = str(facts.get("address", "/desk/notices"))
    if notice.code == IMPORT_DONE:
        return _tell_import(notice.time, facts, path)
    if notice.code == APPROVAL:
        sentences = (escape(gettext("It goes on the ledger once a second person lets it.")),)
        return Told(
            gettext("A draft waits for a second person"), str(facts.get("what", "")), sentences, path, "", notice.time
        )
    if notice.code == DRAFT_DECIDED:
        return _tell_draft(notice.time, facts, path)
    return Told(gettext("Notice"), str(facts.get("what", "")), (), path, "", notice.time)


def _tell_import(time: datetime, facts: Mapping[str, Any], path: str) -> Told:
    name = str(facts.get("file", ""))
    if facts.get("failed"):
        sentence = tell(from_text(str(facts["failed"])), capital=True)
        return Told(_title_ended(str(facts.get("how", ""))), name, (sentence,), path, "", time, "bad")
    written, refused = int(facts.get("written", 0)), int(facts.get("refused", 0))
    sentences = [
        ngettext("%(number)d entry is on the ledger.", "%(number)d entries are on the ledger.", written)
        % {"number": written}
    ]
    if refused:
        sentences.append(
            ngettext("%(number)d row was refused.", "%(number)d rows were refused.", refused) % {"number": refused}
        )
    tone = "warn" if refused else "good"
    return Told(gettext("Import finished"), name, tuple(escape(one) for one in sentences), path, "", time, tone)


def _tell_draft(time: datetime, facts: Mapping[str, Any], path: str) -> Told:
    """Tell an author what a colleague did with their draft."""
    how, remark = str(facts.get("how", "")), str(facts.get("remark", ""))
    told: dict[str, tuple[str, str, str]] = {
        "published": (gettext("Draft approved"), gettext("A colleague has approved it: it is on record."), "good"),
        "approved": (gettext("Draft approved"), gettext("This has been approved and holds now."), "good"),
        "returned": (gettext("Draft returned"), gettext("It was returned with a remark"), "warn"),
    }
    gone = (gettext("Draft discarded"), gettext("This draft was discarded. Nothing of it is on record."), "bad")
    title, sentence, tone = told.get(how, gone)
    shown = format_html("{}: <q>{}</q>", sentence, remark) if remark else escape(sentence)
    return Told(title, str(facts.get("what", "")), (shown,), path, "", time, tone)


def _title_ended(how: str) -> str:
    if how == "returned":
        return gettext("Import returned")
    return gettext("Import discarded") if how == "discarded" else gettext("Import ended, nothing published")


def name_plainly(thing: str | None, directory: Directory) -> str:
    """Return the name of a thing as plain text, empty where it has none."""
    listed = directory.listed.get(thing or "")
    return listed.name.text if listed else ""


def find_page(row: EventRow, directory: Directory) -> str:
    """Return the path of the page of what an entry is about; the entry's own where there is no other."""
    kind = row.type.partition(".")[0]
    if kind in PATHS and row.uid:
        return path_to(kind, row.uid)
    if row.issuer and row.issuer in directory.listed:
        return path_to("issuer", row.issuer)
    return path_to_entry(row.origin, row.index)
