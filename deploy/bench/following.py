"""Following, in the process of a node that follows a benchmark's node: getting to know it, copying it, what that took.

Called by way of `deploy.bench.elsewhere`.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import httpcore

from deploy.bench.wire import CountingBackend
from deploy.opening import ensure_open
from federation.introduction import introduce
from federation.lifecycle import confirm
from federation.sync import follow, storing
from federation.sync.bundles import Batch
from federation.transport import open_client
from ledger.reader import get_log


def meet(url: str) -> str:
    """Open this node's register and recognise the node at an address; return its origin. Nothing is copied yet."""
    ensure_open()
    with open_client() as client:
        met = introduce(url, client)
    confirm(met)
    return met.origin


def copy_all(origin: str, backend: httpcore.NetworkBackend | None = None) -> int:
    """Follow a peer run by run, as the queue does, until all it has signed is applied; return how many are held."""
    done = False
    while not done:
        with open_client(backend=backend) as client:
            done = follow(origin, client).done
    return get_log(origin).size


def copy_counted(origin: str) -> dict[str, int]:
    """Follow a peer as `copy_all` does; return the size reached and what came over the wire, in bytes."""
    backend = CountingBackend()
    size = copy_all(origin, backend)
    return {"size": size, "answers": backend.answers, "bodies": backend.bodies, "heads": backend.heads}


class Stages:
    """The seconds sync spends in its stages, in the thread that verifies and stores: there, fetching is waiting."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(("fetch", "verify", "store", "project"), 0.0)

    def watch(self) -> None:
        """Time the stages from now on, for as long as this process lives."""
        run: Any = importlib.import_module("federation.sync.follow")
        run.read_batches = self._watch_batches(run.read_batches)
        run._accept = self._watch("verify", run._accept)
        for name, stage in (("store_batch", "store"), ("project", "project")):
            setattr(storing, name, self._watch(stage, getattr(storing, name)))

    def _watch(self, stage: str, act: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any) -> Any:
            with self._count(stage):
                return act(*arguments)

        return watched

    def _watch_batches(self, read: Callable[..., AbstractContextManager[Iterator[Batch]]]) -> Callable[..., Any]:
        @contextmanager
        def watched(*arguments: Any) -> Iterator[Iterator[Batch]]:
            with read(*arguments) as batches:
                yield iter(self._watch("fetch", lambda: next(batches, None)), None)

        return watched

    @contextmanager
    def _count(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] += time.perf_counter() - start
