"""Which answers have a language: pages do; bytes of the ledger and JSON for programs say the same to everybody.

A reader gets the language the browser asks for, or the one chosen on the page: `?lang=pl` in any page's address answers
in it, and a cookie remembers it. The parameter is taken away before a page reads its query, so no page need know it.
"""

from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

PARAMETER: Final = "lang"
WITHOUT_LANGUAGE: Final = (
    "/.well-known/",
    "/api/",
    "/ledger/checkpoint",
    "/ledger/receipt/",
    "/ledger/tile/",
    "/mirror/",
    "/status/",
    "/witness/",
)


def take_choice(request: HttpRequest) -> str | None:
    """Take `lang` off the query and return it where it names a language of ours; the cookie then says the same."""
    parts = str(request.META.get("QUERY_STRING", "")).split("&")
    wishes = [value for name, _, value in (part.partition("=") for part in parts) if name == PARAMETER]
    if not wishes:
        return None
    # Before anybody has looked at request.GET, which is made of it.
    request.META["QUERY_STRING"] = "&".join(part for part in parts if part.partition("=")[0] != PARAMETER)
    if wishes[-1] not in dict(settings.LANGUAGES):
        return None
    request.COOKIES[settings.LANGUAGE_COOKIE_NAME] = wishes[-1]
    return wishes[-1]


class LanguageOfPages(LocaleMiddleware):
    """Choose the reader's language for pages only; elsewhere `Vary: Accept-Language` would split every cache."""

    def process_request(self, request: HttpRequest) -> None:
        """Set the language, except where answers have none."""
        if request.path_info.startswith(WITHOUT_LANGUAGE):
            translation.deactivate()  # the thread may still hold the language of the request before
            return
        request.META["assay.language"] = take_choice(request)
        super().process_request(request)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> Any:
        """Name the language of the answer, except where it has none; remember the one that was chosen."""
        if request.path_info.startswith(WITHOUT_LANGUAGE):
            return response
        if chosen := request.META.get("assay.language"):
            remember(response, chosen)
        return super().process_response(request, response)


def remember(response: HttpResponseBase, language: str) -> None:
    """Keep the chosen language in a cookie that holds nothing else."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
