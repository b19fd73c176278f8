"""Grids: the same table from every format, and every trap that spreadsheets lay."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from register.intake.grids import MOST_ROWS, read_grid
from register.intake.grids.grid import name_column, number_column
from register.intake.rows import NotRecognised
from register.uploads import annotated

ROWS = [["issuer", "kind", "note"], ["pic:999000001", "institutional", "Łódź, “quoted”"], ["x", "", "61"]]


def workbook(fill: Callable[[Any, Any], None], **options: Any) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, **options})
    fill(book, book.add_worksheet("Decisions"))
    book.close()
    return buffer.getvalue()


def as_xlsx(rows: list[list[str]]) -> bytes:
    def fill(book: Any, sheet: Any) -> None:
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell)

    return workbook(fill)


def as_ods(rows: list[list[str]]) -> bytes:
    return annotated._write_ods(SimpleNamespace(), rows)  # type: ignore[arg-type]


def as_json(rows: list[list[str]]) -> bytes:
    return json.dumps([dict(zip(rows[0], row, strict=True)) for row in rows[1:]]).encode()


def as_text(rows: list[list[str]], delimiter: str, encoding: str) -> bytes:
    def quote(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"'

    return "\r\n".join(delimiter.join(map(quote, row)) for row in rows).encode(encoding)


def as_utf16_with_tabs(rows: list[list[str]]) -> bytes:
    return as_text(rows, "\t", "utf-16")


def as_semicolons_with_bom(rows: list[list[str]]) -> bytes:
    return as_text(rows, ";", "utf-8-sig")


@pytest.mark.parametrize("write", [as_xlsx, as_ods, as_json, as_utf16_with_tabs, as_semicolons_with_bom])
def test_every_format_gives_the_same_table(write: Callable[[list[list[str]]], bytes]) -> None:
    grid = read_grid(write(ROWS))
    assert grid.header == tuple(ROWS[0])
    assert [cells for _, cells in grid.rows] == [tuple(row) for row in ROWS[1:]]
    assert [line for line, _ in grid.rows] == [2, 3]
    assert grid.notes == ()


def test_dates_and_numbers_are_what_they_show() -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, ["from", "level", "share", "yes"])
        sheet.write_datetime(1, 0, datetime(2024, 2, 29), book.add_format({"num_format": "dd.mm.yyyy"}))
        sheet.write_number(1, 1, 6)
        sheet.write_number(1, 2, 7.5)
        sheet.write_boolean(1, 3, True)

    for counts_from_1904 in (False, True):
        grid = read_grid(workbook(fill, date_1904=counts_from_1904))
        assert grid.rows == ((2, ("2024-02-29", "6", "7.5", "true")),)


def test_a_merged_cell_counts_for_every_row_it_covers_and_a_note_says_so() -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, ["issuer", "kind"])
        sheet.merge_range(1, 0, 3, 0, "pic:999000001")
        for row in (1, 2, 3):
            sheet.write_string(row, 1, f"k{row}")

    grid = read_grid(workbook(fill))
    assert [cells[0] for _, cells in grid.rows] == ["pic:999000001"] * 3
    assert [(note.line, note.column, note.fatal) for note in grid.notes] == [(2, "A", False)]


def test_of_formulas_the_last_value_counts_and_one_without_is_refused_at_its_cell() -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, ["a", "b"])
        sheet.write_formula(1, 1, "=1+5", None, 6)
        sheet.write_formula(2, 1, "=HYPERLINK(A1)", None, "")
        sheet.write_string(2, 0, "x")

    grid = read_grid(workbook(fill))
    assert [cells for _, cells in grid.rows] == [("", "6"), ("x", "")]
    assert {(note.line, note.column, note.fatal) for note in grid.notes} == {(0, "", False), (3, "B", True)}


def test_blank_rows_and_columns_at_the_end_are_no_rows() -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, ["a", "b"])
        sheet.write_row(1, 0, ["1", "2", " ", "  "])
        sheet.write_row(5, 0, ["3"])
        sheet.set_row(2_000, None, book.add_format({"bold": True}))

    assert read_grid(workbook(fill)).rows == ((2, ("1", "2")), (6, ("3", "")))


def test_a_hidden_or_empty_sheet_in_front_is_passed_over_and_others_are_named() -> None:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    hidden, empty, wanted = (book.add_worksheet(name) for name in ("Lists", "Empty", "Decisions"))
    hidden.write_row(0, 0, ["secret", "x"])
    wanted.write_row(0, 0, ["issuer"])
    wanted.write_row(1, 0, ["pic:999000001"])
    empty.activate()
    hidden.hide()
    book.close()
    grid = read_grid(buffer.getvalue())
    assert grid.header == ("issuer",)
    assert "'Decisions'" in grid.notes[0].message


def test_merged_cells_formulas_and_repeated_cells_of_ods_are_read_alike() -> None:
    content = (
        annotated._ODS_HEAD
        + (
            "<table:table-row><table:table-cell office:value-type='string'><text:p>a</text:p></table:table-cell>"
            "<table:table-cell office:value-type='string'><text:p>b<text:s/>c</text:p></table:table-cell>"
            "<table:table-cell table:number-columns-repeated='16382'/></table:table-row>"
            "<table:table-row><table:table-cell table:number-rows-spanned='2' office:value-type='string'>"
            "<text:p>m</text:p>"
            "</table:table-cell><table:table-cell table:formula='of:=1+5' office:value-type='float' office:value='6'/>"
            "</table:table-row><table:table-row><table:covered-table-cell/><table:table-cell office:value-type='date' "
            "office:date-value='2024-02-29'/></table:table-row>"
            "<table:table-row table:number-rows-repeated='1048570'><table:table-cell/></table:table-row>"
        )
        + annotated._ODS_TAIL
    )
    grid = read_grid(zipped({"content.xml": content}, ods=True))
    assert grid.header == ("a", "b c")
    assert grid.rows == ((2, ("m", "6")), (3, ("m", "2024-02-29")))
    assert len(grid.notes) == 2


def zipped(parts: dict[str, str], ods: bool = False) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        if ods:
            archive.writestr("mimetype", annotated._ODS_TYPE, zipfile.ZIP_STORED)
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def far_cell() -> bytes:
    def fill(book: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, ["a"])
        sheet.write_string(1_048_575, 16_383, "x")

    return workbook(fill)


_SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def bare_xlsx(rows: str, texts: str = "") -> bytes:
    """Return a workbook whose only sheet holds exactly these rows, as nobody's spreadsheet program would write them."""

    def related(*parts: tuple[str, str]) -> str:
        links = [
            f'<Relationship Id="r{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
            for number, (kind, target) in enumerate(parts, 1)
        ]
        return f'<Relationships xmlns="{_PACKAGE}/relationships">{"".join(links)}</Relationships>'

    book = f'<workbook xmlns="{_SPREADSHEET}" xmlns:r="{_OFFICE}"><sheets>'
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>',
            "_rels/.rels": related(("officeDocument", "xl/workbook.xml")),
            "xl/workbook.xml": f'{book}<sheet name="A" sheetId="1" r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": related(
                ("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "sharedStrings.xml")
            ),
            "xl/sharedStrings.xml": f'<sst xmlns="{_SPREADSHEET}">{texts}</sst>',
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_SPREADSHEET}"><sheetData>{rows}</sheetData></worksheet>',
        }
    )


