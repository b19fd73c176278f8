"""`/verify`: hand in a credential, read one verdict and what it rests on.

The form is answered with the page itself, marked not to be stored, and nothing of what was handed in is kept: not in a
session, a log, a cache or an error. To programs the same address answers as `/api/v1/verify` does.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import resolve
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import Throttled

from register.api.address import write_json
from register.api.limits import BatchLimit
from register.api.problems import explain
from register.credentials.batch_paths import ALGORITHM
from register.credentials.errors import NotACredential
from register.credentials.receipts import FORMAT
from register.errors import NotEntitled, NotFound, NotUnderstood
from register.moments import parse_moment
from register.site.examples import find_example, list_examples
from register.site.handed_in import HandedIn, read_handed_in, refuse_other_sites
from register.site.judging import judge
from register.site.known_ledgers import list_ledgers
from register.site.language import speak
from register.site.page import Context, choose_language, page, prefers_json, render_page
from register.site.reading import newest_checkpoint, read_register
from register.site.report import list_sent, show_reports
from register.site.telling import tell

_FORMS: Final = ("multipart/form-data", "application/x-www-form-urlencoded")
_LARGEST_DOWNLOAD: Final = 1_500_000
"""Bytes of a report that the page itself holds for download; browsers refuse much larger `data:` addresses."""


class Refusal(NamedTuple):
    """Why nothing was checked: the status of the answer, the sentence, and the field at fault."""

    status: int
    sentence: str
    field: str = ""


@csrf_exempt
def check_credential(request: HttpRequest) -> HttpResponseBase:
    """Show the form, or check what it handed in.

    Exempt from the token because no cookie speaks for the reader: see register.site.handed_in.refuse_other_sites.
    """
    if request.method in ("GET", "HEAD"):
        return _show_form(request)
    if request.method != "POST":
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    if prefers_json(request) or request.content_type not in _FORMS:
        match = resolve("/api/v1/verify")
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
    else:
        with speak(choose_language(request)):
            response = _answer_form(request)
    response["Cache-Control"] = "no-store"
    patch_vary_headers(response, ["Accept"])
    return response


@page("site/verify.html", "verify")
def _show_form(request: HttpRequest, query: Mapping[str, Any]) -> Context:
    return _describe_form()


def _describe_form() -> dict[str, Any]:
    return {**_frame(), "examples": list_examples()}


def _frame() -> dict[str, Any]:
    """Return what form and report share: the register itself, its checkpoint, the ledgers whose keys it knows."""
    node, most = read_register(), settings.ASSAY_MAX_BODY_BYTES
    ledgers = list_ledgers(node)
    known = {"ledgers": ledgers, "receipt_format": FORMAT, "tree": ALGORITHM}
    return {"section": "verify", "node": node, "most": most, "megabytes": most // 2**20, **known}


def _answer_form(request: HttpRequest) -> HttpResponse:
    """Check what was handed in; whatever goes wrong is said on the form's own page."""
    try:
        refuse_other_sites(request)
        _count(request)
        handed = read_handed_in(request)
        return _show_result(request, handed, judge(handed))
    except (OperationalError, InterfaceError):
        return _answer_plainly(request, "503.html", 503)
    except Exception as error:  # Django's own handling would log what an error says, perhaps of the credential
        refusal = _explain_refusal(error)
        if refusal is None:
            explain(error)
            return _answer_plainly(request, "500.html", 500)
        return _show_again(request, refusal)


def _answer_plainly(request: HttpRequest, template: str, status: int) -> HttpResponse:
    """Answer with a page that needs no database."""
    response = render(request, template, status=status)
    if status == 503:
        response["Retry-After"] = "5"
    return response


def _explain_refusal(error: Exception) -> Refusal | None:
    """Return what to say about what was handed in; None for an error that is ours."""
    match error:
        case NotUnderstood():
            return Refusal(413 if error.code == "too_large" else 422, error.message, error.field)
        case NotACredential():
            return Refusal(422, tell(error.message, capital=True), "file")
        case NotEntitled():
            return Refusal(403, error.message)
        case NotFound():
            return Refusal(404, error.message)
        case Throttled():
            return Refusal(429, gettext("Too many credentials came from your address; try again in a minute."))
        case RequestDataTooBig():
            told = gettext("What was handed in is too large: expected at most %(most)d MB.")
            return Refusal(413, told % {"most": settings.ASSAY_MAX_BODY_BYTES // 2**20}, "file")
        case SuspiciousOperation() | MultiPartParserError() | UnreadablePostError():
            return Refusal(400, gettext("The form did not arrive whole. Send it again."))
    return None


def _count(request: HttpRequest) -> None:
    """Count the request as the API counts those to its own address; raise Throttled for one too many."""
    if not BatchLimit().allow_request(request):
        raise Throttled()


def _show_again(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    told = {**_describe_form(), "sentence": refusal.sentence, "field": refusal.field}
    response = render_page(request, "site/verify.html", told, refusal.status)
    if refusal.status == 429:
        response["Retry-After"] = "60"
    return response


def _show_result(request: HttpRequest, handed: HandedIn, report: dict[str, Any]) -> HttpResponse:
    shown = show_reports(report)
    written = write_json(report)
    download = base64.b64encode(written).decode() if len(written) <= _LARGEST_DOWNLOAD else ""
    checkpoint = newest_checkpoint()
    context = {
        **_frame(),
        "checkpoint": checkpoint,
        "root": base64.b64encode(checkpoint.root).decode() if checkpoint else "",
        "reports": shown,
        "worst": shown[0],
        "sent": list_sent(report),
        "checked_at": parse_moment(report["checked_at"]),
        "download": f"data:application/json;base64,{download}" if download else "",
        "receipt": _show_receipt(handed.receipt),
        "base_url": settings.ASSAY_BASE_URL,
    }
    return render_page(request, "site/report.html", context)


def _show_receipt(receipt: bytes | None) -> str:
    """Return the text of a receipt for the browser's own check; it is in no other place."""
    try:
        return (receipt or b"").decode()
    except UnicodeDecodeError:
        return ""


@page("site/verify.html", "verify")
def download_example(request: HttpRequest, query: Mapping[str, Any], name: str) -> HttpResponse:
    """Answer with a demonstration credential, or with its receipt (`NAME.receipt`)."""
    credential, receipt = find_example(name.removesuffix(".receipt"))
    data = receipt if name.endswith(".receipt") else credential
    if data is None:
        raise NotFound("not_found", "", gettext("This example has no receipt."))
    return HttpResponse(data, content_type="application/json")
