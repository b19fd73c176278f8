"""`/desk/drafts`: an organisation's drafts; one draft as it would go on the ledger, and what may be done with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext

from register import commands
from register.access.acting import Acting, needs
from register.access.roles import ROLES
from register.commands import Written
from register.desk import drafts, four_eyes, preview
from register.desk.errors import Malformed, Stale
from register.desk.forms import path_to_draft
from register.desk.models import OPEN, PUBLISHED, Draft
from register.desk.page import answer, answer_error
from register.errors import NotUnderstood, Refused


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
    context: dict[str, Any] = {"place": "drafts", "draft": draft, "error": error, "own": draft.author_id == acting.user}
    if draft.state in OPEN:
        context |= _preview(acting, draft)
    return answer(request, acting, "desk/draft.html", context, status)


def _preview(acting: Acting, draft: Draft) -> dict[str, Any]:
    if draft.verb == four_eyes.SETTING:
        return {"digest": preview.digest_now(acting.actor, draft), "second": True}
    second = four_eyes.is_needed(draft.role, draft.organisation, draft.verb, draft.said)
    try:
        shown = preview.show(acting, draft.verb, draft.subject, draft.said, draft.version)
    except Malformed as error:
        return {"unreadable": error.faults, "second": second}
    return {"preview": shown, "digest": shown.digest, "second": second}


@needs(*ROLES, methods=("GET", "HEAD"))
def download_receipt(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """Give the receipt (tlog-proof) of a published draft's entry."""
    try:
        draft = drafts.find(acting, id)
    except Refused as error:
        return answer_error(request, acting, error, "/desk/drafts")
    if draft.state != PUBLISHED or draft.entry_index is None:
        return HttpResponseRedirect(path_to_draft(draft))
    receipt = read_receipt(draft)
    headers = {"Content-Disposition": f'attachment; filename="entry-{draft.entry_index}.tlog-proof"'}
    return HttpResponse(receipt, content_type="text/plain; charset=utf-8", headers=headers)


def read_receipt(draft: Draft) -> str:
    """Return the receipt of a published draft's entry; signs first if nobody has yet."""
    assert draft.entry_index is not None
    place = Written("", "", "", settings.ASSAY_ORIGIN, draft.entry_index, "")
    return commands.receipts_for([place])[draft.entry_index]