def test_a_bare_workbook_is_read_whether_or_not_its_cells_say_where_they_are() -> None:
    first = "<row r='1'><c r='A1' t='s'><v>0</v></c><c r='B1' t='s'><v>1</v></c></row>"
    named = f"{first}<row r='2'><c r='A2'><v>7</v></c></row>"
    bare = "<row><c t='s'><v>0</v></c><c t='s'><v>1</v></c></row><row><c><v>7</v></c></row>"
    texts = "<si><t>a</t></si><si><t>b</t></si>"
    read = [read_grid(bare_xlsx(rows, texts)) for rows in (named, bare)]
    assert [(one.header, one.rows) for one in read] == [(("a", "b"), ((2, ("7", "")),))] * 2


def far_corners() -> bytes:
    return bare_xlsx('<row r="1"><c r="A1"><v>1</v></c></row><row r="200000"><c r="ALL200000"><v>1</v></c></row>')


def far_row_without_places() -> bytes:
    return bare_xlsx('<row r="1"><c><v>5</v></c></row><row r="90000000"><c><v>1</v></c></row>')


def wide_row_without_places() -> bytes:
    return bare_xlsx(f'<row r="1">{"<c><v>1</v></c>" * 1_000}</row><row r="199999"><c><v>1</v></c></row>')


def text_that_all_cells_share() -> bytes:
    row = "<row>" + "<c t='s'><v>0</v></c>" * 100 + "</row>"
    return bare_xlsx(row * 100, f"<si><t>{'x' * 30_000}</t></si>")


def text_that_is_repeated() -> bytes:
    cell = "<table:table-cell table:number-columns-repeated='900'>"
    row = f"<table:table-row table:number-rows-repeated='5000'>{cell}<text:p>{'x' * 30_000}</text:p></table:table-cell>"
    return zipped({"content.xml": f"{annotated._ODS_HEAD}{row}</table:table-row>{annotated._ODS_TAIL}"}, ods=True)


