"""Delimited text: the same table whatever program saved it, and a clear refusal of what is no table."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.intake.rows import NotRecognised
from register.intake.sheets import read_sheet

ROWS = [("Näme", "Çity"), ("Ünî, one", "Łódź"), ("Two\nlines", 'with "quotes"')]


def write(delimiter: str = ",", encoding: str = "utf-8", newline: str = "\r\n") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=newline).writerows(ROWS)
    return text.getvalue().encode(encoding)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_encodings_delimiters_and_line_ends_give_the_same_table(delimiter: str, encoding: str, newline: str) -> None:
    sheet = read_sheet(write(delimiter, encoding, newline), "a table", {}, ["näme"])
    assert sheet.columns == ("näme", "çity")
    assert [line for line, _ in sheet.rows] == [2, 3]
    assert [dict(cells) for _, cells in sheet.rows] == [
        dict(zip(("näme", "çity"), row, strict=True)) for row in ROWS[1:]
    ]
    assert sheet.problems == ()


def test_windows_1252_is_read_and_reported() -> None:
    sheet = read_sheet("name;city\r\nUniversität;Köln\r\n".encode("windows-1252"), "a table", {}, ["name"])
    assert sheet.rows[0][1]["name"] == "Universität"
    assert [(problem.line, problem.fatal) for problem in sheet.problems] == [(0, False)]


def test_the_line_of_a_spreadsheet_that_names_its_delimiter_is_skipped_and_counted() -> None:
    sheet = read_sheet(b"sep=;\r\nname;city\r\nA;B\r\n", "a table", {}, ["name"])
    assert sheet.rows == ((3, {"name": "A", "city": "B"}),)


def test_a_row_of_the_wrong_width_is_reported_with_its_line_and_the_others_are_read() -> None:
    sheet = read_sheet(b"name,city\nA,B\n\nC\nD,E,F\nG,H\n", "a table", {}, ["name"])
    assert [line for line, _ in sheet.rows] == [2, 6]
    assert [(problem.line, problem.fatal) for problem in sheet.problems] == [(4, True), (5, True)]


def test_a_line_number_counts_the_line_breaks_inside_cells() -> None:
    sheet = read_sheet(b'name,city\n"A\nB\nC",D\nE,F\n', "a table", {}, ["name"])
    assert [line for line, _ in sheet.rows] == [2, 5]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b"PK\x03\x04\x14\x00\x00",
        b"\xff\xfea",
        b"\x81\x8d",
        b"%PDF-1.7\n",
        b"city\nA\n",
        b"name,name\nA,B\n",
        b'name,city\n"A' + b"x" * 200_000,
    ],
)
def test_what_is_no_such_table_is_refused_with_what_was_expected(data: bytes) -> None:
    with pytest.raises(NotRecognised, match="a table of names"):
        read_sheet(data, "a table of names", {}, ["name"])


@given(st.binary(max_size=300))
def test_any_bytes_give_a_table_or_that_refusal(data: bytes) -> None:
    try:
        sheet = read_sheet(data, "a table", {}, [])
    except NotRecognised:
        return
    assert all(set(cells) == set(sheet.columns) for _, cells in sheet.rows)


@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00")), min_size=2, max_size=2), max_size=8
    )
)
def test_what_a_csv_writer_wrote_is_read_back(rows: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["name", "city"], *rows])
    sheet = read_sheet(text.getvalue().encode(), "a table", {}, ["name"])
    assert [list(cells.values()) for _, cells in sheet.rows] == [
        row for row in rows if any(cell.strip() for cell in row)
    ]
