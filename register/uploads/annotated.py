"""The annotated file: what was handed in, in the same format, with what became of each row beside it.

Nothing in it can act: every cell is text. In CSV a text that a spreadsheet would compute (OWASP: "CSV Injection") gets
an apostrophe in front, which intake takes off again; in XLSX and ODS cells are typed as text; no formula is written.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

import msgspec
import xlsxwriter

from register.intake.columns import ANNOTATIONS
from register.intake.sheets import fold_header
from register.site.harmless import write_harmless
from register.uploads.models import PUBLISHED, Upload, UploadRow
from register.uploads.remark_words import say_remark
from register.uploads.words import OUTCOMES, write_problem

Line = Sequence[str]

TYPES: Final[Mapping[str, str]] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "json": "application/json",
}
"""Format → media type."""


def write_annotated(upload: Upload, only_faulty: bool = False) -> bytes:
    """Return the file with what became of its rows; `only_faulty` leaves out those that are valid.

    Of a published file only the rows that were left behind: of the others nothing is kept.
    """
    rows = upload.rows.order_by("line")
    if upload.state == PUBLISHED:
        rows = rows.filter(index=None)
    if only_faulty:
        rows = rows.exclude(outcome="valid")
    return _WRITERS[upload.format](upload, _lines(upload, rows.iterator(1_000)))


def name_annotated(upload: Upload) -> str:
    """Return what an annotated file is called."""
    stem = "".join(sign if sign.isalnum() or sign in "-_ " else "-" for sign in upload.name.rpartition(".")[0])[:80]
    return f"{stem.strip().removesuffix('-annotated')}-annotated.{upload.format}"


def own_columns(upload: Upload) -> list[int]:
    """Return the places of a file's columns, without those that an annotated file was handed in with."""
    return [place for place, cell in enumerate(upload.header) if fold_header(cell) not in ANNOTATIONS]


def _lines(upload: Upload, rows: Iterable[UploadRow]) -> Iterator[Line]:
    own = own_columns(upload)
    yield [*(upload.header[number] for number in own), *ANNOTATIONS]
    for row in rows:
        cells = [row.cells[number] if number < len(row.cells) else "" for number in own]
        yield [*cells, str(OUTCOMES[row.outcome]), _explain(row)]


def _explain(row: UploadRow) -> str:
    return " / ".join([*map(write_problem, row.problems), *map(say_remark, row.remarks)])


def _write_csv(upload: Upload, lines: Iterable[Line]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=upload.delimiter or ",")
    writer.writerows([write_harmless(cell) for cell in line] for line in lines)
    return text.getvalue().encode("utf-8-sig")


def _write_xlsx(upload: Upload, lines: Iterable[Line]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(
        buffer, {"in_memory": True, "constant_memory": True, "strings_to_formulas": False}
    ) as book:
        sheet = book.add_worksheet("Rows")
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(upload.header) + 1, 18)
        bold, text = book.add_format({"bold": True, "num_format": "@"}), book.add_format({"num_format": "@"})
        row = column = 0
        for row, line in enumerate(lines):
            for column, cell in enumerate(line):
                sheet.write_string(row, column, cell[:32_767], text if row else bold)
        # By the status, which is the last but one, the rows to be looked at are filtered.
        sheet.autofilter(0, 0, row, column)
    return buffer.getvalue()


_ODS_TYPE: Final = "application/vnd.oasis.opendocument.spreadsheet"
_MANIFEST: Final = f"""<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.3">
<manifest:file-entry manifest:full-path="/" manifest:version="1.3" manifest:media-type="{_ODS_TYPE}"/>
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>"""
_ODS_HEAD: Final = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.3"><office:body><office:spreadsheet>
<table:table table:name="Rows">"""
_ODS_TAIL: Final = "</table:table></office:spreadsheet></office:body></office:document-content>"


def _write_ods(upload: Upload, lines: Iterable[Line]) -> bytes:
    """Write a table of texts as OpenDocument 1.3 asks: the type first and unpacked, then manifest and content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", _ODS_TYPE, zipfile.ZIP_STORED)
        archive.writestr("META-INF/manifest.xml", _MANIFEST)
        archive.writestr("content.xml", "".join([_ODS_HEAD, *map(_ods_row, lines), _ODS_TAIL]))
    return buffer.getvalue()


def _ods_row(line: Line) -> str:
    return f"<table:table-row>{''.join(map(_ods_cell, line))}</table:table-row>"


def _ods_cell(cell: str) -> str:
    written = "".join(sign for sign in cell if sign >= " " or sign in "\n\t")
    paragraphs = "".join(f"<text:p>{escape(part)}</text:p>" for part in written.split("\n"))
    return f'<table:table-cell office:value-type="string">{paragraphs}</table:table-cell>'


def _write_json(upload: Upload, lines: Iterable[Line]) -> bytes:
    every = iter(lines)
    header = next(every)
    rows: list[dict[str, Any]] = [dict(zip(header, line, strict=True)) for line in every]
    return msgspec.json.format(msgspec.json.encode(rows), indent=1)


_WRITERS: Final[Mapping[str, Callable[[Upload, Iterable[Line]], bytes]]] = {
    "csv": _write_csv,
    "xlsx": _write_xlsx,
    "ods": _write_ods,
    "json": _write_json,
}
