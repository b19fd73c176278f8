"""Pages have a language; bytes of the ledger and JSON say the same to everybody and are cached once."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import translation

from deploy.languages import WITHOUT_LANGUAGE, LanguageOfPages


def answer(path: str, language: str) -> tuple[HttpResponse, str]:
    seen = []

    def view(request: object) -> HttpResponse:
        seen.append(translation.get_language())
        return HttpResponse()

    response = LanguageOfPages(view)(RequestFactory().get(path, headers={"Accept-Language": language}))
    assert isinstance(response, HttpResponse)
    return response, seen[0]


def test_pages_are_in_the_readers_language() -> None:
    response, language = answer("/issuers", "de")
    assert (language, response["Content-Language"], response["Vary"]) == ("de", "de", "Accept-Language")


@pytest.mark.parametrize("path", WITHOUT_LANGUAGE)
def test_answers_for_programs_do_not_vary_by_language_even_after_a_page_did(path: str) -> None:
    answer("/issuers", "de")
    response, language = answer(path + "x", "de")
    assert language == "en"
    assert not response.has_header("Vary")
    assert not response.has_header("Content-Language")
