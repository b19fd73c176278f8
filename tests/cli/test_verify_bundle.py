"""A credential anchored at a node, and revoked there, is verified from the node's bundle without a network."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from django.test import Client

from deploy.cli import main
from ledger import publish
from register import commands
from register.api import bundle as bundle_api
from tests import factories
from tests.cli.test_verify import Shell, anchor, college, pin, shell
from tests.credential_forge import badge, seal

__all__ = ["college", "shell"]

Fetch = Callable[..., str]


@pytest.fixture
def fetch(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Fetch:
    """Return how to fetch the node's bundle with the command line; gives its path."""

    monkeypatch.setattr(bundle_api, "_turn", bundle_api.Turn())  # whatever bundle another test began and never read

    def run(*options: str) -> str:
        publish.cover(settings.ASSAY_ORIGIN)
        real = httpx.Client

        def answer(request: httpx.Request) -> httpx.Response:
            sent = Client().get(request.url.raw_path.decode())
            return httpx.Response(sent.status_code, content=sent.getvalue())

        path = str(shell.directory / "bundle.zip")
        with monkeypatch.context() as patched:
            transport = httpx.MockTransport(answer)
            patched.setattr(httpx, "Client", lambda **given: real(**{**given, "transport": transport}))
            assert main(["bundle", "https://register.tests.example", "-o", path, *options]) == 0
        return path

    return run


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens a connection by HTTP fails the test."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("nothing is asked of the network")

    monkeypatch.setattr("httpcore.ConnectionPool.handle_request", refuse)
    monkeypatch.setattr("httpx.HTTPTransport.handle_request", refuse)


def verify(*argv: str) -> int:
    return main(["verify", *argv])


@pytest.mark.parametrize("chosen", [True, False])
def test_anchored_verified_and_revoked_offline(
    shell: Shell, college: str, fetch: Fetch, chosen: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    data = seal(badge())
    receipt, commitment = anchor(college, data)
    name, beside = shell.write("badge.json", data), shell.write("apart.receipt.json", receipt)
    options = ("--issuers", college) if chosen else ()
    bundle = fetch(*options)
    capsys.readouterr()
    assert verify(name, "--receipt", beside, "--bundle", bundle, *pin(), "--json") == 0
    report = json.loads(capsys.readouterr().out)
    told = [(one["code"], one["outcome"]) for answer in report["questions"].values() for one in answer["findings"]]
    assert ("anchored_alone", "pass") in told
    assert verify(name, "--receipt", beside, "--bundle", bundle) == 0
    shown = capsys.readouterr().out
    assert f"This rests on the key {pin()[1]}, which was taken from the register itself" in shown
    assert "0 days and 0 hours old" in shown
    assert verify(name, "--bundle", bundle) == 0
    assert "VALID, WITH REMARKS" in capsys.readouterr().out, "it may have been revoked unseen"
    commands.revoke_credentials(factories.withdrawal(college, commitment), actor=factories.as_issuer(college))
    assert verify(name, "--receipt", beside, "--bundle", bundle) == 0, "the bundle knows nothing of it yet"
    capsys.readouterr()
    assert verify(name, "--receipt", beside, "--bundle", fetch(*options)) == 1
    assert "The issuer revoked it" in capsys.readouterr().out


def test_past_the_limit_of_the_verifier_nothing_is_confirmed(
    shell: Shell, college: str, fetch: Fetch, capsys: pytest.CaptureFixture[str]
) -> None:
    name, bundle = shell.write("badge.json", seal(badge())), fetch()
    assert verify(name, "--bundle", bundle) == 0
    time.sleep(1.1)
    assert verify(name, "--bundle", bundle, "--max-age", "1") == 3
    shown = capsys.readouterr().out
    assert "past the limit" in shown


def test_an_issuer_that_a_bundle_of_others_lacks_is_neither_confirmed_nor_refused(
    shell: Shell, fetch: Fetch, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = fetch("--issuers", factories.make_issuer())
    assert verify(shell.write("badge.json", seal(badge())), "--bundle", bundle, "--json") == 3
    assert "not in this bundle" in capsys.readouterr().out


def test_a_bundle_that_was_altered_is_refused_in_a_sentence(
    shell: Shell, fetch: Fetch, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = Path(fetch())
    bundle.write_bytes(bundle.read_bytes()[:-100])
    assert verify(shell.write("badge.json", seal(badge())), "--bundle", str(bundle)) == 2
    said = capsys.readouterr().err
    assert said.startswith("assay: ")
    assert "bundle" in said
