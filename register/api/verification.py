"""`/api/v1/verify`: a credential is handed in, a report comes back; nothing of it is stored, logged or cached.

The body is the credential itself (JSON, a JWT, or a PNG, SVG, PDF or ZIP that holds one), whatever its media type says,
or a form with `file` and, where there is one, `receipt`. DRF's parsers and Django's temporary files are kept out.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from register.api.address import Address, answer_json
from register.api.limits import BatchLimit
from register.api.parameters import Parameter
from register.api.problems import Problem
from register.api.reports import REPORT
from register.credential_ports import verify_here
from register.credentials.errors import NotACredential
from register.credentials.reading import MOST_BYTES
from register.errors import NotUnderstood
from register.moments import parse_moment

MEDIA: Final = (
    "application/json",
    "application/vc",
    "application/vc+jwt",
    "application/ld+json",
    "text/plain",
    "image/png",
    "image/svg+xml",
    "application/pdf",
    "application/zip",
    "application/octet-stream",
)
"""Media types of bodies that are one credential, in the API's document; others are read just so."""

_FORM: Final = "multipart/form-data"
_FIELDS: Final = ("file", "receipt")
_AT: Final = Parameter(
    "at",
    "The instant at which expiry and status are judged; a bare date is its first instant, UTC. Default: now.",
    parse_moment,
    {"type": "string"},
    "2026-08-01",
)
_BYTES: Final = {"type": "string", "format": "binary"}


class Verify(Address):
    """Verifying a credential."""

    tag = "verify"
    throttle_classes = (BatchLimit,)
    parameters = (_AT,)
    answers: ClassVar = {"POST": REPORT}
    bodies: ClassVar = {
        **dict.fromkeys(MEDIA, _BYTES),
        "application/json": {"description": "The credential itself, a list of some, or `credential` and `receipt`."},
        _FORM: {"type": "object", "required": ["file"], "properties": dict.fromkeys(_FIELDS, _BYTES)},
    }

    def post(self, request: Request) -> HttpResponse:
        """Verify a credential that is handed in, with or without its receipt.

        The answer is a report: one verdict over four questions, each with what was found. 200 whatever the verdict;
        400 (`no_credential`) when there is no credential of any kind in the body. Several credentials in one body give
        the worst report on top and the others in `contained`. Nothing of what is handed in is kept.
        """
        given = self.query(request)
        data, receipt = read_body(request._request)
        try:
            report = verify_here(data, timezone.now(), receipt=receipt, at=given.get("at"))
        except NotACredential as error:
            raise Problem(400, "no_credential", error.message) from None
        return answer_json(report)


def read_body(request: HttpRequest) -> tuple[bytes, bytes | None]:
    """Return the credential and the receipt of a request; raises Problem 413 and NotUnderstood."""
    if request.content_type != _FORM:
        return _bound(request.body), None
    for name in (*request.POST, *request.FILES):
        if name not in _FIELDS:
            raise NotUnderstood("unknown_field", name[:60], f"expected {' and '.join(_FIELDS)}; remove the others")
    credential = _read_part(request, "file")
    if credential is None:
        raise NotUnderstood("missing_field", "file", "file: this field is required; add the credential")
    return _bound(credential), _read_part(request, "receipt")


def _read_part(request: HttpRequest, name: str) -> bytes | None:
    """Return one part of a form, be it sent as a file or as text."""
    sent: list[Any] = [*request.FILES.getlist(name), *request.POST.getlist(name)]
    if len(sent) > 1:
        raise NotUnderstood("parameter_repeated", name, f"{name} was given more than once; give it once")
    if not sent:
        return None
    data: bytes = sent[0].read() if isinstance(sent[0], UploadedFile) else str(sent[0]).encode()
    return data


def _bound(data: bytes) -> bytes:
    most = min(MOST_BYTES, settings.ASSAY_MAX_BODY_BYTES)
    if len(data) > most:
        raise Problem(413, "too_large", f"Expected a credential of at most {most} bytes, got {len(data)}.")
    return data
