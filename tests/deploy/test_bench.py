"""Benchmarks run, each in a tiny form, and report their ratio; what it is on a busy machine is no test's business."""

import importlib
import json
import subprocess
import sys
from typing import Any

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.bench.catalogue import BENCHMARKS
from deploy.bench.result import Reach, Result, percentile, spread
from deploy.bench.signed_logs import Tree, make_log
from deploy.bench.timing import spend, spend_about
from deploy.bench.wire import CountedStream, CountingBackend
from ledger.tlog.witness import Cosigned, decide_add_checkpoint, parse_add_checkpoint
from tests import factories, reference
from tests.nodes import ROOT, clean_environment

SLOW = ["first_paint", "visible", "idle"]
"""They start whole nodes, and wait; the ordinary run has not the patience."""

ALONE = ["proofs", "anchor", "verify_jcs", "verify_rdfc", "dry_run", "publish_rows"]
"""They need neither a web server nor the tables' owner, so they run right here: a stand takes longer than they do."""

ORDINARY = [name for name in BENCHMARKS if name not in {*SLOW, *ALONE}]


def run_quickly(names: list[str]) -> dict[str, dict[str, Any]]:
    """Return what `python -m deploy.bench NAME … --quick` prints, by name."""
    argv = [sys.executable, "-m", "deploy.bench", *names, "--quick"]
    done = subprocess.run(argv, cwd=ROOT, env=clean_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {report["name"]: report for report in lines}


@pytest.fixture(scope="module")
def reports() -> dict[str, dict[str, Any]]:
    """The reports of all that are quick enough."""
    return run_quickly(ORDINARY)


@pytest.mark.services
@pytest.mark.parametrize("name", ORDINARY)
def test_benchmark_reports_its_ratio_and_how_it_came_about(reports: dict[str, dict[str, Any]], name: str) -> None:
    check_report(reports[name])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ALONE)
def test_benchmark_without_a_web_server_reports_its_ratio_and_how_it_came_about(name: str) -> None:
    if BENCHMARKS[name].opened:
        factories.open_register()
    result: Result = importlib.import_module(f"deploy.bench.{name}").measure(quick=True)
    check_report(json.loads(result.as_line(name)))


@pytest.mark.services
@pytest.mark.long
def test_slow_benchmarks_report_their_ratio_and_how_it_came_about() -> None:
    reports = run_quickly(SLOW)
    assert list(reports) == SLOW
    for report in reports.values():
        check_report(report)


def check_report(report: dict[str, Any]) -> None:
    """Insist on everything a report has to say."""
    assert set(report) == {
        *("name", "what", "yardstick", "ratio", "reach", "met", "measured", "yardstick_measured", "runs", "spread"),
        "machine",
    }
    assert report["ratio"] > 0
    assert report["spread"]["min"] <= report["ratio"] <= report["spread"]["max"]
    assert report["runs"] >= 1
    assert report["measured"]
    assert report["yardstick_measured"]
    assert set(report["machine"]) == {"cores", "python", "postgres", "load_1_minute"}
    assert report["met"] == all(reach["met"] for reach in report["reach"])
    for reach in report["reach"]:
        assert set(reach) - {"what", "got", "met"} in ({"at_least"}, {"at_most"})


@pytest.mark.services
def test_every_benchmark_is_reported_once(reports: dict[str, dict[str, Any]]) -> None:
    assert list(reports) == ORDINARY


def test_unknown_benchmark_is_refused_with_the_known_names() -> None:
    argv = [sys.executable, "-m", "deploy.bench", "bulk", "speed"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "got speed" in done.stderr
    assert "proofs" in done.stderr


@pytest.mark.parametrize(
    ("relation", "got", "met"),
    [("at_least", 0.5, True), ("at_least", 0.49, False), ("at_most", 0.5, True), ("at_most", 0.51, False)],
)
def test_bound_is_met_up_to_and_with_itself(relation: Any, got: float, met: bool) -> None:
    reach = Reach("ratio", relation, 0.5, got)
    assert reach.met is met
    assert reach.as_json() == {"what": "ratio", relation: 0.5, "got": got, "met": met}


def test_spread_and_percentiles_are_those_of_the_values() -> None:
    values = [5.0, 1.0, 3.0, 2.0, 4.0]
    assert spread(values) == {"min": 1.0, "quarter": 2.0, "three_quarters": 4.0, "max": 5.0}
    assert spread([7.0]) == {"min": 7.0, "quarter": 7.0, "three_quarters": 7.0, "max": 7.0}
    assert percentile(range(1, 101), 95) == 96
    assert percentile([1.0], 99) == 1.0


def test_short_work_is_repeated_and_long_work_is_done_once() -> None:
    done: list[int] = []
    spent = spend_about(0.05, lambda: done.append(1))
    assert len(done) > 1
    assert 0 < spent.seconds < 0.05
    done.clear()
    assert spend_about(0.0, lambda: done.append(1)).seconds > 0
    assert done == [1]
    assert spend(lambda: sum(range(200_000))).processor > 0


@given(st.lists(st.integers(0, 30), min_size=1, max_size=4), st.integers(1, 40))
def test_bytes_on_the_wire_are_counted_however_they_come_in(lengths: list[int], step: int) -> None:
    heads = [f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode() for length in lengths]
    sent = b"".join(head + b"x" * length for head, length in zip(heads, lengths, strict=True))
    pieces = [sent[start : start + step] for start in range(0, len(sent), step)]
    counts = CountingBackend()
    stream = CountedStream(httpcore.MockStream(list(pieces)), counts)
    assert b"".join(stream.read(step) for _ in pieces) == sent
    assert counts.answers == len(lengths)
    assert counts.bodies == sum(lengths)
    assert counts.heads == sum(map(len, heads))


def test_simulated_logs_grow_as_witnesses_want_to_see_it() -> None:
    entries = [b"entry %d" % number for number in range(40)]
    log, last = make_log("register.example", Tree(entries)), Cosigned()
    witness = make_log("other.example", Tree([])).witness.verifier
    for size in (1, 7, 8, 31, 40):
        assert log.tree.root(size) == reference.mth(entries[:size])
        request = parse_add_checkpoint(log.submit(last.size, size))
        signed = decide_add_checkpoint(request, [log.log.verifier], last, witness)
        last = Cosigned(signed.checkpoint.size, signed.checkpoint.root)
    assert last.size == 40
