"""Visible: from sending a revocation to NL until DE's answer says so, on three whole nodes; then with 50 peers more.

The further peers are simulated (`deploy.bench.simulator`): they cosign what NL announces and fetch what is new, at the
same time as DE and FR do. All of it shares this machine, the simulator as well.
"""

from __future__ import annotations

import random
import time
from functools import partial
from typing import Any, Final, NamedTuple

import httpx

from deploy.bench.cluster import Cluster, find_ports, run_cluster
from deploy.bench.elsewhere import Elsewhere, open_elsewhere
from deploy.bench.result import Numbers, Reach, Result, median, percentile
from deploy.bench.simulator import run_simulator

FULL = (60, 50)
QUICK = (3, 3)
"""Revocations with three nodes, and again with the peers; simulated peers."""

LOOK_SECONDS: Final = 0.02
"""Between two questions to DE."""
MOST_PAUSE: Final = 1.5
"""Between two revocations; announcements keep a pause of a second, so they meet it at any moment of that."""
PATIENCE: Final = 60.0
ENDING: Final = {"effective_from": "2024-01-01", "reason": "quality"}


class Seen(NamedTuple):
    """Seconds from sending a revocation until NL itself, and DE, answered accordingly."""

    here: float
    there: float


def measure(quick: bool) -> Result:
    """Revoke on NL and ask NL and DE, with three nodes, then with the simulated peers as well."""
    number, count = QUICK if quick else FULL
    with run_cluster(3) as cluster, Nodes(cluster) as nodes:
        few = nodes.revoke_all(number)
        node, port = cluster.find("nl"), find_ports(1)
        with (
            run_simulator(node, count, port, refresh=300.0, ask=60.0) as peers,
            open_elsewhere(cluster.environment("nl")) as inside,
        ):
            inside.call("acquaintance", "recognise", peers=peers)
            all_cosign = partial(_insist_on_cosigners, inside, count + 2)
            all_cosign()
            many = nodes.revoke_all(number)
            all_cosign()
    return Result(
        f"seconds from a revocation on NL until DE's answer shows it, three nodes and {count} simulated peers of NL",
        "the same until NL's own answer shows it",
        [seen.there / seen.here for seen in many],
        [
            Reach(f"{name}, {peers}", "at_most", bound, percentile([seen.there for seen in found], percent))
            for found, peers in ((few, "three nodes"), (many, f"and {count} peers"))
            for name, percent, bound in (("p50 in seconds", 50, 2.0), ("p99 in seconds", 99, 5.0))
        ],
        {
            "three_nodes": _describe([seen.there for seen in few]),
            "with_peers": _describe([seen.there for seen in many]) | {"peers_that_cosign": count + 2},
        },
        {
            "three_nodes": _describe([seen.here for seen in few]),
            "with_peers": _describe([seen.here for seen in many]),
        },
    )


def _insist_on_cosigners(inside: Elsewhere, count: int) -> None:
    """Wait until all peers have cosigned what NL signed last."""
    _wait(f"{count} peers cosign", lambda: inside.call("acquaintance", "count_cosigners") == count)


def _describe(seconds: list[float]) -> Numbers:
    numbers = {f"p{percent}": round(percentile(seconds, percent), 3) for percent in (50, 90, 99)}
    return {
        "revocations": len(seconds),
        "mean": median([sum(seconds) / len(seconds)]),
        **numbers,
        "max": round(max(seconds), 3),
    }


class Nodes:
    """NL, whose operator we are, and DE, whom we ask."""

    def __init__(self, cluster: Cluster) -> None:
        self._here, self._there = (
            httpx.Client(base_url=cluster.find(name)["url"], timeout=30, trust_env=False) for name in ("nl", "de")
        )
        self._here.headers["Authorization"] = f"Bearer {cluster.find('nl')['tokens']['operator']}"
        self._chance = random.Random(9)

    def __enter__(self) -> Nodes:
        return self

    def __exit__(self, *error: object) -> None:
        self._here.close()
        self._there.close()

    def revoke_all(self, number: int) -> list[Seen]:
        """Accredit as many issuers, wait until DE knows the last one, then revoke one after the other."""
        agency = self._post("agencies", {"names": {"en": "Agency"}, "country": "NL", "valid_from": "2015-01-01"})["id"]
        accredited = [self._accredit(agency, place) for place in range(number)]
        _wait("DE trusts", lambda: self._decide(self._there, accredited[-1][0]) == "trusted")
        found = []
        for issuer, accreditation in accredited:
            time.sleep(self._chance.uniform(0, MOST_PAUSE))
            found.append(self._revoke(issuer, accreditation))
        return found

    def _accredit(self, agency: str, place: int) -> tuple[str, str]:
        issuer = self._post("issuers", {"names": {"en": f"College number {place}"}, "country": "NL"})
        terms = {"issuer": issuer["id"], "agency": agency, "valid_from": "2020-01-01"}
        return issuer["url"], self._post("accreditations", terms)["id"]

    def _revoke(self, issuer: str, accreditation: str) -> Seen:
        start = time.perf_counter()
        self._post(f"accreditations/{accreditation}/revoke", ENDING)
        seen = []
        for node in (self._here, self._there):
            _wait("the revocation shows", lambda node=node: self._decide(node, issuer) == "not_trusted")
            seen.append(time.perf_counter() - start)
        return Seen(*seen)

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self._here.post(f"/api/v1/{path}", json=body)
        if answer.status_code != 201:
            raise RuntimeError(f"expected status 201 of {path}, got {answer.status_code}: {answer.text[:500]}")
        return answer.json()

    def _decide(self, node: httpx.Client, issuer: str) -> str:
        answer = node.get("/api/v1/trust", params={"issuer": issuer})
        answer.raise_for_status()
        decision: str = answer.json()["decision"]
        return decision


def _wait(what: str, look: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    while not look():
        if time.monotonic() > deadline:
            raise RuntimeError(f"expected that {what} within {PATIENCE:g} s, it did not come about")
        time.sleep(LOOK_SECONDS)
