"""A copy in the middle of being made: what no checkpoint covers yet is not shown, by whichever way rows are made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from federation import gossip
from federation.errors import PeerFrozen
from federation.models import Evidence
from federation.peers import FROZEN, find_peer
from federation.sync import follow, storing
from federation.sync.targets import read_target
from ledger import reader
from register.models import VERSIONS, Happening
from register.projection import catch_up, replaying
from tests import factories, reference
from tests.federation import cast
from tests.peers import Peer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def large() -> Peer:
    """A peer of 620 entries: three runs of 256."""
    return cast.open_country("de", 615)


@pytest.fixture
def followed(large: Peer, settings: Any) -> Iterator[Peer]:
    settings.ASSAY_SYNC_ENTRIES = 256
    factories.open_register()
    with cast.following(large):
        yield large


def count_rows() -> tuple[int, int]:
    theirs = {"log__origin__startswith": "register.de"}
    return Happening.objects.filter(**theirs).count(), VERSIONS["issuer"].objects.filter(**theirs).count()


def test_rebuilding_in_the_middle_of_a_first_copy_shows_nothing_of_it(followed: Peer) -> None:
    assert not follow(followed.origin).done
    assert 0 < reader.get_log(followed.origin).size < len(followed.entries)
    assert replaying.rebuild() is None
    assert count_rows() == (0, 0)
    while not follow(followed.origin).done:
        pass
    cast.insist_on_copy(followed)
    assert count_rows()[0] == len(followed.entries)


def test_rebuilding_in_the_middle_of_a_later_copy_keeps_to_the_newest_checkpoint(followed: Peer) -> None:
    while not follow(followed.origin).done:
        pass
    known, before = len(followed.entries), count_rows()
    cast.grow(followed, 600)
    assert not follow(followed.origin).done
    assert reader.get_log(followed.origin).size > known
    assert replaying.rebuild() is None
    assert (count_rows(), before[0]) == (before, known)


def test_rows_past_the_newest_checkpoint_are_found_and_taken_back(followed: Peer) -> None:
    follow(followed.origin)
    catch_up(followed.origin)
    assert count_rows()[0] == 256
    found = replaying.rebuild()
    assert found is not None
    assert found.what == "should not be there"
    assert count_rows() == (0, 0)


def test_a_checkpoint_within_what_is_copied_is_applied_up_to_itself(followed: Peer) -> None:
    follow(followed.origin)
    smaller = followed.checkpoint(100)
    target = read_target(find_peer(followed.origin), smaller, followed.signed_at)
    storing.store_checkpoint(followed.origin, target)
    assert storing.project(followed.origin, float("inf"))
    assert count_rows()[0] == 100
    assert replaying.rebuild() is None
    assert count_rows()[0] == 100


def test_a_sighting_that_was_too_large_is_compared_as_soon_as_the_copy_is_as_large() -> None:
    """What FR was shown of DE is another history of a size that we reach later."""
    factories.open_register()
    honest, other = cast.open_country("de", 3), cast.open_country("de", 2)
    other.ledger.entries.append(honest.entries[0])
    assert len(other.entries) == len(honest.entries)
    assert reference.mth(other.entries) != reference.mth(honest.entries)
    with cast.following(honest):
        french = cast.open_country("fr")
        cast.recognise(french, "http://127.0.0.1:9")
        assert gossip.note_sighting(find_peer(french.origin), honest.origin, other.checkpoint())
        with pytest.raises(PeerFrozen):
            follow(honest.origin)
    assert cast.row_of(honest).status == FROZEN
    assert Evidence.objects.get().kind == "same_size"
