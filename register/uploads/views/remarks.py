"""`/desk/remarks`: remarks on decisions on the ledger, cleared with a reason, and what was cleared before."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from register.access.acting import Acting
from register.desk.page import answer
from register.queries.cuts import resolve_cut
from register.queries.single import find_records
from register.remarks import ACCREDITATION
from register.site.names import name_record
from register.uploads import standing
from register.uploads.forms import ReasonForm
from register.uploads.models import StandingRemark
from register.uploads.remark_words import NO_LONGER_SO, list_rules, mark_remark, name_rule, say_why
from register.uploads.views.imports import desk_of_imports

_PAGE: Final = 25


@desk_of_imports
def list_remarks(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Show open or cleared remarks; POST clears the chosen ones, or opens one again."""
    form = ReasonForm(request.POST if request.POST.get("step") == "clear" else None)
    if request.method == "POST":
        done = _step(request, acting, form)
        if done is not None:
            return done
    cleared = request.GET.get("view") == "cleared"
    rows = standing.cleared_remarks(acting) if cleared else standing.open_remarks(acting)
    code = request.GET.get("rule", "")
    page = Paginator(rows.filter(code=code) if code in ACCREDITATION else rows, _PAGE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    context = {
        "place": "remarks",
        "form": form,
        "page": page,
        "remarks": _describe(shown),
        "met": frozenset() if cleared else standing.find_met(shown),
        "standing": NO_LONGER_SO,
        "cleared": cleared,
        "code": code if code in ACCREDITATION else "",
        "why": say_why(code) if code in ACCREDITATION else "",
        "rules": _count_rules(rows),
        "index": list_rules(),
        "total": rows.count(),
        "number": page.paginator.count,
        "last": rows.aggregate(last=Max("pk"))["last"] or 0,
        "chosen": set(_read_chosen(request)),
    }
    return answer(request, acting, "uploads/remarks.html", context, 422 if form.errors else 200)


def _read_chosen(request: HttpRequest) -> list[int]:
    return [int(one) for one in request.POST.getlist("remark") if one.isdecimal() and len(one) < 18]


def _read_kind(request: HttpRequest) -> tuple[str, int] | None:
    """Return the kind of which all are to be cleared, and the newest that was there when the page was."""
    code, last = request.GET.get("rule", ""), request.POST.get("all", "")
    known = code in ACCREDITATION and last.isascii() and last.isdecimal() and len(last) < 18
    return (code, int(last)) if known else None


def _step(request: HttpRequest, acting: Acting, form: ReasonForm) -> HttpResponse | None:
    """Do what was asked for; None where something is missing that the page then asks for."""
    ids, kind = _read_chosen(request), _read_kind(request)
    if request.POST.get("step") == "reopen":
        standing.reopen(acting, ids[0] if ids else 0)
        messages.success(request, gettext("The remark is open again."))
        return HttpResponseRedirect("/desk/remarks?view=cleared", status=303)
    if not form.is_valid():
        return None
    if not (ids or kind):
        form.add_error(None, gettext("Choose the remarks that this reason is for."))
        return None
    reason = form.cleaned_data["reason"]
    number = standing.clear_kind(acting, *kind, reason) if kind else standing.clear(acting, ids, reason)
    said = ngettext("One remark was cleared.", "%(number)d remarks were cleared.", number)
    messages.success(request, said % {"number": number} if number != 1 else said)
    return HttpResponseRedirect(request.get_full_path(), status=303)


def _count_rules(rows: Any) -> list[tuple[str, str, int]]:
    """Return code, words and number of remarks of each rule that has any, in the order of the table."""
    counts = dict(rows.order_by().values_list("code").annotate(Count("id")))
    return [(code, name_rule(code), counts[code]) for code in ACCREDITATION if code in counts]


def _describe(remarks: list[StandingRemark]) -> list[tuple[StandingRemark, SafeString, str]]:
    """Return each remark with its sentence and the name of the issuer (one query for all names)."""
    issuers = find_records("issuer", list({str(one.issuer) for one in remarks}), resolve_cut()) if remarks else {}
    found = []
    for one in remarks:
        issuer = issuers.get(str(one.issuer))
        kept = {"code": one.code, "facts": one.facts}
        found.append((one, mark_remark(kept), str(name_record(issuer)) if issuer else str(one.issuer)))
    return found
