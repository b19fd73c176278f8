"""What the pages of an upload show: counts, a page of its rows, what may be done with it now, and by whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.core.cache import cache
from django.db.models import Count, Min
from django.utils.safestring import SafeString

from ledger.database import fetch_all
from register.access.acting import Acting
from register.desk import four_eyes
from register.intake.columns import DEQAR, ISSUERS
from register.remarks import RULES
from register.site.names import Name
from register.site.words import Standing
from register.uploads import publishing
from register.uploads.handing_in import twins
from register.uploads.models import (
    AT_WORK,
    CHECKED,
    FAILED,
    GOOD,
    OUTCOMES,
    PUBLISHING,
    REFUSED,
    WAITING,
    Upload,
    UploadRow,
)
from register.uploads.naming import name_cells, name_issuers
from register.uploads.remark_words import mark_remark, name_rule, say_why
from register.uploads.saying import tell_rows
from register.uploads.words import KINDS, OUTCOME_TAGS, PUBLISHED_ROW, STATES, mark_problem, name_column

PAGE: Final = 25
_AGAIN: Final = "identifier_used"
_GIST: Final[Mapping[str, Sequence[str]]] = {
    DEQAR: ("institution[1].deqar_id", "institution[1].eter_id", "institution[1].identifier[1]", "local_identifier",
            "valid_from"),
    ISSUERS: ("name", "name_en", "country", "city"),
}  # fmt: skip
_DECISION: Final = ("issuer", "local_id", "valid_from")


@dataclass(frozen=True, slots=True)
class Shown:
    """A row as a table shows it: the names of its issuers, and the cells by which people know it.

    `says` are the sentences about what it would put on record, where a second person is to look at them.
    """

    line: int
    names: list[Name]
    gist: list[str]
    tag: Standing
    outcome: str
    mended: bool
    problems: list[tuple[str, SafeString]]
    remarks: list[SafeString]
    index: int | None
    says: list[SafeString]


def count_rows(upload: Upload) -> dict[str, int]:
    """Return how many rows there are of each outcome."""
    found = Counter(dict(upload.rows.values_list("outcome").annotate(Count("id"))))
    return {outcome: found[outcome] for outcome in OUTCOMES}


def count_refused(uploads: Sequence[UUID]) -> dict[UUID, int]:
    """Return how many rows of some uploads are refused, in one query."""
    rows = UploadRow.objects.filter(upload__in=uploads, outcome=REFUSED)
    return dict(rows.order_by().values_list("upload").annotate(Count("id")))


def page_of_rows(upload: Upload, outcome: str, after: int) -> tuple[list[Shown], int | None]:
    """Return some rows after a line, of one outcome or of all, and the line after which to go on."""
    rows = upload.rows.filter(line__gt=after).order_by("line")
    rows = rows.filter(outcome=outcome) if outcome in OUTCOMES else rows
    found = list(rows[: PAGE + 1])
    shown, more = found[:PAGE], len(found) > PAGE
    says = tell_rows(upload, shown) if upload.state == WAITING else {}
    names = name_issuers(upload, [row for row in shown if row.pk not in says])
    told = [show_row(upload, row, names.get(row.pk, []), says.get(row.pk, [])) for row in shown]
    return told, shown[-1].line if more else None


def show_row(upload: Upload, row: UploadRow, names: list[Name], says: list[SafeString]) -> Shown:
    """Return a row as the table shows it."""
    problems = [
        (name_column(upload.kind, one["column"]) if one["column"] else "", mark_problem(one, capital=not one["column"]))
        for one in row.problems
    ]
    remarks = [mark_remark(one) for one in row.remarks]
    tag = PUBLISHED_ROW if row.index is not None else OUTCOME_TAGS[row.outcome]
    return Shown(
        row.line, names, find_gist(upload, row), tag, row.outcome, row.mended, problems, remarks, row.index, says
    )


def find_gist(upload: Upload, row: UploadRow) -> list[str]:
    """Return the cells by which people know a row, as they wrote them."""
    named, wanted = name_cells(upload, row), _GIST.get(upload.kind, _DECISION)
    return [cell[:60] for name in wanted if (cell := named.get(name, ""))]


_COUNT_REMARKS: Final = """
    SELECT n.remark->>'code', count(DISTINCT r.id)
    FROM uploads_uploadrow r, jsonb_array_elements(r.remarks) AS n(remark)
    WHERE r.upload_id = %s AND r.outcome IN ('valid', 'remarked') GROUP BY 1 ORDER BY 2 DESC, 1
"""


def count_remarks(upload: Upload) -> list[tuple[str, str, int, bool]]:
    """Return each kind of remark on good rows, the most frequent first.

    Its name, why it is shown, on how many rows, and whether they may be on record already.
    """
    counted = fetch_all(_COUNT_REMARKS, (upload.pk,))
    return [(name_rule(code), say_why(code), number, code == _AGAIN) for code, number in counted if code in RULES]


def describe(acting: Acting, upload: Upload) -> dict[str, Any]:
    """Return what every page of an upload needs."""
    return {
        "place": "imports",
        "upload": upload,
        "standing": STATES[upload.state],
        "kind": KINDS.get(upload.kind, ""),
        "own": upload.author_id == acting.user,
        "twins": list(twins(upload)[:3]),
        "notes": [(mark_problem(one), one["value"]) for one in upload.notes if not one["line"]],
        "at_work": upload.state in AT_WORK,
        "again": upload.state == FAILED and upload.pieces.exists(),
        "done": how_far(upload),
    }


def how_far(upload: Upload) -> int:
    """Return how many rows are done; of a publication another process keeps the number."""
    if upload.state == PUBLISHING:
        return min(int(cache.get(publishing.progress_key(upload.pk), 0)), upload.total)
    return upload.done


def choices(acting: Acting, upload: Upload, counts: Mapping[str, int]) -> dict[str, Any]:
    """Return what may be done with a tried upload, and whether a second person is needed."""
    good = sum(counts[outcome] for outcome in GOOD)
    partial = counts[REFUSED] > 0
    second = publishing.needs_second(upload, partial)
    approvers = four_eyes.count_approvers(upload.role, upload.organisation, upload.author_id) if second else 0
    return {
        "good": good,
        "first_refused": upload.rows.filter(outcome=REFUSED).aggregate(line=Min("line"))["line"] if partial else None,
        "partial": partial,
        "second": second,
        "approvers": approvers,
        "digest": publishing.digest_of(upload) if upload.state in (CHECKED, WAITING) else "",
        "decides": upload.state == WAITING and publishing.may_decide(acting, upload),
    }