def elements_without_end() -> bytes:
    return zipped({"content.xml": f"{annotated._ODS_HEAD}{'<x/>' * 1_000_001}{annotated._ODS_TAIL}"}, ods=True)


def short_rows_of_a_wide_table() -> bytes:
    return ",".join(f"c{number}" for number in range(1_000)).encode() + b"\n" + b"1\n" * 5_001


def bomb() -> bytes:
    data = as_xlsx(ROWS)
    buffer = io.BytesIO(data)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/picture.bin", b"\0" * (257 * 2**20))
    return buffer.getvalue()


def repeated_rows() -> bytes:
    row = "<table:table-row table:number-rows-repeated='1048576'><table:table-cell office:value-type='string'>"
    content = f"{annotated._ODS_HEAD}{row}<text:p>x</text:p></table:table-cell></table:table-row>{annotated._ODS_TAIL}"
    return zipped({"content.xml": content}, ods=True)


def entities() -> bytes:
    content = '<!DOCTYPE x [<!ENTITY a "aaaa">]>' + annotated._ODS_HEAD + annotated._ODS_TAIL
    return zipped({"content.xml": content}, ods=True)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (far_cell, "XFD1048576"),
        (far_corners, "more than 5000000 cells"),
        (far_row_without_places, "row 90000000"),
        (wide_row_without_places, "more than 5000000 cells"),
        (text_that_all_cells_share, "64 million characters"),
        (text_that_is_repeated, "64 million characters"),
        (elements_without_end, "more than 1000000 elements"),
        (short_rows_of_a_wide_table, "more than 5000000 cells"),
        (
            lambda: json.dumps([{f"c{n}": 1 for n in range(1_000)}, *[{"c1": 1}] * 5_000]).encode(),
            "more than 5000000 cells",
        ),
        (lambda: b'[{"a":[' + b"[1]," * 5_000_001 + b"[1]]}]", "more than 5000000 cells"),
        (bomb, "unpacks to more than 256 MB"),
        (repeated_rows, "repeated 1048576 times"),
        (entities, "damaged"),
        (lambda: b"x" * (65 * 2**20), "64 MB are the most"),
        (lambda: b"a\n" + b"1\n" * (MOST_ROWS + 1), "more than 50000 rows"),
        (lambda: zipped({"word/document.xml": "<x/>"}), "none"),
        (lambda: b"PK\x03\x04" + b"\0" * 60, "damaged"),
        (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "without a password"),
        (lambda: b"%PDF-1.7", "PDF"),
        (lambda: b"[" * 100_000, "not JSON"),
        (lambda: b"[7]", "list"),
        (lambda: json.dumps([{"a": {"b": {"c": {"d": {"e": {"f": {"g": 1}}}}}}}]).encode(), "deep"),
        (lambda: ",".join(f"c{number}" for number in range(1_001)).encode(), "1001 columns"),
    ],
)
def test_what_would_do_harm_or_is_no_table_is_refused_with_what_to_do(make: Callable[[], bytes], said: str) -> None:
    with pytest.raises(NotRecognised) as refused:
        read_grid(make())
    assert said in str(refused.value)
    assert refused.value.cure


def test_nested_json_becomes_numbered_columns() -> None:
    document = {
        "reports": [{"agency": "AQA", "institutions": [{"deqar_id": "1"}, {"deqar_id": "2"}], "tags": ["a", "b"]}]
    }
    grid = read_grid(json.dumps(document).encode())
    assert grid.header == ("agency", "institutions[1].deqar_id", "institutions[2].deqar_id", "tags")
    assert grid.rows == ((2, ("AQA", "1", "2", "a | b")),)


def test_nothing_that_a_database_cannot_hold_comes_out() -> None:
    grid = read_grid(json.dumps([{"a": "x\x00y\ud800"}]).encode())
    assert grid.rows == ((2, ("x�y�",)),)


@given(st.integers(0, 16_383))
def test_letters_of_columns_are_read_as_they_are_written(number: int) -> None:
    assert number_column(name_column(number)) == number


@given(st.binary(max_size=400), st.sampled_from([b"", b"PK\x03\x04", b"[", b"\xff\xfe"]))
def test_any_bytes_give_a_table_or_a_refusal(data: bytes, start: bytes) -> None:
    try:
        grid = read_grid(start + data)
    except NotRecognised:
        return
    assert all(len(cells) >= len(grid.header) for _, cells in grid.rows)
