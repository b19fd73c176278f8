"""QR codes as pictures of their own: an issuer's permanent address, and the page on which credentials are checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from register.errors import NotFound
from register.qr_codes import MEDIA_TYPE, draw_code
from register.queries.hearing import find_placed
from register.sentences import say
from register.site.asked import REGISTER, hear, read_instants
from register.site.links import is_web_address
from register.site.page import page

_DAY: Final = 86_400


@page("site/verify.html", parameters=(REGISTER,))
def draw_issuer(request: HttpRequest, query: Mapping[str, Any], id: UUID) -> HttpResponse:
    """Answer with the QR code of an issuer's permanent address: where its own register shows it."""
    url = find_placed("issuer", str(id), hear(read_instants({}), query)).record.url
    if not is_web_address(url):
        raise NotFound("not_found", "", say("This issuer has no web address that could be shown as a code."))
    return _answer_code(url)


@page("site/verify.html")
def draw_verify(request: HttpRequest, query: Mapping[str, Any]) -> HttpResponse:
    """Answer with the QR code of the page on which a credential can be checked again."""
    return _answer_code(f"{settings.ASSAY_BASE_URL}/verify")


def _answer_code(url: str) -> HttpResponse:
    code = draw_code(url, gettext("QR code of %(url)s") % {"url": url})
    return HttpResponse(code, content_type=MEDIA_TYPE, headers={"Cache-Control": f"public, max-age={_DAY}"})
