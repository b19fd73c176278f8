"""Importing a file: through the rules, all of it or nothing, the same file twice changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from pytest_django import Settings

from ledger.reader import get_log
from register.errors import Refused
from register.intake.eche import read_eche
from register.intake.holdings import read_holdings
from register.intake.imports import Report, import_file
from register.intake.rows import NotRecognised
from tests.factories import make_agency, make_issuer, open_register, verify_command

pytestmark = pytest.mark.django_db

FIXTURES = Path(__file__).parents[3] / "fixtures" / "intake"
TRAPS = (FIXTURES / "eche_traps.csv").read_bytes()
ROR = (FIXTURES / "ror_excerpt.csv").read_bytes()
EVERYWHERE = ("AT", "BE", "DE", "ES", "FR", "GB", "GR", "IE", "IT", "LU", "NL", "PL", "PT", "RS", "SE")


def _without_fatal_rows(data: bytes) -> bytes:
    """Leave out the rows of the list of traps that are beyond help, which are there to be refused."""
    fatal = {problem.line for problem in read_eche(data, frozenset(EVERYWHERE)).problems if problem.fatal}
    lines = data.decode("utf-8-sig").splitlines(keepends=True)
    return "".join(line for number, line in enumerate(lines, 1) if number not in fatal).encode()


ECHE = _without_fatal_rows(TRAPS)


@pytest.fixture
def register(settings: Settings) -> None:
    settings.ASSAY_TERRITORY = list(EVERYWHERE)
    open_register(EVERYWHERE)


def size() -> int:
    return get_log(settings.ASSAY_ORIGIN).size


def names() -> set[str]:
    issuers = read_holdings(get_log(settings.ASSAY_ORIGIN).id).issuers.values()
    return {name for issuer in issuers for name in issuer.names.values()}


def bring(kind: str, data: bytes, **options: object) -> Report:
    return verify_command(lambda: import_file(kind, data, **options))  # type: ignore[arg-type]


def test_institutions_are_registered_with_what_the_list_says_of_them(register: None) -> None:
    report = bring("eche", ECHE)
    assert not report.refused
    assert report.written == report.counts["registered"] == size() - 1
    assert "ARISTOTELIO PANEPISTIMIO THESSALONIKIS" in names()


def test_the_same_file_again_writes_nothing(register: None) -> None:
    bring("eche", ECHE)
    again = bring("eche", ECHE)
    assert again.written == 0
    assert set(again.counts) == {"rows read", "unchanged"}


def test_a_row_beyond_help_refuses_the_whole_list(register: None) -> None:
    report = bring("eche", TRAPS)
    assert report.refused
    assert (report.written, size()) == (0, 1)


def test_rows_outside_the_territory_are_counted_and_are_no_errors(settings: Settings) -> None:
    settings.ASSAY_TERRITORY = ["NL"]
    open_register(("NL",))
    report = bring("eche", ECHE)
    assert not report.refused
    assert report.left_out["AT"] > 0
    assert "UNIVERSITEIT VAN AMSTERDAM" in names()
    assert "UNIVERSITAET GRAZ" not in names()


def test_a_dry_run_says_the_same_and_keeps_nothing(register: None) -> None:
    tried = bring("eche", ECHE, dry_run=True)
    assert (tried.written, size()) == (0, 1)
    assert bring("eche", ECHE).counts == tried.counts


def test_a_second_list_adds_to_issuers_and_makes_none(register: None) -> None:
    bring("eche", ECHE)
    before = len(read_holdings(get_log(settings.ASSAY_ORIGIN).id).issuers)
    report = bring("ror", ROR)
    holdings = read_holdings(get_log(settings.ASSAY_ORIGIN).id)
    assert report.written == report.counts["amended"] > 0
    assert len(holdings.issuers) == before
    assert any(scheme == "ror" for scheme, _ in holdings.holders)
    assert bring("ror", ROR).written == 0


def test_one_refused_row_refuses_the_file_and_every_such_row_is_named(register: None) -> None:
    table = b"name_en,country,pic\nFirst,NL,111111111\nSecond,XK,222222222\nThird,NL,333333333\nFourth,XK,444444444\n"
    report = bring("csv", table)
    assert report.refused
    assert [problem.line for problem in report.problems if problem.fatal] == [3, 5]
    assert (report.written, size()) == (0, 1)


def test_a_row_that_names_two_issuers_is_refused(register: None) -> None:
    make_issuer(identifiers=[{"scheme": "pic", "value": "111111111"}])
    make_issuer(identifiers=[{"scheme": "ror", "value": "https://ror.org/04dkp9463"}])
    report = bring("csv", b"name_en,country,pic,ror\nBoth,NL,111111111,04dkp9463\n")
    assert report.refused
    assert size() == 3


def accreditations(*rows: str) -> bytes:
    return "\n".join(["issuer,agency,kind,eqf_levels,valid_from", *rows]).encode()


def test_accreditations_find_issuer_and_agency(register: None) -> None:
    agency = make_agency(acronym="QA")
    make_issuer(identifiers=[{"scheme": "pic", "value": "111111111"}])
    report = bring("csv", accreditations(f"pic:111111111,{agency},institutional,6 7,2024-01-01"))
    assert not report.refused, report.problems
    assert report.counts["granted"] == report.written == 1


def test_rows_without_an_agency_take_the_one_that_was_named(register: None) -> None:
    make_agency(acronym="QA")
    make_issuer(identifiers=[{"scheme": "pic", "value": "111111111"}])
    rows = accreditations("pic:111111111,,institutional,6,2024-01-01")
    assert bring("csv", rows).refused
    assert bring("csv", rows, agency="qa").written == 1
    with pytest.raises(Refused, match="one agency"):
        import_file("csv", rows, agency="nobody")


def test_accreditations_the_rules_refuse_are_named_by_their_line(register: None) -> None:
    agency = make_agency(scope={"eqf_levels": [5, 6]})
    make_issuer(identifiers=[{"scheme": "pic", "value": "111111111"}])
    before = size()
    rows = [f"pic:111111111,{agency},institutional,{level},2024-01-01" for level in (5, 8, 6)]
    report = bring("csv", accreditations(*rows, f"pic:999999999,{agency},institutional,6,2024-01-01"))
    refused = [(problem.line, problem.column) for problem in report.problems if problem.fatal]
    assert refused == [(3, "scope.eqf_levels"), (5, "issuer")]
    assert size() == before


@pytest.mark.parametrize("kind", ["eche", "ror", "csv"])
@pytest.mark.parametrize(
    "data", [b"", b"\x00\x01\x02", b"%PDF-1.7", b"a,b\n1,2\n"], ids=["empty", "binary", "pdf", "other"]
)
def test_another_kind_of_file_is_not_recognised(register: None, kind: str, data: bytes) -> None:
    with pytest.raises(NotRecognised):
        import_file(kind, data)
    assert size() == 1
