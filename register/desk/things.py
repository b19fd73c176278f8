"""Things of the desk: what the pages about issuers, keys, programmes and mandates share.

A page shows a form, empty, as a record stands, or as an open draft says it (`?draft=ID`); what is sent becomes a draft,
and its preview is the next page. "More rows" sends the form without checking it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext

from register.access.acting import Acting
from register.access.roles import ISSUER
from register.desk import drafts
from register.desk.forms import DraftForm, path_to_draft
from register.desk.models import Draft
from register.desk.page import NotChosen, answer
from register.errors import Conflict, NotFound
from register.queries.cuts import resolve_cut
from register.queries.selecting import is_uid
from register.queries.single import find_record
from register.records import IssuerRecord, ProgrammeRecord

Make = Callable[..., DraftForm]
"""Makes the form; takes `data`, `files` and `initial` as forms do."""


def find_own(kind: str, record_id: object) -> Any:
    """Return a record of this register, which alone can be changed here; raises NotFound."""
    return find_record(kind, str(record_id), resolve_cut())


def find_theirs(acting: Acting, issuer: object) -> IssuerRecord:
    """Return an issuer that who acts may speak for; raises NotFound for an issuer officer and another issuer."""
    if acting.role == ISSUER and str(issuer) != acting.organisation:
        raise NotFound("issuer_unknown", "", gettext("This is not an institution of yours."))
    found: IssuerRecord = find_own("issuer", issuer)
    return found


def find_closure(record: IssuerRecord | ProgrammeRecord) -> int:
    """Return the index of the entry that closed something; raises Conflict where it is open."""
    if record.closure is None:
        raise Conflict("not_closed", "", gettext("This is not closed: there is nothing to take back."))
    return record.closure.recorded.index


def choose_issuer(request: HttpRequest, acting: Acting, verb: str = "", said_as: str = "issuer") -> IssuerRecord:
    """Return the issuer a page is about: an issuer officer's own; else as `issuer` or the draft of `verb` names it.

    Raises NotChosen where nothing names one, and NotFound.
    """
    if acting.role == ISSUER:
        return find_theirs(acting, acting.organisation)
    draft = find_draft(request, acting, verb, "") if verb else None
    named = draft.said[said_as] if draft else request.POST.get("issuer") or request.GET.get("issuer", "")
    if not is_uid(named):
        raise NotChosen(
            "issuer_unknown", "", gettext("Choose the institution: search for it, then pick it from the list.")
        )
    return find_theirs(acting, named)


def find_draft(request: HttpRequest, acting: Acting, verb: str, subject: str) -> Draft | None:
    """Return the draft that is to be changed, None for a new one; raises NotFound for another's or another thing's."""
    named = request.POST.get("draft") or request.GET.get("draft")
    if not named:
        return None
    draft = drafts.find(acting, named)
    return draft if (draft.verb, draft.subject) == (verb, subject) else None


def peek(request: HttpRequest, make: Make) -> dict[str, Any]:
    """Return what was filled in, unchecked, to be shown again."""
    return {
        name: field.widget.value_from_datadict(request.POST, request.FILES, name)
        for name, field in make().fields.items()
    }


def open_form(request: HttpRequest, make: Make, initial: Mapping[str, Any]) -> DraftForm:
    """Return the form as it was sent, or to be filled in."""
    if request.method == "POST" and "more" not in request.POST:
        return make(data=request.POST, files=request.FILES)
    return make(initial=peek(request, make) if request.method == "POST" else dict(initial))


def keep(acting: Acting, form: DraftForm, subject: str, draft: Draft | None, version: str) -> HttpResponse | None:
    """Save what was sent as a draft and lead to it; None where the form says what is wrong."""
    number = int(version) if version.isascii() and version.isdecimal() and len(version) < 10 else None
    kept = form.keep(acting, subject, str(draft.pk) if draft else None, number if draft else None)
    return HttpResponseRedirect(path_to_draft(kept), status=303) if kept else None


def fill_in(
    request: HttpRequest,
    acting: Acting,
    make: Make,
    template: str,
    context: Mapping[str, Any],
    *,
    verb: str,
    subject: str = "",
    show: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict,
    said: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """Answer with a form, or with the way to the preview of what was filled in.

    `said` are terms to begin with, `show` puts terms into the form's fields.
    """
    draft = find_draft(request, acting, verb, subject)
    form = open_form(request, make, show({**(said or {}), **(draft.said if draft else {})}))
    if form.is_bound:
        done = keep(acting, form, subject, draft, request.POST.get("version", ""))
        if done is not None:
            return done
    status = 422 if form.is_bound else 200
    return answer(request, acting, template, {**context, "form": form, "draft": draft}, status)
