"""`/ledger` and `/ledger/entries/{index}`: the checkpoint, the entries in words and as bytes, their receipts."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from ledger.logs import SignedCheckpointRow
from register.api.address import answer_json
from register.api.entries import Event
from register.errors import NotFound
from register.moments import format_instant
from register.queries.hearing import hear_peers
from register.queries.lists import EventRow
from register.queries.peers import find_register
from register.receipts import path_to_entry, path_to_receipt
from register.site.asked import BEFORE, REGISTER, TYPE
from register.site.cosignatures import list_signers
from register.site.entries import read_entries
from register.site.entry_words import TYPE_TITLES
from register.site.links import with_query
from register.site.page import Context, page
from register.site.reading import list_newest, newest_checkpoint, read_register

_PAGE: Final = 25


def _answer_ledger(request: HttpRequest, query: Mapping[str, Any]) -> HttpResponse:
    checkpoint = newest_checkpoint()
    rows, following = _read_rows(checkpoint, query)
    head = None if checkpoint is None else _describe_checkpoint(checkpoint)
    items = [{name: getattr(row, name) for name in ("index", "type", "subject")} | _time(row) for row in rows]
    address = following and f"{settings.ASSAY_BASE_URL}{following}"
    return answer_json({"origin": settings.ASSAY_ORIGIN, "checkpoint": head, "items": items, "next": address})


def _time(row: EventRow) -> dict[str, str | None]:
    return {"time": format_instant(row.time) if row.time else None}


def _describe_checkpoint(checkpoint: SignedCheckpointRow) -> dict[str, Any]:
    root = base64.b64encode(checkpoint.root).decode()
    note, time = checkpoint.note.decode(), format_instant(checkpoint.second)
    return {"size": checkpoint.size, "root": root, "time": time, "note": note}


@page("site/ledger.html", "ledger", (TYPE, BEFORE), twin=_answer_ledger)
def show_ledger(request: HttpRequest, query: Mapping[str, Any]) -> Context:
    """Show the newest checkpoint and the newest entries under it."""
    checkpoint, node = newest_checkpoint(), read_register()
    rows, following = _read_rows(checkpoint, query)
    return {
        "checkpoint": checkpoint,
        "node": node,
        "root": base64.b64encode(checkpoint.root).decode() if checkpoint else "",
        "raw": checkpoint.note.decode() if checkpoint else "",
        "signers": list_signers(checkpoint.note, node) if checkpoint else None,
        "entries": read_entries(rows, checkpoint),
        "types": TYPE_TITLES,
        "chosen": query.get("type"),
        "next": following,
        "newest": with_query("/ledger", type=query.get("type")) if "before" in query else None,
    }


def _read_rows(checkpoint: SignedCheckpointRow | None, query: Mapping[str, Any]) -> tuple[list[EventRow], str | None]:
    """Return a page of entries under the checkpoint, and the address of the next one."""
    if checkpoint is None:
        return [], None
    before = min(query.get("before", checkpoint.size), checkpoint.size)
    rows = list_newest(before, query.get("type"), _PAGE + 1)
    more = len(rows) > _PAGE
    following = with_query("/ledger", type=query.get("type"), before=rows[_PAGE - 1].index) if more else None
    return rows[:_PAGE], following


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
        raise NotFound("not_found", "", f"The ledger holds no signed entry {index}.")
    entry = read_entries(rows, checkpoint)[0]
    data = entry.evidence.data.decode("utf-8", "replace")
    return {
        "recorder": None if cut.speaker is None else register,
        "vkey": register.vkey if register else "",
        "receipt": path_to_receipt(cut.origin, index),
        "entry": entry,
        "data": data,
        "pretty": _lay_out(data),
        "actor": _actor(entry.event.data if entry.event else None),
        "previous": path_to_entry(cut.origin, index - 1) if index > 0 else None,
        "following": path_to_entry(cut.origin, index + 1) if index + 1 < checkpoint.size else None,
    }


def _lay_out(data: str) -> str:
    """Lay an entry out for reading; a peer's may be no JSON at all, or hold half a character."""
    try:
        laid_out = json.dumps(json.loads(data), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return data
    return laid_out.encode("utf-8", "replace").decode()


def _actor(data: Any) -> Mapping[str, str]:
    actor = getattr(data, "actor", None)
    return {"role": actor.role} if actor else {}
