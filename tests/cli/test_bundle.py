"""`assay bundle`: a bundle is put in place when all of it holds, and then answers without a network."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from deploy.cli import main
from register.credentials.bundle.opening import open_bundle
from tests import bundles, peers
from tests.bundles import Source, draft, make
from tests.cli.conftest import Ask
from tests.cli.test_base_install import run_without_the_node
from tests.credential_forge import badge, seal
from tests.ledgers import UTOPIA, grant, make_id
from tests.peers import Peer


def open_node() -> Peer:
    """A node that serves a bundle of its ledger, made now."""
    ledger = bundles.open_ledger()
    grant(ledger, make_id(50))
    return serving(Peer(ledger), lambda: bundle_of(Peer(ledger)))


def bundle_of(peer: Peer, **fields: object) -> bytes:
    now = datetime.now(UTC)
    return make(draft(Source(peer.ledger, signed_at=now), made_at=now, **fields))


def serving(peer: Peer, body: Callable[[], bytes], status: int = 200) -> Peer:
    return replace(peer, respond={"/api/v1/bundle": lambda: httpx.Response(status, content=body())})


def test_a_bundle_is_put_in_place_and_says_what_was_checked(
    ask: Ask, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, node = tmp_path / "registers.zip", open_node()
    assert ask(node, "bundle", "URL", "-o", str(path)) == 0
    assert [file.name for file in tmp_path.iterdir()] == ["registers.zip"]
    said = capsys.readouterr().out
    for part in ("the whole ledger", f"{len(node.entries)} entries proven", "--vkey"):
        assert part in said
    assert open_bundle(path, now=datetime.now(UTC)).decide({"issuer": UTOPIA})["decision"] == "trusted"


def test_a_pinned_key_is_checked_and_no_longer_rests_on_the_nodes_word(
    ask: Ask, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bundle.zip"
    assert ask(open_node(), "bundle", "URL", "-o", str(path), "--vkey", str(peers.LOG.verifier)) == 0
    assert "word" not in capsys.readouterr().out
    path.unlink()
    assert ask(open_node(), "bundle", "URL", "-o", str(path), "--vkey", str(peers.STRANGER.verifier)) == 1
    assert not path.exists()


@pytest.mark.parametrize(
    "body",
    [lambda whole: whole[:-30], lambda whole: b"<html>", lambda whole: whole.replace(b"nl.example", b"nl.exemple", 1)],
    ids=["cut", "no bundle", "altered"],
)
def test_what_does_not_hold_is_not_kept_and_leaves_the_old_file_alone(
    ask: Ask, tmp_path: Path, body: Callable[[bytes], bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    path, node = tmp_path / "bundle.zip", open_node()
    path.write_bytes(b"the bundle of yesterday")
    node = serving(node, lambda: body(bundle_of(node)))
    assert ask(node, "bundle", "URL", "-o", str(path)) == 1
    assert "not kept" in capsys.readouterr().err
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"bundle.zip": b"the bundle of yesterday"}


def test_an_entry_that_is_not_proven_is_found_before_anything_is_kept(ask: Ask, tmp_path: Path) -> None:
    """Opening alone would not see it: nothing asks for that entry."""
    node = open_node()
    forged = Source(
        node.ledger, signed_at=datetime.now(UTC),
        rewrite=lambda filed: replace(filed, data=filed.data.replace(b"Mathematics", b"Metaphysics")),
    )  # fmt: skip
    node = serving(node, lambda: make(draft(forged, made_at=datetime.now(UTC))))
    assert ask(node, "bundle", "URL", "-o", str(tmp_path / "bundle.zip")) == 1
    assert not list(tmp_path.iterdir())


def test_a_node_that_refuses_is_quoted(ask: Ask, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    problem = json.dumps({"detail": "Another bundle is being made\x1b[2J"}).encode()
    node = serving(open_node(), lambda: problem, status=503)
    assert ask(node, "bundle", "URL", "-o", str(tmp_path / "bundle.zip")) == 2
    said = capsys.readouterr().err
    assert "503: Another bundle is being made" in said
    assert "\x1b" not in said
    assert not list(tmp_path.iterdir())


def test_chosen_issuers_are_named_to_the_node(ask: Ask, tmp_path: Path) -> None:
    asked = []
    node = open_node()

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        return httpx.Response(200, content=bundle_of(node))

    with pytest.MonkeyPatch.context() as patch:
        client = httpx.Client
        patch.setattr(
            httpx, "Client", lambda **options: client(**{**options, "transport": httpx.MockTransport(answer)})
        )
        path = str(tmp_path / "b.zip")
        assert main(["bundle", peers.URL, "-o", path, "--issuers", UTOPIA, "pic:100000001"]) == 0
    assert asked == [{"issuers": f"{UTOPIA},pic:100000001"}]


def test_a_place_that_cannot_be_written_is_said(ask: Ask, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(open_node(), "bundle", "URL", "-o", str(tmp_path / "nowhere" / "bundle.zip")) == 2
    assert "nowhere" in capsys.readouterr().err


def test_fetching_and_opening_a_bundle_need_the_base_install_only(tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    done = run_without_the_node("bundle", "http://127.0.0.1:9", "-o", str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert "could not be asked" in done.stderr
    path.write_bytes(bundle_of(open_node()))
    (tmp_path / "badge.json").write_bytes(seal(badge()))
    done = run_without_the_node("verify", str(tmp_path / "badge.json"), "--bundle", str(path))
    assert done.returncode == 3, done.stderr
    assert "old (as of" in done.stdout
