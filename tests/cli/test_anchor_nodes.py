"""Anchored on one of two whole nodes, a batch is there once, and the other's countersignature is in its receipts."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
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
from tests.demonstration import name_did
from tests.nodes import RunningNode, node_directory, run_nodes

pytestmark = pytest.mark.services

PATIENCE = 60.0
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


DID = name_did("continuing-education")
BOTH = ("micro-credential.json", "micro-credential-revoked.json")


def accredit(node: dict[str, Any]) -> str:
    """Let the first node register the issuer whose key seals the demonstration's micro-credentials, and accredit it."""
    terms = {"country": "NL", "valid_from": "2015-01-01"}
    agency = ask(node, "POST", "/api/v1/agencies", json={"names": {"en": "Agency of Receipts"}, **terms})["id"]
    issuer = ask(node, "POST", "/api/v1/issuers", json={"names": {"en": "Academy"}, "country": "NL"})["id"]
    key = {"kind": "did", "value": DID, "valid_from": "2020-01-01"}
    ask(node, "POST", f"/api/v1/issuers/{issuer}/keys", json=key)
    grant = {"issuer": issuer, "agency": agency, "kind": "institutional", "decision": "positive"}
    ask(node, "POST", "/api/v1/accreditations", json={**grant, "valid_from": "2020-01-01"})
    return str(issuer)


def verify(folder: Path, name: str, capsys: pytest.CaptureFixture[str], *where: str) -> tuple[int, dict[str, Any]]:
    """Return exit code and report of `assay verify`, with the receipt that lies beside the credential."""
    capsys.readouterr()
    path = str(folder / name)
    code = main(["verify", path, "--receipt", f"{path}.receipt.json", "--json", *where])
    told = capsys.readouterr()
    assert told.out, told.err
    report: dict[str, Any] = json.loads(told.out)
    return code, report


def describe(report: dict[str, Any]) -> tuple[str, ...]:
    """Return what is said of signature, status and anchor; entitlement may come with remarks."""
    return tuple(report["questions"][name]["outcome"] for name in ("genuine", "still_valid", "anchored"))


def test_a_batch_anchored_on_one_node_one_of_it_revoked_is_told_on_the_other_and_offline(
    pair: list[RunningNode], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own, other = (node.entry for node in pair)
    issuer = accredit(own)
    for name in BOTH:
        shutil.copy(SAMPLES / name, tmp_path)
    assert anchor(own, issuer, tmp_path) == 0, capsys.readouterr()
    commitment = check(tmp_path, BOTH[1], None).commitment
    said = {"issuer": issuer, "commitments": [commitment], "reason": "fraud", "effective_from": "2026-06-01"}
    revoked = ask(own, "POST", "/api/v1/credentials/revoke", json=said)
    size = revoked["entry"]["index"] + 1
    wait_for("DE holds the revocation", lambda: read_mirrored_size(own, other) >= size)

    bundle = tmp_path / "offline.bundle"
    assert main(["bundle", other["url"], "-o", str(bundle)]) == 0, capsys.readouterr()
    for where in (("--register", other["url"]), ("--bundle", str(bundle))):
        code, report = verify(tmp_path, BOTH[0], capsys, *where)
        assert (code, *describe(report)) == (0, "pass", "pass", "pass"), report
        assert report["at"]["source"] == "anchor"
        code, report = verify(tmp_path, BOTH[1], capsys, *where)
        assert (code, *describe(report)) == (1, "pass", "fail", "pass"), report


def read_mirrored_size(own: dict[str, Any], other: dict[str, Any]) -> int:
    """Return how many entries of the first node's ledger the second one answers from."""
    answer = ask(other, "GET", "/api/v1/trust", params={"issuer": DID})
    return int(answer["question"]["known_at"].get(own["origin"], 0))


def wait_for(what: str, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE:g} s"
        time.sleep(0.1)
