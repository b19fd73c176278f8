"""`/desk/drafts`: an organisation's drafts; one draft as it would go on the ledger, and what may be done with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from register import commands
from register.access.acting import Acting, needs
from register.access.roles import ROLES
from register.commands import Written
from register.desk import agency_effects, deeds, drafts, four_eyes, preview
from register.desk.denied import show_look_alikes
from register.desk.editing import path_to_form
from register.desk.errors import Malformed, Stale
from register.desk.forms import path_to_draft
from register.desk.listing import STATES, describe, drafts_of, title_of, waiting_for
from register.desk.models import DISCARDED, OPEN, PUBLISHED, WAITING, Draft
from register.desk.page import answer, answer_error
from register.desk.showing import show_effects, show_facts, show_setting, tell_corrected, tell_published
from register.desk.terms import read_terms
from register.errors import NotUnderstood, Refused
from register.uploads.holdings import remarks_on
from register.uploads.remark_words import mark


@needs(*ROLES)
def show_draft(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """Show a draft as it would go on the ledger; POST does one step with it."""
    try:
        draft = drafts.find(acting, id)
        if request.method == "POST":
            return _step(request, acting, draft)
        return _show(request, acting, draft)
    except (Refused, NotUnderstood) as error:
        return answer_error(request, acting, error, "/desk/drafts")


def _step(request: HttpRequest, acting: Acting, draft: Draft) -> HttpResponse:
    step = _STEPS.get(request.POST.get("step", ""))
    if step is None:
        raise NotUnderstood("invalid", "step", gettext("What was sent is none of the steps of this page."))
    try:
        step(acting, draft, request.POST)
    except Stale as error:
        return _show(request, acting, drafts.find(acting, draft.pk), error, 409)
    except Refused as error:
        return _show(request, acting, drafts.find(acting, draft.pk), error, 422)
    return HttpResponseRedirect(path_to_draft(draft), status=303)


def _submit(acting: Acting, draft: Draft, sent: Mapping[str, str]) -> Draft | Written:
    return drafts.submit(acting, draft, sent.get("digest", ""))


def _hand_over(acting: Acting, draft: Draft, sent: Mapping[str, str]) -> Draft | Written:
    return drafts.hand_over(acting, draft, sent.get("digest", ""))


def _approve(acting: Acting, draft: Draft, sent: Mapping[str, str]) -> Draft | Written:
    return drafts.approve(acting, draft, sent.get("digest", ""))


def _return(acting: Acting, draft: Draft, sent: Mapping[str, str]) -> Draft | Written:
    return drafts.return_(acting, draft, sent.get("remark", ""))


def _discard(acting: Acting, draft: Draft, sent: Mapping[str, str]) -> Draft | Written:
    return drafts.discard(acting, draft)


_STEPS: Final[Mapping[str, Callable[[Acting, Draft, Mapping[str, str]], Draft | Written]]] = {
    "submit": _submit,
    "hand-over": _hand_over,
    "approve": _approve,
    "return": _return,
    "discard": _discard,
}
"""What may be done with a draft, by the button that was pressed."""


def _show(
    request: HttpRequest, acting: Acting, draft: Draft, error: Refused | None = None, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        "place": "drafts",
        "draft": draft,
        "heading": title_of(draft),
        "standing": STATES[draft.state],
        "error": error,
        "own": draft.author_id == acting.user or drafts.is_left(draft),
    }
    if draft.state in OPEN:
        context |= _show_open(acting, draft)
    if draft.state == PUBLISHED and draft.entry_index is not None:
        told = {"words": tell_published(draft), "facts": _tell_facts(draft)}
        context |= told | {"thing": draft.written.rpartition("/")[2]}
    return answer(request, acting, "desk/draft.html", context, status)


def _show_open(acting: Acting, draft: Draft) -> dict[str, Any]:
    waiting = draft.state == WAITING
    told = {
        "waiting": waiting,
        "decides": waiting and drafts.may_decide(acting, draft),
        "second": four_eyes.is_needed(draft.role, draft.organisation, draft.verb, draft.said, draft.subject),
        "approvers": four_eyes.count_approvers(draft.role, draft.organisation, draft.author_id),
        "form_path": path_to_form(draft),
    }
    if draft.verb == four_eyes.SETTING:
        return told | {"digest": preview.digest_now(acting.actor, draft), "setting": show_setting(draft)}
    deed = deeds.find(draft.verb)
    if deed is not None and deed.alone is not None:
        facts = deed.facts(draft)
        return told | {"digest": preview.digest_now(acting.actor, draft), "alone": deed.alone, "facts": facts}
    try:
        return told | _show_preview(acting, draft)
    except Malformed as error:
        return told | {"unreadable": error.faults}


def _tell_facts(draft: Draft) -> list[tuple[Any, Any]]:
    """Return what it says beyond the sentence about its entry."""
    deed = deeds.find(draft.verb)
    return [*show_facts(draft), *(deed.facts(draft) if deed is not None else ())]


def _show_preview(acting: Acting, draft: Draft) -> dict[str, Any]:
    shown = preview.show(acting, draft.verb, draft.subject, draft.said, draft.version)
    effects = show_effects(shown)
    return {
        "preview": shown,
        "digest": shown.digest,
        "bytes": shown.data.decode(),
        "effects": effects,
        "back": min((row.back for row in effects if row.back), default=None),
        "reach": agency_effects.count_reach(draft.subject) if agency_effects.bears(draft.verb, draft.said) else None,
        "differences": shown.differences,
        "corrected": tell_corrected(draft, shown),
        "facts": _tell_facts(draft),
        "look_alikes": show_look_alikes(draft),
        "remarks": [mark(one) for one in remarks_on(read_terms(draft.verb, draft.said), draft.subject)],
    }


@needs(*ROLES, methods=("GET", "HEAD"))
def download_receipt(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """Give the receipt (tlog-proof) of a published draft's entry; the log is signed first if nobody has yet."""
    try:
        draft = drafts.find(acting, id)
    except Refused as error:
        return answer_error(request, acting, error, "/desk/drafts")
    if draft.entry_index is None:
        return HttpResponseRedirect(path_to_draft(draft))
    index = draft.entry_index
    place = Written("", "", "", settings.ASSAY_ORIGIN, index, "")
    headers = {"Content-Disposition": f'attachment; filename="entry-{index}.tlog-proof"'}
    receipt = commands.receipts_for([place])[index]
    return HttpResponse(receipt, content_type="text/plain; charset=utf-8", headers=headers)


