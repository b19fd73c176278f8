"""`/operator/audit` and `/desk/audit`: who did what, filtered and paged; as CSV with the same filters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, cast

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext_lazy as _

from register.access.acting import Acting, needs
from register.access.audit import CODES
from register.access.models import AuditRecord
from register.access.organisations import name_organisations
from register.access.roles import AGENCY, AUDITOR, ISSUER, OPERATOR
from register.access.verb_words import VERB_WORDS
from register.access.views.audit_subjects import Subject, tell_subjects
from register.access.views.framed import answer_framed, base_of
from register.access.words import FACTORS, ROLES, Words, name_role
from register.desk.four_eyes import WORDS
from register.moments import format_instant
from register.remarks import RULES
from register.site.dates import spell_day
from register.site.harmless import stream_csv
from register.uploads.remark_words import name_rule

PAGE: Final = 50
_ALL: Final = (OPERATOR, AUDITOR, AGENCY, ISSUER)

FACT_WORDS: Final[dict[str, Words]] = {
    "how": _("by"),
    "role": _("role"),
    "approves": _("approves"),
    "scope": _("scope"),
    "until": _("until"),
    "count": _("how many"),
    "tokens": _("tokens revoked with it"),
    "second_factor": _("second factor"),
    "verbs": _("two people for"),
    "entry": _("entry"),
    "reason": _("reason"),
    "why": _("why"),
    "name": _("name"),
    "alert": _("alert"),
    "file": _("file"),
    "rows": _("rows"),
    "entries": _("entries"),
    "first_entry": _("first entry"),
    "rule": _("remark"),
}

UNTOLD: Final = frozenset({"verb", "draft"})
"""Facts that the page tells otherwise: the verb says what a draft is about, the draft is linked."""

AS_WRITTEN: Final = frozenset({"file", "name", "reason"})
"""Facts in somebody's own words; a code that happens to be written the same is not meant by them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the record is narrowed by: a person or thing, what was done, days; `before` is the id to go on from."""

    q: str = ""
    code: str = ""
    since: date | None = None
    until: date | None = None
    before: int | None = None


def read_asked(request: HttpRequest) -> Asked:
    """Return what the record is narrowed by; what cannot be read narrows by nothing."""
    said = request.GET
    before = said.get("before", "")
    return Asked(
        said.get("q", "").replace("\0", "").strip()[:100],
        said.get("code", "") if said.get("code", "") in CODES else "",
        _read_day(said.get("since", "")),
        _read_day(said.get("until", "")),
        int(before) if before.isdecimal() and len(before) < 18 else None,
    )


def _read_day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found < date.max else None  # its next day is looked for


def records_for(acting: Acting, asked: Asked) -> QuerySet[AuditRecord]:
    """Return the lines that somebody may see, the newest first: operators and auditors all, approvers their own."""
    rows = AuditRecord.objects.order_by("-id")
    if acting.role not in (OPERATOR, AUDITOR):
        rows = rows.filter(organisation=acting.organisation)
    if asked.q:
        rows = rows.filter(Q(email__icontains=asked.q) | Q(about__icontains=asked.q))
    if asked.code:
        rows = rows.filter(code=asked.code)
    if asked.since:
        rows = rows.filter(at__gte=_midnight(asked.since))
    if asked.until:
        rows = rows.filter(at__lt=_midnight(asked.until + timedelta(days=1)))
    return rows


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


@needs(*_ALL, methods=("GET", "HEAD"))
def show_audit(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Show a page of the record, or give all of it as CSV."""
    if acting.role not in (OPERATOR, AUDITOR) and not acting.approves:
        return answer_framed(request, acting, "access/people_not_yours.html", {"place": "audit"}, 403)
    asked = read_asked(request)
    rows = records_for(acting, asked)
    if request.GET.get("format") == "csv":
        return cast(HttpResponse, _give_csv(rows))  # streamed, which the decorators do not mind
    if asked.before:
        rows = rows.filter(id__lt=asked.before)
    found = list(rows[: PAGE + 1])
    names = name_organisations([(row.role, row.said_as) for row in found])
    context = {
        "place": "audit",
        "asked": asked,
        "codes": CODES,
        "records": [
            _describe(row, about, names) for row, about in zip(found, tell_subjects(acting, found[:PAGE]), strict=False)
        ],
        "older": _with(request, before=found[PAGE - 1].pk) if len(found) > PAGE else "",
        "newest": _with(request) if asked.before else "",
        "csv": _with(request, format="csv"),
        "base": base_of(acting),
        "narrowed": bool(asked.q or asked.code or asked.since or asked.until),
    }
    return answer_framed(request, acting, "access/audit.html", context)


def _with(request: HttpRequest, **changed: Any) -> str:
    query = request.GET.copy()
    for name in ("before", "format"):
        query.pop(name, None)
    for name, value in changed.items():
        query[name] = str(value)
    return f"{request.path}?{query.urlencode()}"


def _describe(row: AuditRecord, about: Subject, names: Any) -> dict[str, Any]:
    told = {name: value for name, value in row.facts.items() if value != "" and name not in UNTOLD | about.told}
    return {
        "at": row.at,
        "email": row.email,
        "role": name_role(row.role) if row.role else "",
        "organisation": names.get(row.said_as, ""),
        "what": CODES.get(row.code, row.code.replace("_", " ")),
        "about": about,
        "facts": [(FACT_WORDS.get(name, name), _spell_fact(name, value), name) for name, value in told.items()],
        "network": row.network,
    }


def _spell_fact(name: str, value: Any) -> Words:
    if name == "verbs":
        return ", ".join(str(WORDS.get(code, code)) for code in str(value).split()) or _("nothing")
    if name == "scope":
        return ", ".join(str(VERB_WORDS.get(code, spell(code))) for code in str(value).replace(",", " ").split())
    if name == "rule" and value in RULES:
        return name_rule(value)
    if name in AS_WRITTEN:
        return str(value)
    return _spell_until(str(value)) if name == "until" else spell(value)


def _spell_until(text: str) -> str:
    found = _read_day(text)
    return spell_day(datetime.combine(found, time(12), UTC)) if found else text


_VALUES: Final[dict[str, Words]] = {
    "password": _("password"),
    "single_sign_on": _("single sign-on"),
    "read": _("Read"),
    "invitation": _("invitation"),
    "console": _("the console of the machine"),
    "API": _("a program"),
    **FACTORS,
    **ROLES,
}


def spell(value: Any) -> Words:
    """Write the value of a fact for people."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return _VALUES.get(value, value) if isinstance(value, str) else str(value)


COLUMNS: Final = ("at", "user", "email", "role", "acting_for", "code", "about", "organisation", "facts", "network")


def _give_csv(rows: QuerySet[AuditRecord]) -> StreamingHttpResponse:
    lines = stream_csv(COLUMNS, map(_write_cells, rows.iterator(chunk_size=1000)))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="audit.csv"'
    return response


def _write_cells(row: AuditRecord) -> list[str]:
    facts = "; ".join(f"{name}={value}" for name, value in row.facts.items())
    said = (format_instant(row.at), row.user or "", row.email, row.role, row.said_as, row.code, row.about)
    return [str(cell) for cell in (*said, row.organisation, facts, row.network)]
