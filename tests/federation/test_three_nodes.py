"""Three whole nodes on one machine: what one records, all answer for; one that was away catches up."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import httpx
import pytest

from deploy import processes
from deploy.cli import main as assay
from ledger.tlog.checkpoint import open_checkpoint
from ledger.tlog.note import parse_vkey
from ledger.tlog.proof import parse_proof
from tests.nodes import RunningNode, node_directory, run_nodes

pytestmark = pytest.mark.services

PATIENCE = 60.0


@dataclass
class Trio:
    """The nodes by country."""

    nodes: list[RunningNode]

    def __getitem__(self, name: str) -> dict[str, Any]:
        return next(node.entry for node in self.nodes if node.entry["name"] == name)

    def directory(self, name: str) -> Any:
        """The data directory of one of them."""
        return next(node.directory for node in self.nodes if node.entry["name"] == name)

    def get(self, name: str, path: str, **params: str) -> Any:
        """Ask one of them."""
        answer = httpx.get(self[name]["url"] + path, params=params, timeout=30, trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, name: str, path: str, body: dict[str, Any]) -> Any:
        """Tell one of them, as its operator."""
        token = self[name]["tokens"]["operator"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.post(
            f"{self[name]['url']}/api/v1/{path}", json=body, headers=headers, timeout=30, trust_env=False
        )
        assert answer.status_code == 201, answer.text
        return answer.json()

    def accredit(self, name: str, title: str) -> tuple[str, str]:
        """Let one of them register an issuer and accredit it; returns the issuer's URL and the accreditation's id."""
        country = name.upper()
        terms = {"country": country, "valid_from": "2015-01-01"}
        agency = self.post(name, "agencies", {"names": {"en": f"Agency for {title}"}, **terms})
        issuer = self.post(name, "issuers", {"names": {"en": title}, "country": country})
        body = {"issuer": issuer["id"], "agency": agency["id"], "valid_from": "2020-01-01"}
        return issuer["url"], self.post(name, "accreditations", body)["id"]

    def read_cosigners(self, receipt: str) -> set[str]:
        """Return the names of the witnesses whose lines under a receipt's checkpoint verify."""
        keys = [parse_vkey(node.entry[key]) for node in self.nodes for key in ("vkey", "witness_vkey")]
        return {line.key.name for line in open_checkpoint(parse_proof(receipt).checkpoint, keys).cosignatures}

    def decide(self, name: str, issuer: str) -> Any:
        """Ask one of them for a decision."""
        return self.get(name, "/api/v1/trust", issuer=issuer)


def wait_for(what: str, answers: Any) -> Any:
    """Ask until the answer is truthy."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := answers()):
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE:g} s"
        time.sleep(0.1)
    return answer


@pytest.fixture(scope="module")
def trio() -> Iterator[Trio]:
    """Three nodes without demonstration data that have met."""
    with node_directory() as data, run_nodes(data, "--empty", count=3) as nodes:
        yield Trio(nodes)


def test_each_node_follows_the_other_two(trio: Trio) -> None:
    for name in ("nl", "de", "fr"):
        peers = trio.get(name, "/api/v1/peers")["items"]
        others = [node.entry["origin"] for node in trio.nodes if node.entry["name"] != name]
        assert sorted(peer["origin"] for peer in peers) == sorted(others)


def test_what_one_records_all_answer_for_with_the_countersignatures_of_the_others(trio: Trio) -> None:
    issuer, accreditation = trio.accredit("nl", "College of Countersignatures")
    for name in ("de", "fr"):
        wait_for(f"{name} trusts", lambda name=name: trio.decide(name, issuer)["decision"] == "trusted")
    trio.post("nl", f"accreditations/{accreditation}/revoke", {"effective_from": "2024-01-01", "reason": "quality"})
    others = {parse_vkey(trio[name]["witness_vkey"]).name for name in ("de", "fr")}

    def is_countersigned() -> bool:
        answer = trio.decide("de", issuer)
        if answer["decision"] != "not_trusted":
            return False
        receipts = [item["receipt"] for item in answer["evidence"] if item["origin"] == trio["nl"]["origin"]]
        assert receipts
        return all(others <= trio.read_cosigners(receipt) for receipt in receipts)

    wait_for("DE answers with the revocation and two countersignatures", is_countersigned)


def test_the_command_line_verifies_the_answer_of_a_node_about_a_peers_issuer(
    trio: Trio, capsys: pytest.CaptureFixture[str]
) -> None:
    issuer, _ = trio.accredit("fr", "Collège des preuves")
    wait_for("NL trusts", lambda: trio.decide("nl", issuer)["decision"] == "trusted")
    code = assay(["trust", issuer, "--register", trio["nl"]["url"], "--json"])
    told = capsys.readouterr()
    assert code == 0, told
    assert json.loads(told.out)["decision"] == "trusted"


def test_a_node_that_was_away_catches_up_and_the_others_go_on(trio: Trio) -> None:
    run = trio.nodes[0].data / "run"
    stopped = [entry for entry in processes.read_recorded(run) if entry.name.startswith("fr-")]
    assert len(stopped) == 3
    for entry in stopped:
        processes.send(processes.find_members(entry), signal.SIGSTOP)
    try:
        issuer, _ = trio.accredit("nl", "College of Absence")
        wait_for("DE trusts", lambda: trio.decide("de", issuer)["decision"] == "trusted")
    finally:
        for entry in stopped:
            processes.send(processes.find_members(entry), signal.SIGCONT)
    wait_for("FR trusts, too", lambda: trio.decide("fr", issuer)["decision"] == "trusted")


@pytest.mark.parametrize("name", ["de", "fr"])
def test_a_copy_is_served_as_the_original_is(trio: Trio, name: str) -> None:
    mirror = f"{trio[name]['url']}/mirror/{sha256(trio['nl']['origin'].encode()).hexdigest()}"

    def read_head(base: str) -> list[str]:
        answer = httpx.get(f"{base}/checkpoint", timeout=30, trust_env=False)
        return answer.text.split("\n")[:3] if answer.status_code == 200 else []

    own = f"{trio['nl']['url']}/ledger"
    wait_for("the copy holds all of it", lambda: read_head(mirror) == read_head(own))
    bundle = f"tile/entries/000.p/{read_head(own)[1]}"
    copied, original = (httpx.get(f"{base}/{bundle}", timeout=30, trust_env=False) for base in (mirror, own))
    assert copied.status_code == 200
    assert copied.content == original.content
