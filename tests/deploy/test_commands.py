"""`up`, `down` and what they leave behind, with real processes on a directory of their own."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploy import processes
from deploy.bootstrap import explain
from deploy.stop import read_holder
from ledger.tlog.note import parse_vkey
from tests.nodes import ROOT, call_down, call_up, clean_environment, find_ports, node_directory, read_nodes

pytestmark = pytest.mark.services
SMALL = {"ASSAY_WEB_WORKERS": "1", "ASSAY_WORKERS": "1"}


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """A data directory on which the tests of this module act one after the other."""
    with node_directory() as directory:
        yield directory
        call_down(directory)


@pytest.fixture(scope="module")
def port() -> int:
    return find_ports(1)


def find_processes(data: Path) -> list[str]:
    """Return the command lines of all living processes that name the directory."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            line = (path / "cmdline").read_bytes() + (path / "environ").read_bytes()
        except OSError:
            continue
        if str(data).encode() in line and processes.started(int(path.name)):
            found.append((path / "cmdline").read_text().replace("\0", " "))
    return found


def test_first_up_makes_a_node_that_answers(data: Path, port: int) -> None:
    done = call_up(data, "--empty", "--port", str(port), **SMALL)
    assert done.returncode == 0, done.stdout + done.stderr
    (node,) = read_nodes(data)
    assert set(node) == {
        *("name", "url", "origin", "vkey", "witness_vkey", "territory", "tokens", "logins"),
    }
    assert node["url"] == f"http://127.0.0.1:{port}"
    assert node["origin"] == f"127.0.0.1:{port}/ledger"
    assert {"NL", "GR", "XK", "GB"} <= set(node["territory"])
    assert parse_vkey(node["vkey"]).name == node["origin"]
    assert parse_vkey(node["witness_vkey"]).name == f"127.0.0.1:{port}/witness"
    assert httpx.get(f"{node['url']}/healthz").text == "ok\n"
    assert httpx.get(f"{node['url']}/ledger/checkpoint").text.startswith(node["origin"] + "\n")


def test_secrets_are_for_their_owner_only(data: Path) -> None:
    secret = ["nodes.json", "node.env", "services.json", "keys/log.key", "keys/witness.key", "keys/statement.jwk"]
    modes = {name: stat.S_IMODE((data / name).stat().st_mode) for name in secret}
    assert modes == dict.fromkeys(secret, 0o600)


def test_second_up_while_running_says_so(data: Path, port: int) -> None:
    done = call_up(data, "--empty", "--port", str(port), **SMALL)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"already running in {data}" in done.stderr


def test_port_in_use_is_named(port: int) -> None:
    with node_directory() as other:
        done = call_up(other, "--empty", "--port", str(port))
        assert done.returncode == 1
        assert done.stderr == f"up: Port {port} is in use: stop what listens there, or choose another with --port.\n"
        assert not (other / "postgres").exists()


def test_killed_up_is_cleaned_by_the_next_which_continues(data: Path, port: int) -> None:
    before = read_nodes(data)
    os.kill(read_holder(data / "run" / "up.lock"), 9)
    done = call_up(data, "--empty", "--port", str(port), **SMALL)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "An earlier run left" in done.stdout
    assert read_nodes(data) == before


def test_down_stops_everything(data: Path) -> None:
    assert find_processes(data) != []
    done = call_down(data)
    assert (done.returncode, done.stdout) == (0, "Stopped.\n")
    assert find_processes(data) == []
    assert call_down(data).stdout == f"Nothing runs in {data}.\n"


def test_another_port_keeps_the_names_and_an_interrupt_stops_everything(data: Path) -> None:
    (before,) = read_nodes(data)
    other = find_ports(1)
    argv = [sys.executable, "-m", "deploy.start", "--data", str(data), "--empty", "--port", str(other)]
    with subprocess.Popen(argv, cwd=ROOT, env=clean_environment() | SMALL, stdout=subprocess.PIPE, text=True) as up:
        assert up.stdout
        assert any(line == f"eu: http://127.0.0.1:{other}/\n" for line in up.stdout)
        (after,) = read_nodes(data)
        assert after == before | {"url": f"http://127.0.0.1:{other}"}
        up.send_signal(signal.SIGINT)
        assert up.wait() == 0
    assert find_processes(data) == []


@pytest.mark.parametrize(
    ("options", "environment", "message"),
    [
        (["--nodes", "0"], {}, "--nodes must be from 1 to 12; got 0."),
        (["--port", "70000"], {}, "Port 70000 does not exist: choose one from 1 to 65535 with --port."),
        (["--bind", "192.0.2.1"], {}, "192.0.2.1 is no address of this machine: choose another with --bind."),
        ([], {"DATABASE_URL": "postgresql://u:hunter2@127.0.0.1:1/d"}, "PostgreSQL at 127.0.0.1:1 cannot be reached"),
        ([], {"REDIS_URL": "redis://:hunter2@127.0.0.1:1/0"}, "REDIS_URL: Redis cannot be reached"),
        ([], {"ASSAY_WEB_WORKERS": "many"}, "ASSAY_WEB_WORKERS must be a whole number"),
    ],
)
def test_what_cannot_start_says_so_in_one_line(options: list[str], environment: dict[str, str], message: str) -> None:
    with node_directory() as directory:
        done = call_up(directory, "--empty", "--port", str(find_ports(1)), *options, **environment)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert "hunter2" not in done.stderr + done.stdout


def test_a_file_where_the_directory_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = call_up(tmp_path / "file", "--empty", "--port", str(find_ports(1)))
    assert done.returncode == 1
    assert done.stderr.startswith(f"up: {tmp_path}/file")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["up", "down", "test"])
def test_too_old_a_python_is_named(tmp_path: Path, command: str) -> None:
    (tmp_path / "python3").write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 && exit\nexit 1\n')
    (tmp_path / "python3").chmod(0o755)
    (tmp_path / "dirname").symlink_to("/usr/bin/dirname")
    argv = ["/bin/sh", str(ROOT / "deploy" / command)]
    done = subprocess.run(argv, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{command}: Python 3.11 or newer is needed, found: Python 3.9.2.")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("said", "cure"),
    [
        ("error: command 'gcc' failed: No such file or directory", "a C compiler is missing"),
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("error: Failed to fetch: `https://pypi.org/simple/celery/`", "the package index cannot be reached"),
    ],
)
def test_known_trouble_of_the_installation_is_explained(said: str, cure: str) -> None:
    explained = explain(said)
    assert explained is not None
    assert explained.startswith(cure)


def test_two_nodes_have_their_own_ledgers() -> None:
    with node_directory() as directory:
        first = find_ports(2)
        done = call_up(directory, "--empty", "--nodes", "2", "--port", str(first), **SMALL)
        try:
            assert done.returncode == 0, done.stdout + done.stderr
            nodes = json.loads((directory / "nodes.json").read_text())["nodes"]
            assert [(node["name"], node["territory"]) for node in nodes] == [("nl", ["NL"]), ("de", ["DE"])]
            assert [node["url"] for node in nodes] == [f"http://127.0.0.1:{first + number}" for number in (0, 1)]
            heads = [httpx.get(f"{node['url']}/ledger/checkpoint").text.splitlines()[0] for node in nodes]
            assert heads == [node["origin"] for node in nodes]
            assert len({node["vkey"] for node in nodes} | {node["witness_vkey"] for node in nodes}) == 4
        finally:
            call_down(directory)


def test_find_ports_leaves_taken_ones_out() -> None:
    first = find_ports(1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first))
        assert find_ports(1) != first
