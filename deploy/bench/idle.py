"""Idle: what a node takes of a processor while nobody asks it anything and it follows 50 peers that write nothing.

The peers are simulated (`deploy.bench.simulator`): they sign anew every 300 s and submit that, they answer polls and
gossip, and they follow the node as it follows them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from deploy.bench.cluster import Cluster, find_ports, run_cluster, subtract
from deploy.bench.elsewhere import open_elsewhere
from deploy.bench.result import Numbers, Reach, Result, median
from deploy.bench.simulator import run_simulator

FULL = (50, 60.0, 45.0, 60.0, 5, 300.0, 60.0)
QUICK = (3, 2.0, 6.0, 2.0, 2, 5.0, 2.0)
"""Peers; seconds of the yardstick, of settling, of a round; rounds; the peers' seconds between refreshes and asking."""

SERVICES = ("postgres", "redis")


def measure(quick: bool) -> Result:
    """Let a node be idle without peers, then with 50."""
    count, alone_seconds, settling, seconds, rounds, refresh, ask = QUICK if quick else FULL
    with run_cluster(1, ASSAY_PEER_NETWORKS="127.0.0.0/8") as cluster:
        node = cluster.entries[0]
        time.sleep(settling)
        alone = _watch(cluster, alone_seconds)
        with run_simulator(node, count, find_ports(1), refresh=refresh, ask=ask) as peers:
            with open_elsewhere(cluster.environment(node["name"])) as inside:
                inside.call("acquaintance", "recognise", peers=peers)
                time.sleep(settling)
                inside.call("acquaintance", "insist_on_copies", count=count)
            found = [_watch(cluster, seconds) for _ in range(rounds)]
    shares = [_sum_node(one) for one in found]
    return Result(
        f"share of one processor of an idle node that follows {count} idle peers: its web, worker and beat processes",
        "the same node before it had peers",
        shares,
        [Reach("share of one processor", "at_most", 0.03, median(shares))],
        _describe(found),
        _describe([alone]),
    )


def _watch(cluster: Cluster, seconds: float) -> dict[str, float]:
    """Return the share of a processor that each program takes."""
    before, begun = cluster.read_processor_times(), time.perf_counter()
    time.sleep(seconds)
    spent, elapsed = subtract(cluster.read_processor_times(), before), time.perf_counter() - begun
    return {name: used / elapsed for name, used in spent.items()}


def _sum_node(shares: Mapping[str, float]) -> float:
    return sum(share for name, share in shares.items() if name not in SERVICES)


def _describe(found: list[dict[str, float]]) -> Numbers:
    programs = {name: round(median([one[name] for one in found]), 4) for name in found[0]}
    return {"node": median([_sum_node(one) for one in found]), "all": median([sum(one.values()) for one in found])} | {
        "programs": programs
    }
