"""`/desk/imports`: hand a file in, see what became of the earlier ones; one file, its rows, its progress."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile as SentFile
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.translation import gettext

from register.access.acting import Acting, needs
from register.access.reach import check_reach_of_work
from register.access.roles import AGENCY, OPERATOR
from register.desk.page import answer, answer_error
from register.errors import NotFound, NotUnderstood, Refused
from register.intake.rows import NotRecognised
from register.uploads import handing_in, showing, tasks
from register.uploads.annotated import TYPES, name_annotated, write_annotated
from register.uploads.forms import HandInForm
from register.uploads.models import (
    AT_WORK,
    CHECKED,
    MAPPING,
    OUTCOMES,
    PUBLISHED,
    REFUSED,
    REMARKED,
    VALID,
    WAITING,
    Upload,
)
from register.uploads.references import References
from register.uploads.sweeping import KEPT
from register.uploads.words import STATES

_PAGE: Final = 20
View = Callable[..., HttpResponse]


def desk_of_imports(view: View) -> View:
    """Make a view for agencies and operators; what cannot be done is said in words, with the way back.

    Whatever is sent about a file changes it, so demonstration accounts are kept from those of real people here.
    """

    @wraps(view)
    def guarded(request: HttpRequest, acting: Acting, **parts: Any) -> HttpResponse:
        back = f"/desk/imports/{parts['id']}" if "id" in parts else "/desk/imports"
        try:
            if request.method == "POST" and acting.demonstration and "id" in parts:
                check_reach_of_work(acting, handing_in.find(acting, parts["id"]).author_id)
            return view(request, acting=acting, **parts)
        except NotFound as error:
            return answer_error(request, acting, error, "/desk/imports")
        except (Refused, NotUnderstood) as error:
            return answer_error(request, acting, error, back)

    return needs(AGENCY, OPERATOR)(guarded)


def queue(task: str, upload: Upload) -> None:
    """Have a worker go on once this is committed; without a broker the sweep finds it a minute later."""
    transaction.on_commit(lambda: tasks.go_on(task, str(upload.pk), upload.run))


def path_to(upload: Upload) -> str:
    """Return the address of an upload."""
    return f"/desk/imports/{upload.pk}"


def go_to(upload: Upload, rest: str = "") -> HttpResponse:
    """Lead on to an upload after something was done."""
    return HttpResponseRedirect(path_to(upload) + rest, status=303)


@desk_of_imports
def list_imports(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Show the form and the files handed in so far; POST takes a file."""
    agencies = References().agencies() if acting.role == OPERATOR else None
    sent = request.method == "POST"
    form = HandInForm(request.POST, request.FILES, agencies=agencies) if sent else HandInForm(agencies=agencies)
    if sent and form.is_valid():
        upload = _hand_in(acting, form)
        if upload is not None:
            queue("read", upload)
            return go_to(upload)
    page = Paginator(handing_in.uploads_of(acting).order_by("-created", "pk"), _PAGE).get_page(request.GET.get("page"))
    refused = showing.count_refused([one.pk for one in page.object_list if one.state == CHECKED])
    shown = [(one, STATES[one.state], refused.get(one.pk, 0)) for one in page.object_list]
    context = {"place": "imports", "form": form, "page": page, "uploads": shown}
    return answer(request, acting, "uploads/imports.html", context, 422 if sent else 200)


def _hand_in(acting: Acting, form: HandInForm) -> Upload | None:
    sent: SentFile[bytes] = form.cleaned_data["file"]
    try:
        return handing_in.hand_in(acting, sent.name or "", sent.file or b"", form.cleaned_data.get("agency", ""))
    except NotRecognised as error:
        form.add_error("file", str(error))
        return None


@desk_of_imports
def show_import(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """Show one file: how far it is, its rows, what may be done."""
    upload = handing_in.find(acting, id)
    if upload.state == MAPPING:
        return go_to(upload, "/columns")
    context = showing.describe(acting, upload)
    if upload.state in (CHECKED, WAITING, PUBLISHED):
        context |= _show_rows(request, acting, upload) | {"kept_until": upload.changed + KEPT}
    return answer(request, acting, "uploads/import.html", context)


def _show_rows(request: HttpRequest, acting: Acting, upload: Upload) -> dict[str, Any]:
    counts = showing.count_rows(upload)
    outcome = request.GET.get("rows", _first_shown(upload, counts))
    outcome = outcome if outcome in OUTCOMES else ""
    rows, after = showing.page_of_rows(upload, outcome, _read_line(request))
    more = showing.choices(acting, upload, counts) | {"remarks": showing.count_remarks(upload)}
    return {"counts": counts, "outcome": outcome, "rows": rows, "after": after, **more}


def _first_shown(upload: Upload, counts: dict[str, int]) -> str:
    """Return which rows are shown first: those to be mended; to a second person, of those that would go on record."""
    if upload.state == WAITING:
        return REMARKED if counts[REMARKED] else VALID
    return REFUSED if counts[REFUSED] and upload.state == CHECKED else ""


def _read_line(request: HttpRequest) -> int:
    text = request.GET.get("after", "0")
    if not (text.isascii() and text.isdecimal() and len(text) < 9):
        raise NotUnderstood("invalid", "after", gettext("Expected the number of a line in the address."))
    return int(text)


@desk_of_imports
def tell_progress(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """Tell a script how far the work is."""
    upload = handing_in.find(acting, id)
    told = {"state": upload.state, "done": showing.how_far(upload), "total": upload.total}
    return JsonResponse({**told, "at_work": upload.state in AT_WORK})


@desk_of_imports
def download_annotated(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """Send the file back, in its own format, with what became of each row beside it; once published, what was left."""
    upload = handing_in.find(acting, id)
    left = upload.state == PUBLISHED and upload.rows.filter(index=None).exists()
    if not left and upload.state not in (CHECKED, WAITING):
        raise Http404
    body = write_annotated(upload, only_faulty=request.GET.get("rows") == "faulty")
    response = HttpResponse(body, content_type=TYPES[upload.format])
    response["Content-Disposition"] = f'attachment; filename="{_ascii(name_annotated(upload))}"'
    return response


def _ascii(text: str) -> str:
    written = text.encode("ascii", "ignore").decode().strip()
    return f"rows{written}" if written.startswith("-annotated.") else written
