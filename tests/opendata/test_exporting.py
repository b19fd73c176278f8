from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from ledger.reader import read_entries
from ledger.tlog.checkpoint import open_checkpoint
from ledger.tlog.note import parse_vkey
from register import commands
from register.api.node import statement_key
from register.opendata import exporting, reading
from register.opendata.errors import OpenDataError
from register.opendata.exporting import export
from register.opendata.published import list_exports, newest_export, root
from register.opendata.tables import HEADS, TABLES, flatten
from register.opendata.tasks import export_first, export_missed
from register.opendata.views import schema_of
from register.payloads import RelationTerms
from register.records import load
from register.site.reading import read_register
from tests import factories
from tests.opendata.conftest import Given, make_older


def rows_of(given: Given, name: str, table: str) -> list[dict[str, str]]:
    data = gzip.decompress((given.directory / name / f"{table}.csv.gz").read_bytes())
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def lines_of(given: Given, name: str, table: str) -> list[Any]:
    data = gzip.decompress((given.directory / name / f"{table}.jsonl.gz").read_bytes())
    return [json.loads(line) for line in data.decode().splitlines()]


def test_an_export_holds_everything_and_belongs_to_a_signed_checkpoint(given: Given) -> None:
    made = export()
    manifest = made.manifest
    assert {one.table: one.rows for one in manifest.files} == {
        "agencies": 1,
        "issuers": 2,
        "relations": 0,
        "programmes": 1,
        "accreditations": 1,
        "keys": 1,
        "mandates": 1,
        "batches": 1,
        "changes": manifest.tree_size,
    }
    for one in manifest.files:
        data = (given.directory / made.name / one.name).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (one.bytes, one.sha256)
    node = read_register()
    assert node is not None
    signed = open_checkpoint(manifest.checkpoint.encode(), [parse_vkey(node.vkey)], manifest.origin)
    assert signed.checkpoint.size == manifest.tree_size == 9
    sums = (given.directory / made.name / "SHA256SUMS").read_text().splitlines()
    assert sums == [f"{one.sha256}  {one.name}" for one in manifest.files]
    assert (manifest.licence.spdx, manifest.demonstration) == ("CC-BY-4.0", True)


def test_tables_say_what_the_records_say(given: Given) -> None:
    name = export().name
    (row,) = rows_of(given, name, "accreditations")
    assert (row["id"], row["issuer"], row["agency"]) == (given.accreditation, given.issuer, given.agency)
    assert (row["eqf_levels"], row["jurisdictions"], row["isced_f"]) == ("6 7", "NL", "")
    assert (row["valid_from"], row["valid_until"], row["status"]) == ("2020-01-01", "2024-01-01", "expired")
    issuer = next(row for row in rows_of(given, name, "issuers") if row["id"] == given.issuer)
    assert (issuer["identifiers"], issuer["status"]) == ("schac:college.example", "registered")
    assert json.loads(issuer["names"]) == {"nl": "=Testcollege", "en": "College"}
    (line,) = lines_of(given, name, "accreditations")
    assert line["scope"]["eqf_levels"] == [6, 7]


