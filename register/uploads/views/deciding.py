"""`/desk/imports/ID/…`: publish, approve, return, call back, discard; each a step that is sent by POST."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext

from register.access.acting import Acting
from register.errors import NotUnderstood
from register.uploads import handing_in, publishing
from register.uploads.forms import ReasonForm
from register.uploads.handing_in import begin_run, read_again, twins
from register.uploads.left_behind import hand_in_again
from register.uploads.models import CHECKED, PUBLISHED, PUBLISHING, Upload
from register.uploads.views.imports import desk_of_imports, go_to, queue

Step = Callable[[HttpRequest, Acting, Upload], Upload | None]


@desk_of_imports
def take_step(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """Do one step with an upload and lead back to it, or on to another that it made."""
    upload = handing_in.find(acting, id)
    step = _STEPS.get(request.POST.get("step", ""))
    if step is None:
        raise NotUnderstood("invalid", "step", gettext("What was sent is none of the steps of this page."))
    made = step(request, acting, upload)
    if step is _discard:
        return HttpResponseRedirect("/desk/imports", status=303)
    return go_to(made or upload)


def _publish(request: HttpRequest, acting: Acting, upload: Upload) -> None:
    again = twins(upload).filter(state=PUBLISHED).exists()
    if again and not request.POST.get("again"):
        sentence = gettext("This very file was published before. Say that you mean it, if you do.")
        raise NotUnderstood("same_file", "again", sentence)
    publishing.request(acting, upload, bool(request.POST.get("partial")), request.POST.get("digest", ""))
    if upload.state == PUBLISHING:
        queue("publish", upload)


def _approve(request: HttpRequest, acting: Acting, upload: Upload) -> None:
    publishing.approve(acting, upload, request.POST.get("digest", ""))
    queue("publish", upload)


def _return(request: HttpRequest, acting: Acting, upload: Upload) -> None:
    form = ReasonForm(request.POST)
    if not form.is_valid():
        raise NotUnderstood("invalid", "reason", gettext("Say in a sentence what is wrong."))
    publishing.return_(acting, upload, form.cleaned_data["reason"])
    messages.success(request, gettext("It went back to its author."))


def _call_back(request: HttpRequest, acting: Acting, upload: Upload) -> None:
    publishing.call_back(acting, upload)


def _try_again(request: HttpRequest, acting: Acting, upload: Upload) -> None:
    begin_run(upload, [CHECKED])
    queue("check", upload)


def _read_again(request: HttpRequest, acting: Acting, upload: Upload) -> None:
    read_again(upload)
    queue("read", upload)


def _mend_left(request: HttpRequest, acting: Acting, upload: Upload) -> Upload:
    left = hand_in_again(acting, upload)
    queue("read", left)
    return left


def _discard(request: HttpRequest, acting: Acting, upload: Upload) -> None:
    form = ReasonForm(request.POST)
    given = form.cleaned_data["reason"] if form.is_valid() else ""
    publishing.discard(acting, upload, given)
    messages.success(request, gettext("The file is discarded. Nothing of it is on record."))


_STEPS: Final[Mapping[str, Step]] = {
    "publish": _publish,
    "approve": _approve,
    "return": _return,
    "call_back": _call_back,
    "try_again": _try_again,
    "read_again": _read_again,
    "mend_left": _mend_left,
    "discard": _discard,
}
