"""Names beside rows: the issuers they are about, by what a dry run made of them, by their cells, or by the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from django.conf import settings

from ledger.database import fetch_all
from ledger.reader import get_log
from register.intake.columns import ACCREDITATIONS, DEQAR, IGNORED
from register.intake.deqar import find_institutions
from register.intake.tables import find_reference
from register.queries.cuts import resolve_cut
from register.queries.single import find_records
from register.site.names import Name, name_record
from register.uploads.models import Upload, UploadRow
from register.uploads.references import Reference, References

_ISSUERS_OF: Final = (
    "SELECT index, issuer::text FROM register_happening WHERE log_id = %s AND index = ANY(%s::bigint[])"
)


def name_issuers(upload: Upload, rows: Sequence[UploadRow]) -> dict[int, list[Name]]:
    """Return the names of the issuers of some rows by the rows' keys; four queries at most.

    Rows of new issuers have none, and what a cell names that the register does not hold has none either.
    """
    if upload.kind not in (ACCREDITATIONS, DEQAR) or not rows:
        return {}
    published = _find_published(rows)
    named = {row.pk: name_cells(upload, row) for row in rows if not row.said and row.index is None}
    references = {row: _find_references(upload.kind, cells) for row, cells in named.items()}
    known = References()
    known.prepare(one for found in references.values() for one in found)
    ids = {row.pk: _ids_of(row, published, known, references.get(row.pk, ())) for row in rows}
    records = find_records("issuer", list({one for found in ids.values() for one in found}), resolve_cut())
    return {row: [name_record(records[one]) for one in found if one in records] for row, found in ids.items()}


def name_cells(upload: Upload, row: UploadRow) -> dict[str, str]:
    """Return the cells of a row by the names of their columns, those that were left out not among them."""
    cells = zip(upload.names, row.cells, strict=False)
    return {name: cell.strip() for name, cell in cells if name and name != IGNORED}


def _find_published(rows: Sequence[UploadRow]) -> Mapping[int, str]:
    indexes = [row.index for row in rows if row.index is not None]
    return dict(fetch_all(_ISSUERS_OF, (get_log(settings.ASSAY_ORIGIN).id, indexes))) if indexes else {}


def _find_references(kind: str, cells: Mapping[str, str]) -> list[Reference]:
    if kind == DEQAR:
        return find_institutions(cells)
    found = find_reference(cells.get("issuer", ""))
    return [found] if found is not None else []


def _ids_of(
    row: UploadRow, published: Mapping[int, str], known: References, references: Sequence[Reference]
) -> list[str]:
    if row.index is not None:
        return [published[row.index]] if published.get(row.index) else []
    said = [data["issuer"] for type_, _, data in row.said if type_ == "accreditation.granted"]
    return said or [issuer for one in references if (issuer := known.issuer(one))]
