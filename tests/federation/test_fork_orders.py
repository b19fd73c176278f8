"""Whatever an honest log signs, in whatever order and however often it reaches us, convicts nobody; two faces do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from federation import forks, gossip
from federation.errors import PeerFrozen
from federation.models import Alert, Cosigned, Evidence, Following
from ledger import reader, writer
from ledger.tlog.fork import check_fork, parse_fork
from tests.ledger.tlog.cast import KEYS, LOG, ORIGIN, TIME, WITNESS, SmallLog, make_entries

COMMON = 4
SMALL = SmallLog(make_entries(20))
FORKED = SmallLog([*make_entries(COMMON), *make_entries(16, "forged")])
SHOWERS = [UUID(int=7), UUID(int=8)]


class Signed(NamedTuple):
    """A checkpoint of one of the histories, and how it reaches us."""

    log: SmallLog
    size: int
    time: int
    way: str

    @property
    def note(self) -> bytes:
        return self.log.checkpoint(self.size, self.time)


def _sign(log: SmallLog, steps: list[tuple[int, int]]) -> list[tuple[SmallLog, int, int]]:
    """Sign as a log does: the tree grows or stays (a refresh, a restart, a row lost in a crash), time moves on."""
    signed, size, time = [], 0, TIME
    for grown, later in steps:
        size, time = min(size + grown, log.size), time + later
        signed.append((log, size, time))
    return signed


steps = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 90)), min_size=1, max_size=7)
ways = st.sampled_from(["submitted", "gossip", "other gossip", "copied", "cosigned", "examined"])
honest = steps.map(lambda taken: _sign(SMALL, taken))


@st.composite
def deliveries(draw: st.DrawFn, signed: list[tuple[SmallLog, int, int]]) -> list[Signed]:
    """Reorder, repeat and lose."""
    chosen = draw(st.lists(st.sampled_from(signed), min_size=1, max_size=10))
    return [Signed(*one, draw(ways)) for one in chosen]


def in_a_world_of_its_own(play: Callable[[], None]) -> None:
    """Follow the log, play, and undo everything."""
    with transaction.atomic():
        values = {"name": "Log", "url": "https://log.example", "territory": ["NL"]}
        keys = {"vkeys": [str(LOG.verifier)], "witness_vkeys": [str(WITNESS.verifier)]}
        Following.objects.create(peer=UUID(int=1), origin=ORIGIN, **values, **keys)
        writer.open_log(ORIGIN, own=False)
        play()
        transaction.set_rollback(True)


def deliver(signed: Signed) -> None:
    """Let a checkpoint reach us as it says; copies and cosignatures are made of the first history only."""
    match signed.way:
        case "copied":
            copy(signed)
        case "cosigned":
            cosign(signed)
        case "examined":
            examine(signed)
        case "submitted":
            forks.suspect(ORIGIN, signed.note, "anybody")
        case way:
            forks.weigh(ORIGIN, signed.note, "a peer", SHOWERS[way == "gossip"])


def copy(signed: Signed) -> None:
    held = reader.get_log(ORIGIN).size
    if signed.log is SMALL and signed.size >= held and row().status == "following":
        writer.extend(ORIGIN, held, SMALL.entries[held : signed.size])
        time = datetime.fromtimestamp(signed.time, UTC)
        writer.record_checkpoint(ORIGIN, signed.size, SMALL.root(signed.size), time, signed.note)


def cosign(signed: Signed) -> None:
    last = Cosigned.objects.filter(origin=ORIGIN).first()
    if signed.log is SMALL and (last is None or signed.size >= last.size) and row().status == "following":
        time = datetime.fromtimestamp(max(signed.time, last.time.timestamp() if last else 0), UTC)
        values = {"size": signed.size, "root": SMALL.root(signed.size), "note": signed.note, "time": time}
        Cosigned.objects.update_or_create(origin=ORIGIN, defaults=values)


def examine(signed: Signed) -> None:
    held = reader.get_log(ORIGIN).size
    if 0 < held >= signed.size:
        head = reader.latest_checkpoint(ORIGIN)
        copied = reader.DatabaseNodeReader(head.log_id, head.size, head.root)
        try:
            forks.examine(ORIGIN, signed.note, head.note, copied)
        except PeerFrozen:
            assert row().status == "frozen"


def row() -> Following:
    return Following.objects.get(origin=ORIGIN)


@pytest.mark.django_db
def test_an_honest_log_is_never_accused() -> None:
    @settings(max_examples=60, deadline=None)
    @given(honest.flatmap(deliveries))
    def play(delivered: list[Signed]) -> None:
        in_a_world_of_its_own(lambda: check(delivered))

    def check(delivered: list[Signed]) -> None:
        for signed in delivered:
            deliver(signed)
            if signed.way == "copied":
                gossip.compare_sightings(ORIGIN)
        assert (Evidence.objects.count(), Alert.objects.count(), row().status) == (0, 0, "following")

    play()


@pytest.mark.django_db
def test_a_log_with_two_histories_is_convicted_once_whichever_comes_first() -> None:
    @settings(max_examples=60, deadline=None)
    @given(st.tuples(steps, steps).flatmap(lambda two: deliveries(_sign(SMALL, two[0]) + _sign(FORKED, two[1]))))
    def play(delivered: list[Signed]) -> None:
        in_a_world_of_its_own(lambda: check(delivered))

    def check(delivered: list[Signed]) -> None:
        for signed in delivered:
            deliver(signed)
        copy(Signed(SMALL, 20, TIME + 10_000, "copied"))
        second = [signed for signed in delivered if signed.log is FORKED and signed.size > COMMON]
        for signed in second:
            forks.suspect(ORIGIN, signed.note, "anybody")
        if second:
            assert row().status == "frozen"
        assert_proven()

    def assert_proven() -> None:
        found = list(Evidence.objects.all())
        assert len(found) == (row().status == "frozen")
        for evidence in found:
            check_fork(parse_fork(bytes(evidence.proof)), KEYS)

    play()
