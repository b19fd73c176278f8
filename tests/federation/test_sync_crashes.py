"""Whatever crashes, in whatever order runs come and however little each may do, the copy ends as the origin's log.

Every step that leaves a trace fails in two ways: before it did anything, and after it was done.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from federation import witness
from federation.models import Following
from federation.remote import RemoteLog
from federation.sync import bundles, follow, record, storing
from ledger import writer
from register import projection
from tests.federation import cast
from tests.peers import serve

STEPS = (
    (RemoteLog, "read_checkpoint"), (RemoteLog, "read_bundle"), (RemoteLog, "fetch_tiles"),
    (record, "keep_heard"), (record, "keep_pending"), (record, "keep_success"),
    (writer, "extend"), (writer, "record_checkpoint"), (projection, "catch_up"), (witness, "cosign"),
    (storing, "store_batch"), (storing, "store_checkpoint"), (storing, "project"),
)  # fmt: skip
_numbers = itertools.count()


class Crash(Exception):
    """The process is gone."""


@contextmanager
def crash_at(step: int, done: bool) -> Iterator[None]:
    """Let the step of that number, counted over all `STEPS`, raise: before it is done, or after."""
    counted = itertools.count()

    def spoil(run: Callable[..., Any]) -> Callable[..., Any]:
        def maybe(*args: Any, **kwargs: Any) -> Any:
            now = next(counted) == step
            if now and not done:
                raise Crash
            result = run(*args, **kwargs)
            if now:
                raise Crash
            return result

        return maybe

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in STEPS:
            patch.setattr(owner, name, spoil(getattr(owner, name)))
        yield


crashes = st.tuples(st.integers(0, 30), st.booleans())
happenings = st.one_of(
    st.tuples(st.just("crash"), crashes),
    st.tuples(st.just("run"), st.none()),
    st.tuples(st.just("grow"), st.integers(1, 300)),
    st.tuples(st.just("submit"), st.none()),
    st.tuples(st.just("refresh"), st.integers(1, 30)),
)


@pytest.mark.django_db
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(0, 700), st.sampled_from([256, 512, 2048]), st.integers(1, 700),
    st.lists(happenings, min_size=1, max_size=6),
)  # fmt: skip
def test_the_copy_ends_as_the_origins_log(
    entries: int, batch: int, allowance: int, events: list[tuple[str, Any]]
) -> None:
    peer = cast.open_country(f"de{next(_numbers)}", entries)
    Following.objects.all().delete()
    with serve(peer) as url, pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundles, "BATCH", batch)
        patch.setattr("django.conf.settings.ASSAY_SYNC_ENTRIES", allowance)
        cast.recognise(peer, url, territory=["DE"])
        for kind, detail in events:
            happen(peer, kind, detail)
        runs = 0
        while not follow(peer.origin).done or (runs := runs + 1) < 2:
            pass
    cast.insist_on_copy(peer)
    row = cast.row_of(peer)
    assert (row.pending, row.error_code, row.failures) == (None, "", 0)


def happen(peer: Any, kind: str, detail: Any) -> None:
    """Let one thing happen to the peer, or to the node that follows it."""
    if kind == "grow":
        cast.grow(peer, detail)
    elif kind == "refresh":
        peer.signed_at = peer.signed_at.fromtimestamp(peer.signed_at.timestamp() + detail, peer.signed_at.tzinfo)
    elif kind == "submit":
        cast.submit(peer)
    elif kind == "run":
        follow(peer.origin)
    else:
        with crash_at(*detail), suppress(Crash):
            follow(peer.origin)
