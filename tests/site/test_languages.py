"""Languages of the pages: whole ones only, with their own dates, chosen by the reader and kept."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from django.test import Client
from django.utils import translation
from django.utils.dates import MONTHS, MONTHS_3, MONTHS_ALT, WEEKDAYS, WEEKDAYS_ABBR

from deploy.catalogues import fill_labels, find_faults, gather_texts, read_catalogue
from register.site.dates import spell_day
from register.site.page import TRANSLATED

OTHERS = TRANSLATED[1:]


@pytest.fixture(scope="module")
def gathered() -> object:
    return gather_texts()


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_of_an_offered_language_is_there_with_its_placeholders(language: str, gathered: object) -> None:
    assert find_faults(read_catalogue(language), gathered) == []  # type: ignore[arg-type]


def test_a_singular_with_two_plurals_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Catalogues find texts by their singular: the second would be told in the words of the first."""
    (tmp_path / "words.py").write_text('ngettext("One.", "Many.", 2)\nngettext("One.", "Several.", 2)\n')
    monkeypatch.setattr("deploy.catalogues.ROOT", tmp_path)
    monkeypatch.setattr("deploy.catalogues._sources", lambda: [tmp_path / "words.py"])
    with pytest.raises(ValueError, match="singular of its own"):
        gather_texts()


def test_texts_are_found_in_code_and_templates_and_in_closed_lists(gathered: object) -> None:
    ids = {message.id for message in gathered}  # type: ignore[attr-defined]
    assert {"Skip to content", "Valid, with remarks", "Was the issuer entitled to issue it then?"} <= ids
    assert ("%(count)d day", "%(count)d days") in ids


def test_labels_are_gathered_under_their_list_where_its_file_lacks_a_language(gathered: Catalog) -> None:
    assert gathered.get("Faculty of", "relations") is not None
    assert gathered.get("Netherlands", "countries") is None  # its file names it in all of them


def test_a_label_that_the_file_has_in_one_language_is_taken_over_into_its_catalogue(gathered: Catalog) -> None:
    catalogue = Catalog(locale="pl")
    catalogue.update(gathered, no_fuzzy_matching=True)
    fill_labels(catalogue, "pl")
    assert catalogue.get("The quality requirements are not met", "reasons").string.startswith("Wymagania")  # type: ignore[union-attr]
    assert not catalogue.get("Faculty of", "relations").string  # type: ignore[union-attr]


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "words"), [("de", "Wer darf welchen Nachweis vergeben?"), ("pl", "Kto może")])
def test_a_page_speaks_the_readers_language_and_says_so(language: str, words: str, client: Client) -> None:
    page = client.get("/", headers={"Accept-Language": language})
    assert words in page.content.decode()
    assert f'<html lang="{language}"' in page.content.decode()
    assert page["Content-Language"] == language


@pytest.mark.django_db
def test_a_language_chosen_in_the_address_is_kept_for_the_next_page(client: Client) -> None:
    client.get("/?lang=pl", headers={"Accept-Language": "de"})
    assert '<html lang="pl"' in client.get("/agencies", headers={"Accept-Language": "de"}).content.decode()


@pytest.mark.parametrize("language", OTHERS)
def test_every_plural_form_of_a_language_is_filled(language: str) -> None:
    catalogue = read_catalogue(language)
    for message in catalogue:
        if isinstance(message.id, tuple) and message.id[0]:
            assert len(message.string or ()) == catalogue.num_plurals


def test_compiled_texts_are_the_ones_django_reads() -> None:
    with translation.override("de"):
        assert translation.gettext("Skip to content") == "Zum Inhalt springen"
        assert translation.ngettext("%(count)d day", "%(count)d days", 2) == "%(count)d Tage"


def test_no_text_of_ours_is_a_month_or_a_day_which_would_then_be_spelt_wrongly_in_every_date(gathered: object) -> None:
    with translation.override("en"):
        names = {
            str(name) for names in (MONTHS, MONTHS_3, MONTHS_ALT, WEEKDAYS, WEEKDAYS_ABBR) for name in names.values()
        }
    assert not names & {message.id for message in gathered}  # type: ignore[attr-defined]


def test_a_day_is_spelt_as_each_language_spells_it() -> None:
    spelt = {}
    for language in ("de", "pl", "fr"):
        with translation.override(language):
            spelt[language] = spell_day(datetime(2026, 5, 1, tzinfo=UTC))
    assert spelt == {"de": "1. Mai 2026", "pl": "1 maja 2026", "fr": "1 mai 2026"}
