"""`/open-data`: what is given away, how to read it, and the files themselves."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from pydantic import TypeAdapter

from register.api.address import answer_json
from register.api.problems import answer_problem, explain
from register.errors import NotFound
from register.opendata.errors import ExportUnknown
from register.opendata.manifest import Manifest
from register.opendata.published import MANIFEST, NIGHTLY, SIGNATURE, SUMS, Export, find_export, list_exports, path_of
from register.opendata.sending import Response, send_file
from register.opendata.tables import COLUMNS, HEADS, TABLES
from register.records import KINDS
from register.sentences import say
from register.site.page import Context, page, prefers_json, render_page

_FOR_EVER: Final = "public, max-age=31536000, immutable"
_PLACEHOLDER: Final = "https://register.example"
_MEDIA: Final = {MANIFEST: "application/json", SIGNATURE: "application/jose", SUMS: "text/plain; charset=utf-8"}

WORDS: Final[Mapping[str, str | Promise]] = {
    "agencies": _("Agencies that the register recognises or recognised"),
    "issuers": _("Issuers: institutions and other providers"),
    "relations": _("How issuers relate: faculties, alliances, mergers, successions"),
    "programmes": _("Programmes and micro-credentials"),
    "accreditations": _("Accreditations, with their status on the day of the export"),
    "keys": _("What issuers sign with"),
    "mandates": _("Who may seal for whom"),
    "batches": _("Batches of credentials that were anchored; nothing about single credentials"),
    "changes": _("Every entry since the export before"),
}


@cache
def read_example(name: str) -> str:
    """Return an example as it is shown, with this node's address in it."""
    text = (Path(__file__).parent / "examples" / name).read_text(encoding="utf-8")
    return text.replace(_PLACEHOLDER, settings.ASSAY_BASE_URL)


def _answer_list(request: HttpRequest, query: Mapping[str, Any]) -> HttpResponse:
    base = settings.ASSAY_BASE_URL
    items = [
        {"name": one.name, "tree_size": one.size, "made_at": one.manifest.made_at,
         "manifest": f"{base}/open-data/{one.name}/{MANIFEST}"}
        for one in list_exports()
    ]  # fmt: skip
    newest: Manifest | None = next((one.manifest for one in list_exports()), None)
    latest = newest.model_dump(mode="json") if newest else None
    return answer_json({"items": items, "next": None, "latest": latest})


@page("opendata/open_data.html", "open-data", twin=_answer_list)
def show_open_data(request: HttpRequest, query: Mapping[str, Any]) -> Context:
    """Show the newest export, its files, the earlier ones, and how to read them."""
    exports = list_exports()
    newest = exports[0] if exports else None
    return {
        "export": newest,
        "late": newest is not None and timezone.now() - newest.made_at > NIGHTLY,
        "tables": _pair_files(newest) if newest else [],
        "earlier": exports[1:],
        "licence": (settings.ASSAY_LICENCE, settings.ASSAY_LICENCE_URL),
        "days": settings.ASSAY_OPEN_DATA_DAYS,
        "base": settings.ASSAY_BASE_URL,
        "examples": {name: read_example(f"{name}.{end}") for name, end in _EXAMPLES.items()},
        "columns": [(table, head) for table, head in HEADS.items()],
        "meanings": COLUMNS,
    }


_EXAMPLES: Final = {
    "download": "sh.txt",
    "verify": "py.txt",
    "read": "py.txt",
    "changes": "py.txt",
    "webhook": "py.txt",
}


def _pair_files(export: Export) -> list[tuple[str, str | Promise, int, list[Any]]]:
    files = export.manifest.files
    tables = dict.fromkeys(one.table for one in files)
    by_table = {table: [one for one in files if one.table == table] for table in tables}
    return [(table, WORDS[table], found[0].rows, found) for table, found in by_table.items()]


@require_safe
def download(request: HttpRequest, export: str, name: str) -> Response:
    """Give a file of an export; `latest` leads to the newest one, so that what is begun is finished from one export."""
    try:
        found = find_export(export)
        path = path_of(found, name)
        if export == "latest":
            response = HttpResponseRedirect(f"/open-data/{found.name}/{name}")
            response["Cache-Control"], response["Access-Control-Allow-Origin"] = "no-cache", "*"
            return response
        described = found.file(name)
        tag = described.sha256 if described else f"{found.name}-{name}"
        return send_file(request, path, tag, _MEDIA.get(name, "application/gzip"), _FOR_EVER)
    except (ExportUnknown, FileNotFoundError) as error:
        return _refuse(request, error)


def _refuse(request: HttpRequest, error: Exception) -> HttpResponse:
    missing = NotFound(
        "not_found", "", str(error) if isinstance(error, ExportUnknown) else say("the export was removed")
    )
    if prefers_json(request):
        return answer_problem(explain(missing), request)
    return render_page(request, "site/not_found.html", {"section": "open-data", "sentence": missing.message}, 404)


@require_safe
def show_schema(request: HttpRequest) -> HttpResponse:
    """Give the JSON Schema (2020-12) of each table's lines, with the columns of its CSV."""
    tables = {table: {"columns": list(HEADS[table]), "schema": schema_of(kind)} for table, (kind, _) in TABLES.items()}
    response = answer_json({"format": "assay-open-data/1", "columns": dict(COLUMNS), "tables": tables})
    response["Access-Control-Allow-Origin"] = "*"
    return response


@cache
def schema_of(kind: str) -> dict[str, Any]:
    """Return the JSON Schema of a kind of record as JSON Lines hold it: absent values are left out."""
    return TypeAdapter(KINDS[kind]).json_schema(mode="validation")
