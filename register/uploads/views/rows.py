"""`/desk/imports/ID/rows/LINE`: see what a row would put on record, mend it, or leave it out."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from register.access.acting import Acting
from register.desk.page import answer
from register.uploads import handing_in, mending, showing
from register.uploads.forms import RowForm, offer_terms
from register.uploads.models import CHECKED, GOOD, REFUSED, Upload, UploadRow
from register.uploads.naming import name_issuers
from register.uploads.remark_words import mark_remark
from register.uploads.saying import tell_row
from register.uploads.views.imports import desk_of_imports, go_to
from register.uploads.words import mark_problem, mark_with_column


@desk_of_imports
def mend_row(request: HttpRequest, acting: Acting, id: UUID, line: int) -> HttpResponse:
    """Show a row's cells with what is wrong beside them; POST tries it again with others, or leaves it out."""
    upload = handing_in.find(acting, id)
    row = mending.find_row(upload, line)
    if request.method == "POST":
        step = request.POST.get("step", "mend")
        if step == "leave_out":
            mending.leave_out(upload, row)
            messages.success(request, gettext("Line %(line)d is left out.") % {"line": line})
            return _go_on(upload, line)
        if step == "take_in":
            mending.take_in(upload, row)
            return go_to(upload, f"/rows/{line}")
        return _mend(request, acting, upload, row)
    return _show(request, acting, upload, row, _form(upload, row))


def _form(upload: Upload, row: UploadRow, request: HttpRequest | None = None) -> RowForm:
    data = request.POST if request is not None else None
    return RowForm(data, kind=upload.kind, names=upload.names, cells=row.cells)


def _mend(request: HttpRequest, acting: Acting, upload: Upload, row: UploadRow) -> HttpResponse:
    form = _form(upload, row, request)
    if not form.is_valid():
        return _show(request, acting, upload, row, form, 422)
    found = mending.mend(upload, row, form.mended())
    row.outcome, row.problems, row.remarks = found.outcome, found.problems, found.remarks
    row.said = found.said
    if found.outcome == REFUSED:
        return _show(request, acting, upload, row, form, 422)
    messages.success(request, gettext("Line %(line)d can be published now.") % {"line": row.line})
    return _go_on(upload, row.line)


def _go_on(upload: Upload, line: int) -> HttpResponse:
    """Lead on to the next row that is refused, or back to the file."""
    refused = upload.rows.filter(outcome=REFUSED).order_by("line")
    following = refused.filter(line__gt=line).first() or refused.first()
    return go_to(upload, f"/rows/{following.line}" if following is not None else "")


def _show(
    request: HttpRequest, acting: Acting, upload: Upload, row: UploadRow, form: RowForm, status: int = 200
) -> HttpResponse:
    elsewhere: list[SafeString] = []
    noted: list[SafeString] = []
    faults = []
    for problem in row.problems:
        name = form.place_of(problem["column"])
        if problem["fatal"] and name is not None:
            faults.append((form[name], mark_problem(problem, capital=False), mark_problem(problem)))
            form.fields[name].widget.attrs |= {"aria-invalid": "true", "aria-describedby": f"id_{name}-wrong"}
        else:
            (elsewhere if problem["fatal"] else noted).append(mark_with_column(upload.kind, problem))
    beside: dict[str, SafeString] = {}
    for field, _, sentence in faults:
        beside[field.name] = format_html("{} {}", beside[field.name], sentence) if field.name in beside else sentence
    terms = offer_terms(form)
    context = {
        **showing.describe(acting, upload),
        "row": row,
        "names": name_issuers(upload, [row]).get(row.pk, []),
        "gist": showing.find_gist(upload, row),
        "form": form,
        "fields": [(field, beside.get(field.name, ""), terms.get(field.name, ())) for field in form],
        "faults": faults,
        "elsewhere": elsewhere,
        "noted": noted,
        "remarks": [mark_remark(one) for one in row.remarks],
        "left": upload.rows.filter(outcome=REFUSED).count(),
        "says": tell_row(upload, row),
        "mendable": upload.state == CHECKED,
        **_find_neighbours(upload, row),
    }
    return answer(request, acting, "uploads/row.html", context, status)


def _find_neighbours(upload: Upload, row: UploadRow) -> dict[str, int | None]:
    """Return the lines of the rows before and after one; a second person is led along those that would be recorded."""
    rows = upload.rows.all() if upload.state == CHECKED else upload.rows.filter(outcome__in=GOOD)
    lines = rows.order_by("line").values_list("line", flat=True)
    return {
        "before": lines.filter(line__lt=row.line).last(),
        "following": lines.filter(line__gt=row.line).first(),
    }
