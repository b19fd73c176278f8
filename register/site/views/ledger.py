"""`/ledger` and `/ledger/entries/{index}`: the checkpoint, the entries in words and as bytes, their receipts."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from ledger.logs import SignedCheckpointRow
from ledger.tlog.merkle import hash_leaf
from register.api.address import answer_json
from register.api.entries import Event
from register.errors import NotFound
from register.moments import format_instant
from register.queries.hearing import hear_peers
from register.queries.lists import EventRow
from register.queries.peers import find_register
from register.receipts import path_to_entry, path_to_receipt
from register.sentences import say
from register.site.asked import REGISTER
from register.site.cosignatures import list_signers
from register.site.directory import Directory
from register.site.entries import Entry, read_entries
from register.site.entry_words import TYPE_TITLES
from register.site.ledger_listing import PARAMETERS, Listing, Wanted, list_entries, list_later, read_wanted
from register.site.links import path_to, with_query
from register.site.page import Context, page
from register.site.reading import list_newest, newest_checkpoint, read_directory, read_register

_KINDS: Final[Mapping[str, str | Promise]] = {
    "accreditation": _("Accreditations"),
    "issuer": _("Issuers"),
    "agency": _("Agencies"),
    "programme": _("Programmes"),
    "key": _("Keys"),
    "mandate": _("Mandates"),
    "credentials": _("Credentials"),
    "credential": _("Credentials"),
    "peer": _("Other registers"),
    "fork": _("Other registers"),
    "register": _("This register"),
}
"""What types of entries are about, by the first part of their code."""
_UNNAMED: Final[Mapping[str, str | Promise]] = {
    "accreditation": _("The accreditation"),
    "key": _("The key"),
    "mandate": _("The mandate"),
    "credentials": _("The batch"),
    "peer": _("The peer"),
}
"""What an entry calls the thing it is about where that has no name, by the first part of its type."""
_ALONE: Final = ("credential", "fork")
"""Types of entries whose thing is the entry itself: no other is about it."""
_CODES: Final = re.compile(r'\[\n(?: *[\w."-]+,?\n)+ *\]')
"""A list of numbers and codes, as `json.dumps` lays it out: one a line."""


def _answer_ledger(request: HttpRequest, query: Mapping[str, Any]) -> HttpResponse:
    checkpoint = newest_checkpoint()
    listing = _list(checkpoint, _read_wanted(query)[0], query)
    head = None if checkpoint is None else _describe_checkpoint(checkpoint)
    items = [{name: getattr(row, name) for name in ("index", "type", "subject")} | _time(row) for row in listing.rows]
    older = listing.older and f"{settings.ASSAY_BASE_URL}{listing.older}"
    newer = listing.newer and f"{settings.ASSAY_BASE_URL}{listing.newer}"
    told = {"origin": settings.ASSAY_ORIGIN, "checkpoint": head, "items": items, "next": older, "previous": newer}
    return answer_json(told)


def _read_wanted(query: Mapping[str, Any]) -> tuple[Wanted, Directory]:
    """Return what is asked for, and the name of the thing it is about, if any."""
    wanted = read_wanted(query)
    directory = read_directory([wanted.subject]) if wanted.subject else Directory()
    listed = directory.listed.get(wanted.subject or "")
    return replace(wanted, agency=listed is not None and listed.kind == "agency"), directory


def _list(checkpoint: SignedCheckpointRow | None, wanted: Wanted, query: Mapping[str, Any]) -> Listing:
    return list_entries(wanted, checkpoint.size, query) if checkpoint else Listing((), None, None)


def _time(row: EventRow) -> dict[str, str | None]:
    return {"time": format_instant(row.time) if row.time else None}


def _describe_checkpoint(checkpoint: SignedCheckpointRow) -> dict[str, Any]:
    root = base64.b64encode(checkpoint.root).decode()
    note, time = checkpoint.note.decode(), format_instant(checkpoint.second)
    return {"size": checkpoint.size, "root": root, "time": time, "note": note}


@page("site/ledger.html", "ledger", PARAMETERS, twin=_answer_ledger)
def show_ledger(request: HttpRequest, query: Mapping[str, Any]) -> Context | HttpResponse:
    """Show the newest checkpoint and the entries under it that were asked for, the newest first."""
    if "entry" in query:
        return HttpResponseRedirect(path_to_entry(settings.ASSAY_ORIGIN, query["entry"]))
    checkpoint, node = newest_checkpoint(), read_register()
    wanted, directory = _read_wanted(query)
    listing = _list(checkpoint, wanted, query)
    return {
        "checkpoint": checkpoint,
        "node": node,
        "root": base64.b64encode(checkpoint.root).decode() if checkpoint else "",
        "raw": checkpoint.note.decode() if checkpoint else "",
        "signers": list_signers(checkpoint.note, node) if checkpoint else None,
        "entries": read_entries(listing.rows, checkpoint, later=list_later(listing.rows)),
        "listing": listing,
        "kinds": _group_types(),
        "wanted": wanted,
        "type_title": TYPE_TITLES.get(wanted.type or ""),
        "about": directory.link(wanted.subject) if wanted.subject else None,
        "chips": _list_chips(wanted),
        "newest": wanted.address() if "before" in query or "after" in query else None,
    }


def _group_types() -> Mapping[str | Promise, Mapping[str, str | Promise]]:
    """Return the types of entries with their titles, by what they are about."""
    groups: dict[str | Promise, dict[str, str | Promise]] = {}
    for code, title in sorted(TYPE_TITLES.items(), key=lambda item: list(_KINDS).index(item[0].partition(".")[0])):
        groups.setdefault(_KINDS[code.partition(".")[0]], {})[code] = title
    return groups


def _list_chips(wanted: Wanted) -> Mapping[str, str]:
    """Return what is asked for, each with the address of the list without it."""
    parts = {"type": wanted.type, "subject": wanted.subject, "until": wanted.until}
    return {name: _without(wanted, name).address() for name, value in parts.items() if value}


def _without(wanted: Wanted, name: str) -> Wanted:
    left_out: dict[str, Any] = {name: None}
    return replace(wanted, **left_out)


def _answer_entry(request: HttpRequest, query: Mapping[str, Any], index: int) -> HttpResponse:
    response: HttpResponse = Event.as_view()(request, index=index)
    return response


@page("site/entry.html", "ledger", (REGISTER,), twin=_answer_entry)
def show_entry(request: HttpRequest, query: Mapping[str, Any], index: int) -> Context:
    """Show one entry: in words, its bytes, its receipt, and a check of both that runs in the browser."""
    cut = hear_peers(register=query.get("register", settings.ASSAY_ORIGIN))
    checkpoint, register = newest_checkpoint(cut.origin), find_register(cut.origin)
    rows = list_newest(index + 1, None, 1, cut.origin) if index < 2**53 else []
    if checkpoint is None or not rows or rows[0].index != index or index >= checkpoint.size:
        raise NotFound("not_found", "", say("The ledger holds no signed entry {index}.", index=str(index)))
    entry = read_entries(rows, checkpoint, later=list_later(rows))[0]
    data = entry.evidence.data.decode("utf-8", "replace")
    return {
        "recorder": None if cut.speaker is None else register,
        "vkey": register.vkey if register else "",
        "receipt": path_to_receipt(cut.origin, index),
        "entry": entry,
        "data": data,
        "bytes": len(entry.evidence.data),
        "leaf": base64.b64encode(hash_leaf(entry.evidence.data)).decode(),
        "things": _list_things(entry, cut.origin),
        "pretty": _lay_out(data),
        "actor": _actor(entry.event.data if entry.event else None),
        "previous": path_to_entry(cut.origin, index - 1) if index > 0 else None,
        "following": path_to_entry(cut.origin, index + 1) if index + 1 < checkpoint.size else None,
    }


def _lay_out(data: str) -> str:
    """Lay an entry out for reading, a list of codes in one line; a peer's may be no JSON, or hold half a character."""
    try:
        laid_out = json.dumps(json.loads(data), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return data
    joined = _CODES.sub(lambda found: " ".join(found[0].split()), laid_out)
    return joined.encode("utf-8", "replace").decode()


def _actor(data: Any) -> Mapping[str, str]:
    actor = getattr(data, "actor", None)
    return {"role": actor.role} if actor else {}


def _list_things(entry: Entry, origin: str) -> list[tuple[str, SafeString, str]]:
    """Return the things an entry is about: id, link, and the address of all entries about it in our ledger."""
    kind, uid = entry.row.type.partition(".")[0], entry.row.uid
    first = None if kind in _ALONE else uid
    ids = list(dict.fromkeys(one for one in (first, entry.row.issuer, entry.row.agency) if one))
    directory, own = read_directory(ids, origin), origin == settings.ASSAY_ORIGIN
    links = {one: directory.link(one) for one in ids}
    if uid in links and kind in _UNNAMED:
        links[uid] = _name_thing(kind, uid, origin)
    return [(one, link, with_query("/ledger", subject=one) if own else "") for one, link in links.items()]


def _name_thing(kind: str, uid: str, origin: str) -> SafeString:
    """Name a thing that has no name by what it is, as a link where it has a page."""
    if kind == "accreditation":
        register = None if origin == settings.ASSAY_ORIGIN else origin
        return format_html('<a href="{}">{}</a>', path_to(kind, uid, register=register), _UNNAMED[kind])
    return format_html("{}", _UNNAMED[kind])
