"""`/desk/imports/ID/columns`: say what the columns of a file mean."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from register.access.acting import Acting
from register.desk.page import answer
from register.intake.columns import KINDS, recognise
from register.uploads import handing_in, showing
from register.uploads.forms import KindForm, MappingForm
from register.uploads.models import CHECKED, MAPPING, Upload
from register.uploads.views.imports import desk_of_imports, go_to, queue
from register.uploads.words import name_column


@desk_of_imports
def map_columns(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """Show the columns and what was recognised; POST takes what a person says of them and begins a dry run."""
    upload = handing_in.find(acting, id)
    if upload.state not in (MAPPING, CHECKED):
        return go_to(upload)
    asked = request.POST.get("kind") or request.GET.get("kind") or upload.kind
    kind = asked if asked in KINDS else upload.kind
    names = upload.names if kind == upload.kind else list(recognise(upload.header, kind).names)
    sent = request.POST if request.method == "POST" else None
    form = MappingForm(sent, kind=kind, header=upload.header, names=names)
    if sent is not None and form.is_valid() and _take_over(upload, kind, form):
        queue("check", upload)
        return go_to(upload)
    return answer(request, acting, "uploads/columns.html", _describe(acting, upload, kind, form), 422 if sent else 200)


def _take_over(upload: Upload, kind: str, form: MappingForm) -> bool:
    faults = handing_in.map_columns(upload, kind, form.chosen())
    for fault in faults:
        what, _, column = fault.partition(":")
        words = name_column(kind, column)
        if what == "open":
            form.add_error(f"column-{column}", gettext("Say what this column means, or leave it out."))
        elif what == "missing":
            form.add_error(None, gettext("No column was chosen for “%(column)s”, which is needed.") % {"column": words})
        else:
            form.add_error(None, gettext("Two columns were chosen for “%(column)s”.") % {"column": words})
    return not faults


def _describe(acting: Acting, upload: Upload, kind: str, form: MappingForm) -> dict[str, object]:
    """Return the context: each column's field with the first cells of the file below it."""
    samples = list(upload.rows.order_by("line").values_list("cells", flat=True)[:3])
    doubtful = set(recognise(upload.header, kind).doubtful) if upload.state == MAPPING else set()
    fields = [
        (form[f"column-{place}"], [cells[place][:60] for cells in samples if place < len(cells) and cells[place]],
         place in doubtful)
        for place in range(len(upload.header))
    ]  # fmt: skip
    kinds = KindForm(initial={"kind": kind})
    return {**showing.describe(acting, upload), "form": form, "fields": fields, "kinds": kinds, "kind_code": kind}
