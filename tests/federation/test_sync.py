"""Following an honest peer: what is copied, applied, kept and asked for."""

from __future__ import annotations

import pytest

from federation.sync import follow
from ledger import fsck, reader
from register.projection import replaying
from tests import ledgers
from tests.federation import cast


@pytest.mark.django_db
def test_the_first_sync_copies_every_entry_under_the_peers_checkpoint() -> None:
    peer = cast.open_country("de", 10)
    with cast.following(peer):
        outcome = follow(peer.origin)
    assert (outcome.size_before, outcome.size_after, outcome.done) == (0, len(peer.entries), True)
    assert reader.read_entries(peer.origin, 0, len(peer.entries)) == peer.entries
    head = reader.latest_checkpoint(peer.origin)
    assert (head.size, head.time.replace(microsecond=0)) == (outcome.size_after, peer.signed_at.replace(microsecond=0))
    assert replaying.check() is None
