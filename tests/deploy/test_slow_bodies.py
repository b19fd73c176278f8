"""Slow bodies: answered 408, by the real server too, which goes on answering everybody else."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from deploy.embedded import find_free_port
from deploy.slow_bodies import BodyDeadline, Environ, Pace, StartResponse
from tests.nodes import ROOT

MOST = 1_000_000
PACE = Pace(10, 1000, 20)
THREADS = 2
PATIENCE = 60.0


class Drip:
    """A body of which each byte takes a second of a clock that only it moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr("deploy.slow_bodies.time.monotonic", lambda: self.now)

    def read(self, size: int) -> bytes:
        self.now += size
        return b"x" * size


class Unreadable:
    def read(self, size: int) -> bytes:
        raise OSError("reset by peer")


def echo(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [environ["wsgi.input"].read()]


def send(body: Any, length: object) -> tuple[str, bytes]:
    answered: list[str] = []
    application = BodyDeadline(echo, PACE, MOST)
    environ = {"CONTENT_LENGTH": str(length), "wsgi.input": body}
    parts = application(environ, lambda status, headers: answered.append(status))
    return answered[0], b"".join(parts)


@pytest.mark.parametrize("size", [1, 65_536, 65_537, 300_000])
def test_a_body_arrives_whole(size: int) -> None:
    body = os.urandom(size)
    assert send(BytesIO(body), size) == ("200 OK", body)


def test_of_what_follows_a_body_nothing_is_read() -> None:
    source = BytesIO(b"bodynext")
    assert send(source, 4) == ("200 OK", b"body")
    assert source.read() == b"next"


@pytest.mark.parametrize("arrived", [b"", b"half", b"reason=quality&note=the hal"])
def test_a_body_that_ends_early_never_reaches_the_application(arrived: bytes) -> None:
    status, body = send(BytesIO(arrived), 40)
    assert (status, json.loads(body)["code"]) == ("400 Bad Request", "body_incomplete")


@pytest.mark.parametrize("length", ["", "0", "x", "-1", MOST + 1])
def test_lengths_that_the_application_judges_are_left_to_it(length: object) -> None:
    assert send(BytesIO(b"unread"), length) == ("200 OK", b"unread")


def test_what_goes_wrong_while_reading_is_raised() -> None:
    with pytest.raises(OSError, match="reset by peer"):
        send(Unreadable(), 4)


def test_a_drip_is_found_out_within_twice_the_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    drip = Drip(monkeypatch)
    status, body = send(drip, 1000)
    assert (status, json.loads(body)["code"]) == ("408 Request Timeout", "body_too_slow")
    assert PACE.grace < drip.now <= 2 * PACE.grace


def test_a_short_drip_that_ends_is_a_body(monkeypatch: pytest.MonkeyPatch) -> None:
    assert send(Drip(monkeypatch), 14) == ("200 OK", b"x" * 14)


@pytest.mark.parametrize(("received", "seconds"), [(0, 10), (999, 10.999), (5_000, 15), (1_000_000, 20)])
def test_more_bytes_buy_more_time_up_to_the_longest(received: int, seconds: float) -> None:
    assert PACE.seconds_for(received) == seconds


# the real server -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A granian of two threads that serves this node's application and gives a body two seconds."""
    found, log = find_free_port(), tmp_path_factory.mktemp("web") / "web.log"
    argv = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(found)]
    argv += ["--workers", "1", "--blocking-threads", str(THREADS), "--no-ws", "deploy.wsgi:application"]
    pace = {"ASSAY_BODY_GRACE_SECONDS": "2", "ASSAY_BODY_BYTES_PER_SECOND": "1000", "ASSAY_BODY_SECONDS": "4"}
    with log.open("wb") as output:
        server = subprocess.Popen(argv, cwd=ROOT, env={**os.environ, **pace}, stdout=output, stderr=output)
    try:
        wait_until_it_listens(found, server, log)
        with begin_request(found, 1) as first:  # which loads all addresses
            first.sendall(b"x")
            receive(first)
        yield found
    finally:
        server.terminate()
        server.wait(PATIENCE)


def wait_until_it_listens(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.1)


@contextmanager
def begin_request(port: int, length: int) -> Iterator[socket.socket]:
    """A connection on which a request was begun that announces so many bytes."""
    head = ["POST /api/v1/nothing HTTP/1.1", "Host: 127.0.0.1", "Content-Type: text/plain", f"Content-Length: {length}"]
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connected:
        connected.sendall("\r\n".join([*head, "", ""]).encode())
        yield connected


def receive(connected: socket.socket) -> tuple[int, Any]:
    """The status and the problem of an answer."""
    arrived = b""
    while b"\r\n\r\n" not in arrived or not arrived.endswith(b"}"):
        part = connected.recv(65_536)
        assert part, "the server hung up"
        arrived += part
    head, _, body = arrived.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head.lower()
    return int(head.split()[1]), json.loads(body)


def drip(connections: list[socket.socket], end: threading.Event) -> None:
    """Send a byte a second, until the server hangs up or somebody has seen enough."""
    with suppress(OSError):
        while not end.wait(1):
            for connected in connections:
                connected.sendall(b"x")


def test_a_byte_a_second_is_answered_408_and_others_are_served(port: int) -> None:
    enough = threading.Event()
    with begin_request(port, 100) as one, begin_request(port, 100) as two, begin_request(port, 1) as third:
        dripping = threading.Thread(target=drip, args=([one, two], enough))
        dripping.start()
        try:
            third.sendall(b"x")
            assert receive(third)[0] == 404, "the drips hold both threads, and not for long"
            for slow in (one, two):
                status, problem = receive(slow)
                assert (status, problem["code"]) == (408, "body_too_slow")
        finally:
            enough.set()
            dripping.join()
    with begin_request(port, 1) as later:
        later.sendall(b"x")
        assert receive(later)[0] == 404


def test_a_body_in_two_halves_is_no_slow_one(port: int) -> None:
    with begin_request(port, 10) as connected:
        connected.sendall(b"x" * 5)
        time.sleep(0.5)
        connected.sendall(b"x" * 5)
        status, problem = receive(connected)
    assert (status, problem["code"]) == (404, "not_found")


def test_of_a_connection_that_breaks_off_half_a_body_is_400(port: int) -> None:
    with begin_request(port, 10) as connected:
        connected.sendall(b"x" * 5)
        connected.shutdown(socket.SHUT_WR)
        status, problem = receive(connected)
    assert (status, problem["code"]) == (400, "body_incomplete")
