"""The file of a backup: no bit of it changes unnoticed, and only rows and counters are read out of its dump."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from deploy.backup.archive import DUMP, MANIFEST, BackupError, add_part, create_archive, open_archive
from deploy.backup.dump import Counter, Rows, read_script


@effort(max_examples=300, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_no_flipped_bit_passes(tmp_path_factory: pytest.TempPathFactory, place: float, bit: int) -> None:
    path = tmp_path_factory.mktemp("flip") / "small.backup"
    content = bytearray(make_small_archive(path))
    at = int(place * len(content))
    content[at] ^= 1 << bit
    path.write_bytes(content)
    with pytest.raises(BackupError), open_archive(path):
        raise AssertionError(f"byte {at} of {len(content)} was flipped and nobody noticed")


def make_small_archive(path: Path) -> bytes:
    manifest = {
        "format": "assay-backup/1", "software": "0", "postgresql": "0", "made_at": "", "origin": "o", "base_url": "b",
        "tree_size": 0, "root": "0" * 64, "checkpoint": None, "migrations": [], "private_keys": False,
    }  # fmt: skip
    with create_archive(path) as archive:
        part = add_part(archive, DUMP, [b"rows", b"and more"])
        whole = {**manifest, "parts": {DUMP: part.model_dump()}}
        add_part(archive, MANIFEST, [json.dumps(whole).encode()])
    with open_archive(path) as (opened, read):
        assert opened.read(DUMP) == b"rowsand more"
        assert read.parts[DUMP].size == 12
    return path.read_bytes()


@pytest.mark.parametrize("length", [0, 10, 70, 71, 500, -1])
def test_file_that_was_cut_off_is_refused(tmp_path: Path, length: int) -> None:
    path = tmp_path / "small.backup"
    path.write_bytes(make_small_archive(path)[:length])
    with pytest.raises(BackupError, match=r"no backup of Assay|does not match its seal"), open_archive(path):
        raise AssertionError("it was opened")


def test_script_gives_rows_and_counters_and_nothing_else() -> None:
    script = (
        b"SET x = 1;\nCOPY public.a (id, \"index\") FROM stdin;\n1\tSELECT pg_catalog.setval('public.x', 1, true);\n"
        b"\\\\.\tCOPY public.b (id) FROM stdin;\n\\.\n\nCREATE TABLE evil ();\n"
        b"SELECT pg_catalog.setval('public.a_id_seq', 41, true);\nSELECT pg_catalog.setval('public.b_seq', 1, false);\n"
    )
    found = []
    for item in read_script(iter(script.splitlines(keepends=True))):
        found.append((item.table, item.columns, len(list(item.lines))) if isinstance(item, Rows) else item)
    assert found == [("a", ["id", "index"], 2), Counter("a_id_seq", 42), Counter("b_seq", 1)]


@pytest.mark.parametrize("line", [b"COPY other.a (id) FROM stdin;\n", b"INSERT INTO a VALUES (1);\n"])
def test_rows_that_are_not_understood_are_not_passed_over(line: bytes) -> None:
    with pytest.raises(BackupError, match="not understood"):
        list(read_script(iter([line])))
