"""Names in letters that a reader does not know: readable on pages, and nowhere but there."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from register.names import write_in_latin
from register.opendata.exporting import export
from tests import factories

NAME = "Εθνικό Κολλέγιο Δοκιμών"
SPELT = "Ethniko Kollegio Dokimon"


@pytest.fixture
def issuer(transactional_db: None) -> str:
    """An institution that is on record by its Greek name alone."""
    cache.clear()
    factories.open_register(territory=("GR", "US"))
    return factories.make_issuer(names={"el": NAME}, country="GR", identifiers=[])


def read(path: str, language: str = "en", **headers: str) -> str:
    response = Client(headers={"Accept-Language": language}).get(path, headers=headers)
    assert response.status_code == 200, path
    content = b"".join(response) if response.streaming else response.content
    return content.decode()


def test_headings_and_hits_are_spelt_for_who_cannot_read_them(issuer: str) -> None:
    assert write_in_latin(NAME) == SPELT
    for path in (f"/issuers/{issuer}", f"/issuers?q={NAME.split()[1]}", f"/issuers/{issuer}/changes"):
        page = read(path)
        assert f'<bdi lang="el">{NAME}</bdi> <span class="letters">' in page, path
        assert f'<bdi lang="el-Latn">{SPELT}</bdi>' in page, path
        assert SPELT not in read(path, "el"), path
    assert f"<title>{NAME}" in read(f"/issuers/{issuer}")


def test_programs_files_and_the_ledger_get_the_name_alone(issuer: str) -> None:
    twin = read(f"/issuers/{issuer}", Accept="application/json")
    assert json.loads(twin)["names"] == {"el": NAME}
    for path in (
        f"/api/v1/issuers/{issuer}",
        f"/api/v1/issuers?q={SPELT.split()[0]}",
        "/issuers.csv",
        "/issuers.json",
        "/api/v1/events/1",
    ):
        told = read(path)
        assert SPELT not in told, path
        assert NAME in told or NAME in json.dumps(json.loads(told), ensure_ascii=False), path


def test_files_are_the_same_in_every_language(issuer: str) -> None:
    factories.make_issuer(names={"de": "Schule", "en": "School"}, country="US")
    files = [read("/issuers.csv", language) for language in ("en", "de")]
    assert ["School,Schule" in file for file in files] == [True, True]


@pytest.mark.parametrize("name", ["جامعة المثال", "אוניברסיטה לדוגמה", "Київ ב"])
@pytest.mark.parametrize("reader", ["en", "el"])
def test_a_name_that_nobody_spells_in_latin_letters_is_shown_as_it_is(
    transactional_db: None, name: str, reader: str, settings: Any, tmp_path: Path
) -> None:
    cache.clear()
    settings.ASSAY_OPEN_DATA_DIR = tmp_path / "open-data"
    factories.open_register(territory=("GR", "US"))
    agency = factories.make_agency(names={"und": name}, scope={"jurisdictions": ["GR"]})
    issuer = factories.make_issuer(names={"ar": name}, country="GR", identifiers=[])
    factories.make_accreditation(issuer, agency)
    assert f">{name}</bdi>" in read(f"/issuers/{issuer}", reader)
    for path in ("/", "/ledger", "/issuers", "/agencies", f"/issuers?q={name.split()[0]}", f"/agencies/{agency}"):
        assert name in read(path, reader), path
    for path in ("/issuers.csv", "/agencies.csv"):
        assert name in read(path, reader), path
    table = settings.ASSAY_OPEN_DATA_DIR / export().name / "issuers.jsonl.gz"
    assert name in gzip.decompress(table.read_bytes()).decode()
