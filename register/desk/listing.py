"""Drafts in lists: what each says, about whom, who wrote it; two queries for all of them beside the drafts' own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from register.access.acting import Acting
from register.desk.four_eyes import CONFIRMING, CORRECTION, SETTING, UNFREEZING, WORDS, codes_of
from register.desk.models import DISCARDED, EDITING, PUBLISHED, RETURNED, WAITING, Draft
from register.desk.terms import SAYINGS, ids_of
from register.queries.cuts import resolve_cut
from register.queries.single import find_records
from register.site.directory import Directory
from register.site.entry_words import TYPE_TITLES
from register.site.names import Name, first_name
from register.site.reading import read_directory
from register.site.words import Standing

STATES: Final = {
    EDITING: Standing("off", _("being written")),
    WAITING: Standing("warn", _("waits for approval")),
    RETURNED: Standing("bad", _("returned")),
    PUBLISHED: Standing("good", _("published")),
    DISCARDED: Standing("off", _("discarded")),
}
"""State of a draft → its tag."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A draft in a list: what it says, about whom, how it stands."""

    draft: Draft
    title: str | Promise
    about: SafeString | str
    standing: Standing
    author: str
    own: bool


def drafts_of(acting: Acting) -> QuerySet[Draft]:
    """Return the drafts of who acts, the newest first."""
    rows = Draft.objects.filter(role=acting.role, organisation=acting.organisation)
    return rows.select_related("author").order_by("-changed", "-pk")


def waiting_for(rows: QuerySet[Draft], acting: Acting) -> QuerySet[Draft]:
    """Return the drafts that wait for who acts: others' to approve, and own ones that were returned."""
    returned = Q(state=RETURNED, author=acting.user)
    return (
        rows.filter(Q(state=WAITING) & ~Q(author=acting.user) | returned) if acting.approves else rows.filter(returned)
    )


def title_of(draft: Draft) -> str | Promise:
    """Return what a draft is for; of a published one, the title of its entry."""
    if draft.verb == SETTING:
        return _("Ask for a second person less often")
    correcting = draft.said.get("corrects") is not None
    code = CONFIRMING if CONFIRMING in codes_of(draft.verb, draft.said) else CORRECTION if correcting else draft.verb
    if draft.state == PUBLISHED and code not in (CONFIRMING, UNFREEZING):
        return _("Correction") if correcting else TYPE_TITLES[SAYINGS[draft.verb].type]
    title: str | Promise = WORDS[code]
    return title


def describe(drafts: Iterable[Draft], acting: Acting) -> list[Listed]:
    """Return drafts as lists show them."""
    rows = list(drafts)
    issuers, peers = _find_issuers(rows), _find_peers(rows)
    directory = read_directory([*issuers.values(), *(thing for row in rows for thing in _named(row))])
    return [
        Listed(
            row,
            title_of(row),
            peers.get(row.subject) or _about(row, issuers, directory),
            STATES[row.state],
            _author(row),
            _own(row, acting),
        )
        for row in rows
    ]


def name_draft(draft: Draft) -> str:
    """Return what a draft is for, and the name of whom it is about, in one plain line of the language now active."""
    issuers, peers = _find_issuers([draft]), _find_peers([draft])
    directory = read_directory([*issuers.values(), *_named(draft)])
    thing = next((one for one in (issuers.get(draft.subject), *_named(draft)) if one in directory.listed), None)
    found = directory.listed[thing].name if thing else _name_new(draft)
    name = found.text if found else peers.get(draft.subject, str(draft.said.get("name", "")))
    return gettext("%(title)s: %(name)s") % {"title": title_of(draft), "name": name} if name else str(title_of(draft))


def _find_issuers(rows: Sequence[Draft]) -> dict[str, str]:
    """Return for each accreditation that is changed the issuer it is about."""
    ids = [row.subject for row in rows if row.verb.endswith("_accreditation") and row.subject]
    found: dict[str, Any] = find_records("accreditation", ids, resolve_cut()) if ids else {}
    return {record_id: record.issuer for record_id, record in found.items()}


def _find_peers(rows: Sequence[Draft]) -> dict[str, str]:
    """Return the names of the other registers that are changed."""
    ids = [row.subject for row in rows if row.verb.endswith("_peer") and row.subject]
    found: dict[str, Any] = find_records("peer", ids, resolve_cut()) if ids else {}
    return {record_id: str(record.name) for record_id, record in found.items()}


def _named(row: Draft) -> list[str]:
    said: dict[str, Any] = row.said
    return [
        *ids_of(row.subject),
        *(said[name] for name in ("issuer", "awarding_body") if isinstance(said.get(name), str)),
    ]


def _about(row: Draft, issuers: dict[str, str], directory: Directory) -> SafeString | str:
    issuer = issuers.get(row.subject)
    for thing in [issuer, *_named(row)]:
        if thing in directory.listed:
            return directory.link(thing)
    new = _name_new(row)
    return str(new) if new else str(row.said.get("name", ""))


def _name_new(row: Draft) -> Name | None:
    """Return what a thing that is not on record yet will be called."""
    names = row.said.get("names") or row.said.get("titles")
    return first_name(names, str(row.said.get("country", ""))) if names else None


def _author(row: Draft) -> str:
    return row.author.email or row.author.get_username() if row.author is not None else ""


def _own(row: Draft, acting: Acting) -> bool:
    return row.author_id == acting.user
