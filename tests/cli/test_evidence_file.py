"""`assay audit --evidence` tells anybody what a fork proof proves, without a node, a network or trust in its maker."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.cli import main
from ledger.tlog.checkpoint import open_checkpoint
from ledger.tlog.fork import ForkProof, format_fork, prove_fork
from tests import reference
from tests.cli.test_base_install import run_without_the_node
from tests.ledger.tlog.cast import KEYS, LOG, ORIGIN, TIME, WITNESS, SmallLog, make_entries, make_signer

SMALL = SmallLog(make_entries(20))
FORKED = SmallLog([*make_entries(4), *make_entries(16, "forged")])
STRANGER = make_signer(ORIGIN, label="stranger")


def fork_of(older: bytes, newer: bytes, entries: list[bytes] | None = None) -> ForkProof:
    reader = reference.EntryList(entries) if entries else None
    return prove_fork(open_checkpoint(older, KEYS), open_checkpoint(newer, KEYS), reader)


SAME_SIZE = fork_of(SMALL.checkpoint(9), FORKED.checkpoint(9, TIME + 60))
INCONSISTENT = fork_of(SMALL.checkpoint(8), FORKED.checkpoint(12), list(FORKED.entries[:12]))
ROLLED_BACK = fork_of(SMALL.checkpoint(5, TIME + 3600), SMALL.checkpoint(9))


def write(directory: Path, data: bytes) -> str:
    path = directory / "fork.txt"
    path.write_bytes(data)
    return str(path)


@pytest.mark.parametrize(
    ("fork", "words"),
    [
        (SAME_SIZE, ["two different trees of 9 entries", SMALL.root(9).hex(), FORKED.root(9).hex()]),
        (INCONSISTENT, ["12 entries that does not begin with the 8", SMALL.root(8).hex(), FORKED.root(8).hex()]),
        (ROLLED_BACK, ["only 5 entries", "9 entries the largest tree", "2026-09-21"]),
    ],
    ids=["same size", "inconsistent", "rolled back"],
)
def test_another_process_without_the_node_proves_a_fork(fork: ForkProof, words: list[str], tmp_path: Path) -> None:
    done = run_without_the_node("audit", "--evidence", write(tmp_path, format_fork(fork)))
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith(f"FORK PROVEN  {ORIGIN}")
    for part in (*words, str(LOG.verifier), "taken from the file itself"):
        assert part in done.stdout


@pytest.mark.parametrize("fork", [SAME_SIZE, INCONSISTENT, ROLLED_BACK], ids=lambda fork: fork.kind)
def test_given_keys_are_the_only_ones_believed(
    fork: ForkProof, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, format_fork(fork))
    both = f"{LOG.verifier} {WITNESS.verifier}"
    assert main(["audit", "--evidence", path, "--vkey", both]) == 1
    assert "those you gave" in capsys.readouterr().out
    assert main(["audit", "--evidence", path, "--vkey", str(STRANGER.verifier)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "proves no fork" in shown.err


def test_a_rollback_rests_on_the_witness_key_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Else anybody could bring two honest checkpoints and a witness of their own."""
    path = write(tmp_path, format_fork(ROLLED_BACK))
    assert main(["audit", "--evidence", path, "--vkey", str(LOG.verifier)]) == 2
    assert "among the keys given" in capsys.readouterr().err


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\n",
        SMALL.checkpoint(9),
        format_fork(SAME_SIZE)[:-1],
        format_fork(SAME_SIZE).replace(b"same_size", b"inconsistent"),
        format_fork(replace(INCONSISTENT, proof=INCONSISTENT.proof[::-1])),
        b"assay/fork-proof@v1\n" + b"a" * (1 << 20),
    ],
    ids=["empty", "binary", "checkpoint", "cut", "other kind", "hashes mixed", "huge"],
)
def test_what_proves_nothing_is_an_input_error(data: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "--evidence", write(tmp_path, data)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "proves no fork" in shown.err


@pytest.mark.parametrize(
    "argv",
    [
        ["audit"],
        ["audit", "http://127.0.0.1:9", "--evidence", "fork.txt"],
        ["audit", "--evidence", "fork.txt", "--since", "kept"],
        ["audit", "--evidence", "no such file"],
        ["audit", "--evidence", "."],
    ],
)
def test_a_command_that_is_none_is_a_usage_error(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    assert capsys.readouterr().err.startswith("assay: ")


def test_a_time_beyond_the_calendar_is_told_in_seconds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fork = fork_of(SMALL.checkpoint(5, 2**62), SMALL.checkpoint(9))
    assert main(["audit", "--evidence", write(tmp_path, format_fork(fork))]) == 1
    assert f"{2**62} s after 1970" in capsys.readouterr().out
