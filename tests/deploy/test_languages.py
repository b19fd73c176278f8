"""Pages have a language; bytes of the ledger and JSON say the same to everybody and are cached once."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
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


def test_a_language_in_the_address_is_answered_in_and_remembered_and_no_page_sees_it() -> None:
    seen = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append((translation.get_language(), request.GET.urlencode()))
        return HttpResponse()

    request = RequestFactory().get("/issuers?q=x&lang=pl", headers={"Accept-Language": "de"})
    response = LanguageOfPages(view)(request)
    assert isinstance(response, HttpResponse)
    assert seen == [("pl", "q=x")]
    assert response.cookies["assay_language"].value == "pl"
    assert response.cookies["assay_language"]["httponly"]


def test_a_language_that_is_none_of_ours_is_passed_over_and_sets_no_cookie() -> None:
    response, language = answer("/issuers?lang=xx", "de")
    assert (language, dict(response.cookies)) == ("de", {})


def test_who_chooses_no_language_gets_no_cookie() -> None:
    assert not answer("/issuers", "de")[0].cookies
