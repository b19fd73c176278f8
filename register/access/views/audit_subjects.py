"""What lines of the audit record are about, in words, and where each leads; a fixed number of queries for a page.

A line names a thing by its address. Of a draft of another desk that is not published only what it is for is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from register.access.acting import Acting
from register.access.models import AuditRecord
from register.desk.four_eyes import WORDS
from register.desk.listing import Listed, describe
from register.desk.models import PUBLISHED, Draft
from register.queries.cuts import resolve_cut
from register.queries.selecting import is_uid
from register.queries.single import find_records
from register.site.reading import read_directory

Words = str | Promise

_DRAFT, _IMPORT, _PEER, _ACCREDITATION = "/desk/drafts/", "/desk/imports/", "/federation/peers/", "/accreditations/"
_KINDS: Final = (_DRAFT, _IMPORT, _PEER, _ACCREDITATION)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a line is about: in words, the address it leads to (or none), and whom it concerns, which may be a link.

    `told` are the facts that these words say already.
    """

    words: Words
    link: str = ""
    whom: SafeString | str = ""
    told: frozenset[str] = frozenset()


def tell_subjects(acting: Acting, rows: Sequence[AuditRecord]) -> list[Subject]:
    """Return what each line is about, for who looks."""
    known = Known(_read_drafts(acting, rows), _read_issuers(rows), _read_peers(rows))
    return [_tell(acting, row, known) for row in rows]


@dataclass(frozen=True, slots=True)
class Known:
    """What the lines of a page name, by id: drafts, the issuers of accreditations as links, names of peers."""

    drafts: Mapping[str, Listed]
    issuers: Mapping[str, SafeString]
    peers: Mapping[str, str]


def _tell(acting: Acting, row: AuditRecord, known: Known) -> Subject:
    kind = next((one for one in _KINDS if row.about.startswith(one)), "")
    link = row.about if (row.role, row.said_as) == (acting.role, acting.organisation) else ""
    if kind == _DRAFT:
        return _tell_draft(row, known.drafts.get(_id_of(row)), link)
    if kind == _ACCREDITATION:
        return Subject(_("Accreditation"), row.about, known.issuers.get(_id_of(row), ""))
    if kind == _PEER:
        name = known.peers.get(_id_of(row)) or str(row.facts.get("name") or row.about)
        said = WORDS.get(str(row.facts.get("verb", "")))
        found = Subject(name, row.about) if said is None else Subject(said, row.about, name)
        return replace(found, told=frozenset({"name"}))
    if kind == _IMPORT and row.facts.get("file"):
        return Subject(str(row.facts["file"]), link, told=frozenset({"file"}))
    return Subject(row.about)


def _tell_draft(row: AuditRecord, draft: Listed | None, link: str) -> Subject:
    verb = str(row.facts.get("verb", ""))
    if draft is None:
        return Subject(WORDS.get(verb, _("A draft")), link)
    return Subject(draft.title, link, draft.about if link or draft.draft.state == PUBLISHED else "")


def _id_of(row: AuditRecord) -> str:
    return row.about.rpartition("/")[2]


def _ids_of(kind: str, rows: Sequence[AuditRecord]) -> list[str]:
    found = {_id_of(row) for row in rows if row.about.startswith(kind)}
    return sorted(one for one in found if is_uid(one))


def _read_drafts(acting: Acting, rows: Sequence[AuditRecord]) -> dict[str, Listed]:
    wanted = _ids_of(_DRAFT, rows)
    if not wanted:
        return {}
    found = Draft.objects.filter(pk__in=wanted).select_related("author")
    return {str(one.draft.pk): one for one in describe(found, acting)}


def _read_issuers(rows: Sequence[AuditRecord]) -> dict[str, SafeString]:
    """Return links to the issuers of the accreditations that lines are about."""
    wanted = _ids_of(_ACCREDITATION, rows)
    found: dict[str, Any] = find_records("accreditation", wanted, resolve_cut()) if wanted else {}
    directory = read_directory(record.issuer for record in found.values())
    return {uid: directory.link(record.issuer) for uid, record in found.items()}


def _read_peers(rows: Sequence[AuditRecord]) -> dict[str, str]:
    wanted = _ids_of(_PEER, rows)
    found: dict[str, Any] = find_records("peer", wanted, resolve_cut()) if wanted else {}
    return {uid: str(record.name) for uid, record in found.items()}
