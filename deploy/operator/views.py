"""`/operator` and below: health, settings, what was set aside, imports; operators and auditors read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from deploy.operator import facts, reading
from deploy.operator.gauge import SYMBOLS
from deploy.operator.health import Health, read_health
from deploy.operator.probing import Silence, ask_database
from deploy.operator.setting_words import SOURCES, list_unknown, tell_settings
from federation.board import COUNTED
from federation.views.words import explain_aside, name_type, spell_age
from register.access.acting import Acting, needs
from register.access.roles import AUDITOR, OPERATOR
from register.access.words import ROLES
from register.moments import format_instant
from register.site.directory import Directory
from register.site.links import with_query
from register.site.page import prefers_json, render_page
from register.site.reading import newest_checkpoint, read_directory, read_register
from register.site.words import Tone
from register.uploads import models as uploads

_READS: Final = ("GET", "HEAD")
_SILENT: Final = timedelta(minutes=5)
_MOST_PAGES: Final = 400

STATES: Final[Mapping[str, tuple[str | Promise, Tone]]] = {
    uploads.READING: (_("being read"), "off"),
    uploads.MAPPING: (_("columns to be named"), "off"),
    uploads.CHECKING: (_("dry run under way"), "off"),
    uploads.CHECKED: (_("checked, not published"), "off"),
    uploads.WAITING: (_("waits for a second person"), "warn"),
    uploads.PUBLISHING: (_("being published"), "off"),
    uploads.PUBLISHED: (_("published"), "good"),
    uploads.FAILED: (_("failed"), "bad"),
    uploads.DISCARDED: (_("discarded"), "off"),
}


@needs(OPERATOR, AUDITOR, methods=_READS)
def show_health(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Show how the node stands; the same as JSON to whoever prefers it."""
    node, head = read_register(), newest_checkpoint()
    health = read_health(node, head)
    if prefers_json(request):
        return JsonResponse(_tell(health))
    tables = ask_database(facts.list_largest)
    told = {
        "place": "health",
        "node": node,
        "checkpoint": head,
        "summary": health.summary,
        "alarms": health.alarms,
        "areas": health.areas,
        "workers": health.workers,
        "asked": health.asked,
        "tables": [] if isinstance(tables, Silence) else tables,
    }
    return render_page(request, "operator/health.html", told)


def _tell(health: Health) -> dict[str, Any]:
    states = {"good": "well", "warn": "look", "bad": "act", "off": "unknown"}
    gauges = [one.tell() | {"area": area.code} for area in health.areas for one in area.gauges]
    return {"state": states[health.summary.tone], "asked": format_instant(health.asked), "gauges": gauges}


@needs(OPERATOR, AUDITOR, methods=_READS)
def show_settings(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Show the settings in words, with where each comes from: by group, or those that are looked for."""
    q, origin = request.GET.get("q", "").replace("\0", "").strip()[:100], request.GET.get("from", "")
    origin = origin if origin in SOURCES else ""
    told = {
        "place": "settings",
        "q": q,
        "origin": origin,
        "sources": SOURCES.items(),
        "groups": tell_settings(q, origin),
        "open": bool(q or origin or request.GET.get("all")),
        "unknown": list_unknown(),
    }
    return render_page(request, "operator/settings.html", told)


@needs(OPERATOR, AUDITOR, methods=_READS)
def show_quarantine(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Show what was set aside of other registers."""
    newest = [(one, explain_aside(one.reason), name_type(one.type)) for one in reading.list_newest_aside()]
    told = {"place": "quarantine", "peers": reading.count_aside(), "newest": newest, "counted": COUNTED}
    return render_page(request, "operator/quarantine.html", told)


@dataclass(frozen=True, slots=True)
class ShownUpload:
    """A file as the list shows it; `silent` says that no worker was heard of for a while."""

    upload: uploads.Upload
    desk: str
    words: str | Promise
    tone: Tone
    silent: str

    @property
    def symbol(self) -> str:
        """The symbol of its tone."""
        return SYMBOLS[self.tone]


@needs(OPERATOR, AUDITOR, methods=_READS)
def show_imports(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Show the files handed in at all desks, newest first."""
    state, number = request.GET.get("state", ""), request.GET.get("page", "")
    state = state if state in STATES else ""
    page = min(int(number), _MOST_PAGES) if number.isascii() and number.isdecimal() and len(number) < 6 else 0
    rows = list(reading.list_uploads(state, page * reading.PAGE))
    directory = read_directory(row.organisation for row in rows)
    now = timezone.now()
    more = len(rows) > reading.PAGE and page < _MOST_PAGES
    told = {
        "place": "imports",
        "state": state,
        "states": {code: words for code, (words, _tone) in STATES.items()},
        "shown": [_show(row, directory, now) for row in rows[: reading.PAGE]],
        "next": with_query("/operator/imports", state=state, page=page + 1) if more else None,
        "newest": with_query("/operator/imports", state=state) if page else None,
    }
    return render_page(request, "operator/imports.html", told)


def _show(row: uploads.Upload, directory: Directory, now: datetime) -> ShownUpload:
    words, tone = STATES.get(row.state, (row.state, "off"))
    desk = directory.link(row.organisation) if row.organisation else str(ROLES.get(row.role, row.role))
    silent = ""
    heard = row.heard or row.created
    if row.state in uploads.AT_WORK and now - heard > _SILENT:
        tone = "warn"
        silent = gettext("No worker was heard of for %(age)s. Another one takes it up by itself; see whether any runs.")
        silent %= {"age": spell_age(now - heard)}
    return ShownUpload(row, desk, words, tone, silent)