@needs(*ROLES, methods=("GET", "HEAD"))
def list_drafts(request: HttpRequest, acting: Acting) -> HttpResponse:
    """List an organisation's drafts: those that wait for oneself, one's own, everybody's, those decided."""
    wanted = request.GET.get("which", "")
    tab = wanted if wanted in _TABS else "open"
    number = request.GET.get("page", "1")
    start = (int(number) - 1) * _PAGE if number.isdecimal() and len(number) < 5 and int(number) else 0
    rows = list(_TABS[tab][1](drafts_of(acting), acting)[start : start + _PAGE + 1])
    tabs = [(code, words, code == tab) for code, (words, _narrow) in _TABS.items()]
    page = start // _PAGE + 1
    context = {
        "place": "drafts",
        "rows": describe(rows[:_PAGE], acting),
        "tabs": tabs,
        "tab": tab,
        "next": f"/desk/drafts?which={tab}&page={page + 1}" if len(rows) > _PAGE else "",
        "previous": f"/desk/drafts?which={tab}&page={page - 1}" if start else "",
    }
    return answer(request, acting, "desk/drafts.html", context)


_PAGE: Final = 30
_TABS: Final[Mapping[str, tuple[Any, Callable[[QuerySet[Draft], Acting], QuerySet[Draft]]]]] = {
    "open": (pgettext_lazy("drafts", "Open"), lambda rows, acting: rows.filter(state__in=OPEN)),
    "waiting": (_("Waiting for you"), waiting_for),
    "mine": (_("Yours"), lambda rows, acting: rows.filter(author=acting.user)),
    "published": (pgettext_lazy("drafts", "Published"), lambda rows, acting: rows.filter(state=PUBLISHED)),
    "discarded": (_("Discarded"), lambda rows, acting: rows.filter(state=DISCARDED)),
}
"""Code of a list of drafts → its words, and which are in it."""
