"""Anchored on one of two whole nodes, a batch is there once, and the other's countersignature is in its receipts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.cli import main
from ledger.tlog.note import parse_vkey
from register.credentials import reading
from register.credentials.commitments import digest
from register.credentials.ports import LedgerKeys
from register.credentials.receipts import Anchor, check_receipt, parse_receipt
from tests.nodes import RunningNode, node_directory, run_nodes

pytestmark = pytest.mark.services

SAMPLES = Path(__file__).parents[2] / "fixtures" / "demo" / "credentials"


@pytest.fixture(scope="module")
def pair() -> Iterator[list[RunningNode]]:
    """Two nodes without demonstration data that follow each other."""
    with node_directory() as data, run_nodes(data, "--empty", count=2) as nodes:
        yield nodes


@pytest.fixture(scope="module")
def issuer(pair: list[RunningNode]) -> str:
    """An issuer of the first node."""
    names = {"en": "College of Receipts"}
    return str(ask(pair[0].entry, "POST", "/api/v1/issuers", json={"names": names, "country": "NL"})["id"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two credentials in a directory."""
    for name in ("stolen-key-not-anchored.json", "micro-credential-altered.json"):
        shutil.copy(SAMPLES / name, tmp_path)
    return tmp_path


def ask(node: dict[str, Any], method: str, path: str, **content: Any) -> Any:
    headers = {"Authorization": f"Bearer {node['tokens']['operator']}"}
    answer = httpx.request(method, node["url"] + path, headers=headers, timeout=30, trust_env=False, **content)
    assert answer.is_success, answer.text
    return answer.json()


def anchor(node: dict[str, Any], issuer: str, folder: Path, *options: str) -> int:
    words = ["--issuer", issuer, "--node", node["url"], "--token", node["tokens"]["operator"], "--wait", "60"]
    return main(["anchor", str(folder), *words, *options])


def check(folder: Path, name: str, known: LedgerKeys | None) -> Anchor:
    (presented,) = reading.read((folder / name).read_bytes())
    receipt = parse_receipt((folder / f"{name}.receipt.json").read_bytes())
    return check_receipt(receipt, digest(presented), lambda origin: known)


def test_a_batch_is_anchored_once_and_countersigned_by_the_other_node(
    pair: list[RunningNode], issuer: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own, other = (node.entry for node in pair)
    assert anchor(own, issuer, folder, "--demonstration") == 0, capsys.readouterr()
    known = LedgerKeys(own["origin"], (own["vkey"],), (own["witness_vkey"], other["witness_vkey"]))
    found = check(folder, "stolen-key-not-anchored.json", known)
    assert set(found.cosigned_by) == {parse_vkey(node["witness_vkey"]).name for node in (own, other)}
    assert found.trusted
    assert found.demonstration
    assert (found.origin, found.count) == (own["origin"], 2)
    assert found.issuer == ask(own, "GET", f"/api/v1/issuers/{issuer}")["url"]
    assert [item["url"] for item in ask(own, "GET", f"/api/v1/issuers/{issuer}/batches")["items"]] == [found.batch]


def test_a_run_that_lost_all_but_the_salts_finds_its_batch_again(
    pair: list[RunningNode], issuer: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = pair[0].entry
    assert anchor(own, issuer, folder) == 0, capsys.readouterr()
    first = check(folder, "micro-credential-altered.json", None)
    for path in (*folder.glob("*.receipt.json"), folder / "assay-batches" / "0001.anchored.json"):
        path.unlink()
    assert anchor(own, issuer, folder, "--issued-from", "2026-05-01") == 0, capsys.readouterr()
    again = check(folder, "micro-credential-altered.json", None)
    assert (again.batch, again.index, again.commitment) == (first.batch, first.index, first.commitment)
    assert len(ask(own, "GET", f"/api/v1/batches?root={first.root}")["items"]) == 1
