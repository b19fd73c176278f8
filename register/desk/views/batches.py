"""`/desk/batches/…`: credentials are sealed, the batch anchored, receipts handed out; nothing is kept in between."""

from __future__ import annotations

import base64
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from ledger.errors import NotCovered
from register.access.acting import Acting, needs
from register.access.roles import ISSUER, OPERATOR
from register.credentials import batch_files
from register.credentials.batch_files import Sealed
from register.desk.batch_forms import AnchorBatch, ReceiptsForm, SealForm
from register.desk.batch_sealing import MOST, write_receipts
from register.desk.page import answer, explain_refusals
from register.desk.things import choose_issuer, fill_in
from register.errors import NotUnderstood
from register.queries.credentials import list_batches
from register.queries.cuts import resolve_cut
from register.records import BatchRecord, IssuerRecord
from register.site.names import name_record
from register.site.reading import read_register

_ISSUERS: Final = "/desk/issuers"


def _frame(acting: Acting, issuer: IssuerRecord) -> dict[str, Any]:
    """Return what the three pages share, the command for an issuer's own machine among it."""
    node = read_register()
    return {
        "place": "own" if acting.role == ISSUER else "issuers",
        "issuer": issuer,
        "name": name_record(issuer),
        "most": MOST,
        "megabytes": settings.ASSAY_MAX_BODY_BYTES // 2**20,
        "files": settings.DATA_UPLOAD_MAX_NUMBER_FILES,
        "base_url": settings.ASSAY_BASE_URL,
        "vkey": node.vkey if node else "",
    }


def _sent(request: HttpRequest) -> tuple[Any, Any]:
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


@sensitive_post_parameters()
@never_cache
@needs(ISSUER, OPERATOR)
@explain_refusals
def seal(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Ask for credentials, and give the batch file that they make to whoever handed them in."""
    issuer = choose_issuer(request, acting)
    form = SealForm(issuer, acting, *_sent(request))
    context = {**_frame(acting, issuer), "form": form}
    if not form.is_bound or not form.is_valid() or form.sealed is None:
        return answer(request, acting, "desk/batch_new.html", context, 422 if form.is_bound else 200)
    return answer(request, acting, "desk/batch_sealed.html", {**context, **_show_sealed(form.sealed, issuer, acting)})


def _show_sealed(sealed: Sealed, issuer: IssuerRecord, acting: Acting) -> dict[str, Any]:
    written = base64.b64encode(b"".join(batch_files.write(sealed))).decode()
    return {
        "count": sealed.tree.count,
        "root": sealed.tree.root.hex(),
        "download": f"data:application/octet-stream;base64,{written}",
        "file_name": f"{sealed.tree.root.hex()[:12]}{batch_files.ENDING}",
        "form": AnchorBatch(issuer, acting),
    }


@sensitive_post_parameters()
@never_cache
@needs(ISSUER, OPERATOR)
@explain_refusals
def anchor(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Take a batch file and make a draft of its root and count."""
    issuer = choose_issuer(request, acting, AnchorBatch.verb)
    make = partial(AnchorBatch, issuer, acting)
    template = "desk/batch_anchor.html"
    return fill_in(request, acting, make, template, _frame(acting, issuer), verb=AnchorBatch.verb, show=lambda said: {})


@sensitive_post_parameters()
@never_cache
@needs(ISSUER, OPERATOR)
@explain_refusals
def hand_out(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Take a batch file and give the receipts of a batch that is on record, as one ZIP file."""
    issuer = choose_issuer(request, acting)
    form = ReceiptsForm(issuer, *_sent(request))
    if form.is_bound and form.is_valid():
        try:
            return _give(form.cleaned_data["batch"], issuer)
        except NotUnderstood as error:
            form.add_error("batch", error.message)
    context = {**_frame(acting, issuer), "form": form}
    return answer(request, acting, "desk/batch_receipts.html", context, 422 if form.is_bound else 200)


def _give(sealed: Sealed, issuer: IssuerRecord) -> HttpResponse:
    record = _find(sealed, issuer)
    try:
        written = write_receipts(sealed, record, settings.ASSAY_ORIGIN)
    except NotCovered:
        told = gettext("This batch was anchored a moment ago and is not signed yet. Try again in a minute.")
        raise NotUnderstood("receipt_pending", "batch", told) from None
    response = HttpResponse(written, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="receipts-{record.root[:12]}.zip"'
    return response


def _find(sealed: Sealed, issuer: IssuerRecord) -> BatchRecord:
    root = sealed.tree.root.hex()
    found = list_batches(resolve_cut(), issuer.id, root, limit=1).items
    if not found or found[0].count != sealed.tree.count:
        told = gettext("This batch is not on record yet. Anchor it first; if a draft of it waits, have it approved.")
        raise NotUnderstood("batch_unknown", "batch", told)
    return found[0]
