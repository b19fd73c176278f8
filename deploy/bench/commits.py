"""Commits: a process that inserts single rows, each its own durable transaction, over some connections.

`count_commits` starts it: `python -m deploy.bench.commits CONNECTIONS SECONDS`, the database's URL on its input.
"""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg


def count_commits(url: str, connections: int, seconds: float) -> float:
    """Return how many rows a second that many connections commit to the table `bench_commit`, in their own process."""
    argv = [sys.executable, "-m", "deploy.bench.commits", str(connections), str(seconds)]
    done = subprocess.run(argv, input=url, capture_output=True, text=True, check=True)
    return float(done.stdout)


def run(url: str, connections: int, seconds: float) -> float:
    """Commit in this process and return rows a second."""
    opened = [psycopg.connect(url, autocommit=True) for _ in range(connections)]
    start = time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        done = sum(pool.map(lambda connection: _insert_until(connection, start + seconds), opened))
    return done / (time.perf_counter() - start)


def _insert_until(connection: psycopg.Connection[tuple[object, ...]], end: float) -> int:
    done = 0
    with connection:
        while time.perf_counter() < end:
            connection.execute("INSERT INTO bench_commit (data) VALUES (%s)", (b"x" * 600,), prepare=True)
            done += 1
    return done


if __name__ == "__main__":
    print(run(sys.stdin.read(), int(sys.argv[1]), float(sys.argv[2])))
