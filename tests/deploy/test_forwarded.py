"""Whom a proxy names: of the real server's joined headers the last address counts, whatever the client wrote before."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from deploy.embedded import find_free_port
from register.access.addresses import read_address
from tests.deploy.test_slow_bodies import PATIENCE, wait_until_it_listens
from tests.nodes import ROOT


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A granian that answers with the headers it was given."""
    found, log = find_free_port(), tmp_path_factory.mktemp("web") / "web.log"
    argv = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(found)]
    with log.open("wb") as output:
        server = subprocess.Popen([*argv, "--no-ws", "tests.deploy.echo:application"], cwd=ROOT, stdout=output,
                                  stderr=output)  # fmt: skip
    try:
        wait_until_it_listens(found, server, log)
        yield found
    finally:
        server.terminate()
        server.wait(PATIENCE)


def send(port: int, *headers: str) -> dict[str, str]:
    """Send headers as they are written, repeated ones too; return what the application is given."""
    head = ["GET / HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *headers, "", ""]
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connected:
        connected.sendall("\r\n".join(head).encode())
        arrived = b"".join(iter(lambda: connected.recv(65_536), b""))
    given: dict[str, str] = json.loads(arrived.partition(b"\r\n\r\n")[2])
    return given


@pytest.mark.parametrize(
    "headers",
    [
        ("X-Forwarded-For: 192.0.2.9",),
        ("X-Forwarded-For: 127.0.0.1, 192.0.2.9",),
        ("X-Forwarded-For: 127.0.0.1", "X-Forwarded-For: 192.0.2.9"),
        ("x-forwarded-for: 198.51.100.1, 127.0.0.1", "X-Forwarded-For: 127.0.0.1", "X-Forwarded-For: ::1, 192.0.2.9"),
    ],
)
def test_the_last_address_of_the_last_header_counts(port: int, settings: Settings, headers: tuple[str, ...]) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}
    assert read_address(RequestFactory().get("/", **send(port, *headers))) == "192.0.2.9"  # type: ignore[arg-type]
