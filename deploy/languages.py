"""Which answers have a language: pages do; bytes of the ledger and JSON for programs say the same to everybody."""

from typing import Any, Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

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


class LanguageOfPages(LocaleMiddleware):
    """Choose the reader's language for pages only; elsewhere `Vary: Accept-Language` would split every cache."""

    def process_request(self, request: HttpRequest) -> None:
        """Set the language, except where answers have none."""
        if request.path_info.startswith(WITHOUT_LANGUAGE):
            translation.deactivate()  # the thread may still hold the language of the request before
        else:
            super().process_request(request)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> Any:
        """Name the language of the answer, except where it has none."""
        if request.path_info.startswith(WITHOUT_LANGUAGE):
            return response
        return super().process_response(request, response)