def test_no_cell_is_a_formula(given: Given) -> None:
    name = export().name
    issuer = next(row for row in rows_of(given, name, "issuers") if row["id"] == given.issuer)
    assert issuer["name"] == "'=Testcollege"
    for table in HEADS:
        for row in rows_of(given, name, table):
            assert not [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_every_table_has_a_head_and_its_columns_are_those_of_its_rows(given: Given) -> None:
    relation = {"relation": "faculty_of", "other": given.issuer, "valid_from": "2023-01-01"}
    faculty = factories.make_issuer()
    commands.relate_issuer(faculty, RelationTerms.model_validate(relation), actor=factories.OPERATOR)
    made, now = export(), timezone.now()
    for table, (kind, _) in TABLES.items():
        lines = lines_of(given, made.name, table)
        assert lines, table
        for line in lines:
            record = load(kind, json.dumps(line))
            assert tuple(flatten(table, record, now)) == HEADS[table]
            jsonschema.validate(line, schema_of(kind), jsonschema.Draft202012Validator)
        assert list(rows_of(given, made.name, table)[0]) == list(HEADS[table])


def test_an_empty_table_has_its_head(given: Given) -> None:
    name = export().name
    data = gzip.decompress((given.directory / name / "relations.csv.gz").read_bytes())
    assert data.decode() == ",".join(HEADS["relations"]) + "\r\n"


def test_the_change_feed_goes_on_where_the_one_before_ended_with_the_entries_own_bytes(given: Given) -> None:
    first = export()
    entries = read_entries(first.manifest.origin, 0, first.size)
    lines = lines_of(given, first.name, "changes")
    assert [line["entry"].encode() for line in lines] == entries
    assert export().name == first.name
    factories.make_key(given.issuer)
    second = export()
    assert (second.manifest.changes.since, second.manifest.changes.until) == (first.size, first.size + 1)
    (change,) = rows_of(given, second.name, "changes")
    assert (change["index"], change["type"], change["issuer"]) == (str(first.size), "key.bound", given.issuer)
    assert second.manifest.previous == first.name
    assert newest_export() == second


def test_what_is_written_meanwhile_belongs_to_the_next_export(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    find = exporting._find_checkpoint

    def find_and_write() -> Any:
        checkpoint = find()
        terms = factories.ending("2021-01-01", "fraud")
        commands.revoke_accreditation(given.accreditation, terms, actor=factories.as_agency(given.agency))
        factories.make_issuer()
        return checkpoint

    monkeypatch.setattr(exporting, "_find_checkpoint", find_and_write)
    name = export().name
    (row,) = rows_of(given, name, "accreditations")
    assert (row["status"], row["revoked_from"]) == ("expired", "")
    assert len(rows_of(given, name, "issuers")) == 2


def test_the_same_data_is_the_same_bytes(given: Given) -> None:
    first = export()
    (given.directory / first.name).rename(given.directory / "aside")
    again = export()
    assert [one.sha256 for one in first.manifest.files] == [one.sha256 for one in again.manifest.files]


def test_a_failure_leaves_nothing_that_anybody_is_shown(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*parts: Any) -> Any:
        yield from reading.read_records(*parts)
        raise OSError("the disk is full")

    monkeypatch.setattr(exporting, "read_records", fail)
    with pytest.raises(CommandError):
        call_command("export_open_data")
    assert list_exports() == []
    assert [path.name for path in given.directory.iterdir()] == [".lock"]
    monkeypatch.undo()
    call_command("export_open_data")
    assert len(list_exports()) == 1


def test_what_a_killed_process_left_is_cleared_away(given: Given) -> None:
    left = given.directory / ".2026-01-01-5.partial"
    left.mkdir(parents=True)
    (left / "issuers.csv.gz").write_bytes(b"half")
    export()
    assert not left.exists()


def test_one_process_exports_at_a_time(given: Given) -> None:
    with exporting._alone(), pytest.raises(OpenDataError):
        export()


def test_old_exports_are_forgotten_but_never_the_newest(given: Given, settings: Any) -> None:
    made = export()
    old = given.directory / f"{timezone.now() - timedelta(days=15):%Y-%m-%d}-3"
    kept = given.directory / f"{timezone.now() - timedelta(days=13):%Y-%m-%d}-4"
    for path in (old, kept):
        path.mkdir()
        (path / "manifest.json").write_bytes((given.directory / made.name / "manifest.json").read_bytes())
    export()
    assert (old.exists(), kept.exists()) == (False, True)


def test_before_the_register_is_opened_there_is_nothing_to_export(
    transactional_db: None, settings: Any, tmp_path: Path
) -> None:
    settings.ASSAY_OPEN_DATA_DIR = tmp_path
    with pytest.raises(CommandError, match="signed checkpoint"):
        call_command("export_open_data")


def test_rows_are_fetched_as_they_are_asked_for(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    """One cursor of the server, and never more than AT_ONCE rows of it here."""
    monkeypatch.setattr(reading, "AT_ONCE", 2)
    log = exporting._find_checkpoint()
    stream = reading.read_changes(log.log_id, 0, log.size)
    assert [next(stream)[0] for _ in range(3)] == [0, 1, 2]
    del stream
    assert [row[0] for row in reading.read_changes(log.log_id, 0, log.size)] == list(range(log.size))


def test_the_examples_run(given: Given, live_server: Any, settings: Any, tmp_path: Path) -> None:
    """What the page shows, taken from the page, against a server."""
    settings.ASSAY_BASE_URL = live_server.url
    export()
    from html import unescape
    from re import DOTALL, search
    from urllib.request import urlopen

    page = urlopen(f"{live_server.url}/open-data").read().decode()
    environ = {"PATH": os.environ["PATH"], "no_proxy": "*"}

    def run(name: str, *command: str) -> str:
        shown = search(rf'id="example-{name}">(.*?)</pre>', page, DOTALL)
        assert shown is not None
        done = subprocess.run(
            [*command, unescape(shown[1])], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    said = run("download", "bash", "-c")
    assert "accreditations.csv.gz: OK" in said
    assert given.accreditation in said
    assert "register.nl.example/ledger at 9 entries" in run("read", sys.executable, "-I", "-c")
    changes = run("changes", sys.executable, "-I", "-c").splitlines()
    assert len(changes) == 9
    assert "accreditation.granted" in changes[3]
    assert run("verify", sys.executable, "-I", "-c").startswith(f"signed by {statement_key().thumbprint()} over ")
    manifest = root() / export().name / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"rows": 1', '"rows": 2'))
    shown = search(r'id="example-verify">(.*?)</pre>', page, DOTALL)
    assert shown is not None
    forged = [sys.executable, "-I", "-c", unescape(shown[1])]
    refused = subprocess.run(forged, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert "InvalidSignature" in refused.stderr


def test_a_night_that_was_missed_is_made_up_for(given: Given) -> None:
    export_missed()
    assert list_exports() == []
    export_first()
    (first,) = list_exports()
    export_missed()
    assert list_exports() == [first]
    make_older(first, timedelta(hours=27))
    export_first()
    assert len(list_exports()) == 1
    export_missed()
    newest, earlier = list_exports()
    assert (newest.size, earlier.size) == (first.size, first.size)
    assert newest.made_at - earlier.made_at > timedelta(hours=26)
