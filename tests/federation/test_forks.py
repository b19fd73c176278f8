"""A log that signs two histories is frozen with proof, whoever shows the second one; an honest one never is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings
from django.test import Client

from federation import forks, gossip, peers, sync
from federation.errors import CheckpointInvalid, EntriesInvalid, PeerFrozen, UnknownPeer
from federation.models import Alert, Evidence, Following, Sighting
from ledger import cache, reader
from ledger.tlog.checkpoint import Checkpoint, add_signatures, sign_checkpoint
from ledger.tlog.fork import check_fork, parse_fork
from ledger.tlog.note import Signature
from ledger.tlog.witness import format_add_checkpoint
from register import commands, events
from register.payloads import PeerEnding, PeerTerms
from register.projection import replaying
from tests import factories, reference
from tests.cli.test_base_install import run_without_the_node
from tests.factories import OPERATOR
from tests.federation import cast
from tests.federation.cast import row_of
from tests.ledger.writing import change
from tests.liars import Stage, diverge, go_back, split, stage
from tests.peers import Peer
from tests.register.commands.test_concurrency import run_together

pytestmark = pytest.mark.django_db

committing = pytest.mark.django_db(transaction=True)
"""For what happens after a commit, which other tests do by hand."""

LATER = timedelta(minutes=1)


def recognise_openly(peer: Peer) -> str:
    """Recognise a peer on our ledger, as an operator does; return its id."""
    terms = PeerTerms(
        origin=peer.origin,
        name="Register DE",
        address="https://register.de.example",
        vkeys=(str(peer.signer.verifier),),
        witness_vkeys=(str(peer.witness.verifier),),
        territory=("DE",),
    )
    return commands.recognise_peer(terms, actor=OPERATOR).id


def follow_openly(peer: Peer, url: str) -> None:
    """Recognise a peer and follow it to where it is."""
    cast.recognise(peer, url)
    Following.objects.filter(origin=peer.origin).update(peer=UUID(recognise_openly(peer)))
    sync.follow(peer.origin)


def the_evidence() -> Evidence:
    return Evidence.objects.get()


def assert_convicted(peer: Peer, kind: str, size: int) -> None:
    """The proof stands by itself, the peer is frozen where it was, and our ledger and the operator know."""
    evidence, row = the_evidence(), row_of(peer)
    assert (evidence.kind, row.status, evidence.origin) == (kind, "frozen", peer.origin)
    forks.report_evidence()
    evidence.refresh_from_db()
    proven = check_fork(parse_fork(bytes(evidence.proof)), [peer.signer.verifier, peer.witness.verifier])
    assert (proven.older.raw, proven.newer.raw) == (bytes(evidence.older), bytes(evidence.newer))
    assert str(evidence.id) in row.status_reason
    assert reader.get_log(peer.origin).size == reader.latest_checkpoint(peer.origin).size == size
    assert [alert.code for alert in Alert.objects.filter(settled_at=None)] == ["fork"]
    assert evidence.entry is not None
    said = events.parse(reader.read_entry(settings.ASSAY_ORIGIN, evidence.entry))
    assert (said.type, said.subject_id, said.data.kind) == ("fork.reported", str(evidence.id), kind)
    assert said.data.proof.encode() == bytes(evidence.proof)
    assert replaying.check() is None


def freeze_by(standing: Stage, face: Peer) -> None:
    """Put another face in the peer's place and follow it."""
    standing.face = face
    with pytest.raises(PeerFrozen):
        sync.follow(face.origin)


COMMON = 5
"""Entries of the register that cast.open_country opens; its faces part behind them."""


def open_faces(held: int, other: int) -> tuple[Peer, Peer]:
    """Return two faces of DE of so many entries."""
    peer = cast.open_country("de")
    second = split(peer)
    cast.grow(peer, held - COMMON)
    diverge(second, other - COMMON)
    return peer, second


@pytest.mark.parametrize("more", [0, 1, 5])
@pytest.mark.parametrize("held", [6, 8, 9])
def test_a_history_rewritten_after_we_trusted_it_freezes_the_peer_where_it_was(held: int, more: int) -> None:
    """Among the sizes is a power of two, at which a consistency proof leaves a root out."""
    factories.open_register()
    peer, other = open_faces(held, held + more)
    with stage(peer) as standing:
        follow_openly(peer, standing.url)
        freeze_by(standing, other)
        assert_convicted(peer, "inconsistent" if more else "same_size", held)
        assert reader.read_entries(peer.origin, 0, held) == peer.entries
        standing.face = peer
        with pytest.raises(PeerFrozen):
            sync.follow(peer.origin)


def test_a_shorter_history_of_its_own_is_convicted_by_the_longer_one_we_hold() -> None:
    factories.open_register()
    peer, other = open_faces(9, 7)
    with stage(peer) as standing:
        follow_openly(peer, standing.url)
        freeze_by(standing, other)
    assert_convicted(peer, "inconsistent", 9)


def test_a_log_that_went_back_and_signs_on_is_convicted_by_the_times_of_its_own_witness() -> None:
    factories.open_register()
    peer = cast.open_country("de", 4)
    with stage(peer) as standing:
        follow_openly(peer, standing.url)
        freeze_by(standing, go_back(peer, 7, LATER))
    assert_convicted(peer, "rolled_back", 9)


def test_going_back_is_convicted_by_any_larger_tree_we_hold_not_only_by_the_newest() -> None:
    factories.open_register()
    peer = cast.open_country("de", 2)
    with stage(peer) as standing:
        follow_openly(peer, standing.url)
        cast.grow(peer, 2)
        peer.signed_at += 2 * LATER
        sync.follow(peer.origin)
        back = go_back(peer, 6, -LATER)
        assert forks.suspect(peer.origin, back.checkpoint(), "anybody") is not None
    assert_convicted(peer, "rolled_back", 9)


@pytest.mark.parametrize("later", [timedelta(0), -LATER])
def test_an_old_checkpoint_out_of_a_cache_convicts_nobody(later: timedelta) -> None:
    factories.open_register()
    peer = cast.open_country("de", 4)
    with stage(peer) as standing:
        follow_openly(peer, standing.url)
        assert forks.suspect(peer.origin, go_back(peer, 7, later).checkpoint(), "a cache") is None
    assert (row_of(peer).status, Evidence.objects.count(), Alert.objects.count()) == ("following", 0, 0)


def test_other_peers_are_followed_on(tmp_path: Path) -> None:
    factories.open_register()
    peer, other = open_faces(8, 8)
    honest = cast.open_country("fr")
    with stage(peer) as standing, cast.following(honest):
        sync.follow(honest.origin)
        follow_openly(peer, standing.url)
        freeze_by(standing, other)
        cast.grow(honest, 3)
        honest.signed_at += LATER
        assert sync.follow(honest.origin).size_after == len(honest.entries)
    assert row_of(honest).status == "following"


@committing
def test_the_evidence_convinces_another_process_that_has_nothing_but_the_file(tmp_path: Path) -> None:
    factories.open_register()
    peer, other = open_faces(8, 12)
    with stage(peer) as standing:
        follow_openly(peer, standing.url)
        freeze_by(standing, other)
    assert the_evidence().entry == 2
    file = tmp_path / "fork.txt"
    file.write_bytes(bytes(the_evidence().proof))
    keys = f"{peer.signer.verifier} {peer.witness.verifier}"
    done = run_without_the_node("audit", "--evidence", str(file), "--vkey", keys)
    assert (done.returncode, done.stderr) == (1, "")
    assert f"FORK PROVEN  {peer.origin}" in done.stdout


# what somebody shows us ----------------------------------------------------------------------------------------------


def test_a_second_history_submitted_to_us_convicts_without_asking_anybody() -> None:
    """Two nodes were shown two histories; the other one's submission is enough."""
    factories.open_register()
    peer, other = open_faces(9, 7)
    with stage(peer) as standing:
        follow_openly(peer, standing.url)
        asked = len(peer.asked)
        found = forks.suspect(peer.origin, other.checkpoint(), "a submission")
    assert found is not None
    assert (found.said_shown_by, len(peer.asked)) == ("a submission", asked)
    assert_convicted(peer, "inconsistent", 9)


def test_a_spoilt_line_under_its_witness_s_name_saves_no_second_history() -> None:
    factories.open_register()
    peer, other = open_faces(9, 7)
    spoilt = add_signatures(
        other.checkpoint(), [Signature(peer.witness.name, peer.witness.verifier.key_id, bytes(7) + b"\1" + bytes(64))]
    )
    with stage(peer) as standing:
        follow_openly(peer, standing.url)
        assert forks.suspect(peer.origin, spoilt, "anybody") is not None
    assert_convicted(peer, "inconsistent", 9)


def test_a_submission_that_our_witness_refuses_is_looked_into(client: Client) -> None:
    factories.open_register()
    peer, other = open_faces(9, 9)
    with stage(peer) as standing:
        follow_openly(peer, standing.url)
    body = format_add_checkpoint(9, [], other.checkpoint())
    assert client.post("/witness/add-checkpoint", body, content_type="text/plain").status_code == 422
    assert the_evidence().said_shown_by == "a submission to our witness"
    assert_convicted(peer, "same_size", 9)


def test_a_longer_second_history_submitted_is_convicted_by_its_earlier_time(client: Client) -> None:
    factories.open_register()
    peer, other = open_faces(9, 12)
    other.signed_at -= LATER
    with stage(peer) as standing:
        follow_openly(peer, standing.url)
    proof = reference.proof(9, other.entries)
    body = format_add_checkpoint(9, proof, other.checkpoint())
    assert client.post("/witness/add-checkpoint", body, content_type="text/plain").status_code == 422
    assert_convicted(peer, "rolled_back", 9)


def test_an_honest_checkpoint_of_any_size_shown_in_any_order_convicts_nobody() -> None:
    factories.open_register()
    peer = cast.open_country("de", 3)
    with stage(peer) as standing:
        follow_openly(peer, standing.url)
        for size in (8, 1, 5, 8, 0, 7, 2):
            assert forks.suspect(peer.origin, peer.checkpoint(size), "anybody") is None
    assert (Evidence.objects.count(), Alert.objects.count(), Sighting.objects.count()) == (0, 0, 0)


def test_what_is_larger_than_our_copy_waits_until_we_hold_as_much() -> None:
    factories.open_register()
    peer = cast.open_country("de")
    with stage(peer) as standing:
        follow_openly(peer, standing.url)
        cast.grow(peer, 4)
        peer.signed_at += LATER
        assert forks.suspect(peer.origin, peer.checkpoint(), "anybody") is None
        assert not Sighting.objects.get().compared
        assert gossip.compare_sightings(peer.origin) == 1
        sync.follow(peer.origin)
    assert gossip.compare_sightings(peer.origin) == 0
    assert Sighting.objects.get().compared
    assert Evidence.objects.count() == 0


def test_a_waiting_second_history_is_not_forgotten_for_a_larger_honest_one() -> None:
    factories.open_register()
    peer = cast.open_country("de")
    other = split(peer)
    diverge(other, 1)
    with stage(peer) as standing:
        follow_openly(peer, standing.url)
        cast.grow(peer, 4)
        for note in (other.checkpoint(), peer.checkpoint()):
            assert forks.suspect(peer.origin, note, "anybody") is None
        peer.signed_at += LATER
        with pytest.raises(PeerFrozen):
            sync.follow(peer.origin)
    assert_convicted(peer, "inconsistent", 9)


def test_what_the_log_did_not_sign_is_refused() -> None:
    factories.open_register()
    peer, other = open_faces(8, 8)
    stranger = sign_checkpoint(Checkpoint(peer.origin, 8, bytes(32)), cast.signer_of(peer.origin, number=2))
    with stage(peer) as standing:
        follow_openly(peer, standing.url)
        for note in (
            stranger,
            peer.checkpoint().replace(b"\n8\n", b"\n9\n"),
            cast.open_country("fr").checkpoint(),
            b"",
        ):
            with pytest.raises(CheckpointInvalid):
                forks.suspect(peer.origin, note, "anybody")
    with pytest.raises(UnknownPeer):
        forks.suspect("register.xx.example/ledger", other.checkpoint(), "anybody")
    assert (Evidence.objects.count(), Sighting.objects.count()) == (0, 0)


def test_whoever_forks_a_hundred_times_is_recorded_once_while_frozen() -> None:
    factories.open_register()
    peer, other = open_faces(9, 9)
    with stage(peer) as standing:
        follow_openly(peer, standing.url)
        found = {forks.suspect(peer.origin, other.checkpoint(size), "anybody") for size in (9, 6, 7, 8, 9)}
    assert found == {the_evidence()}
    assert_convicted(peer, "same_size", 9)


@committing
def test_workers_that_find_the_same_fork_at_once_keep_and_report_it_once() -> None:
    factories.open_register()
    peer, other = open_faces(9, 9)
    with stage(peer) as standing:
        follow_openly(peer, standing.url)
    note = other.checkpoint()
    found = run_together([lambda: forks.suspect(peer.origin, note, "anybody")] * 4)
    assert found == [the_evidence()] * 4
    assert reader.get_log(settings.ASSAY_ORIGIN).size == 3
    assert_convicted(peer, "same_size", 9)


def test_a_fork_that_was_looked_into_does_not_freeze_the_peer_again_but_another_one_does() -> None:
    factories.open_register()
    peer, other = open_faces(9, 9)
    with stage(peer) as standing:
        follow_openly(peer, standing.url)
        first = forks.suspect(peer.origin, other.checkpoint(), "anybody")
        Following.objects.update(status="following")
        Alert.objects.update(settled_at=Evidence.objects.get().found_at)
        assert forks.suspect(peer.origin, other.checkpoint(), "anybody") == first
        assert (row_of(peer).status, Alert.objects.filter(settled_at=None).count()) == ("following", 0)
        assert forks.suspect(peer.origin, other.checkpoint(7), "anybody") != first
        assert row_of(peer).status == "frozen"


def test_hidden_characters_beside_a_second_root_keep_it_from_no_ledger() -> None:
    """What a log signs it may adorn; a note that could not be reported would be a way to fork in silence."""
    factories.open_register()
    peer, other = open_faces(9, 9)
    with stage(peer) as standing:
        follow_openly(peer, standing.url)
    head = Checkpoint(peer.origin, 9, reference.mth(other.entries), ("back\u202ewards", "\x9b31m\u2028"))
    note = sign_checkpoint(head, peer.signer, peer.witness, time=int(other.signed_at.timestamp()))
    assert forks.suspect(peer.origin, note, "anybody") is not None
    assert_convicted(peer, "same_size", 9)


def test_a_peer_recognised_anew_under_another_key_is_not_convicted_by_it_but_the_operator_is_told() -> None:
    factories.open_register()
    peer, other = open_faces(9, 9)
    with stage(peer) as standing:
        follow_openly(peer, standing.url)
    commands.withdraw_peer(str(row_of(peer).peer), PeerEnding(reason="agreement_ended"), actor=OPERATOR)
    former, new = str(peer.signer.verifier), cast.signer_of(peer.origin, number=2)
    recognise_openly(replace(peer, signer=new))
    peers.refresh()
    assert (row_of(peer).status, row_of(peer).former_vkeys) == ("following", [former])
    assert forks.suspect(peer.origin, replace(other, signer=new).checkpoint(), "anybody") is None
    assert row_of(peer).status == "following"
    assert Alert.objects.get().code == "histories_under_two_keys"


@pytest.mark.parametrize(("status", "then"), [("paused", "frozen"), ("withdrawn", "withdrawn")])
def test_a_paused_peer_is_frozen_and_a_withdrawn_one_stays_withdrawn(status: str, then: str) -> None:
    factories.open_register()
    peer, other = open_faces(9, 9)
    with stage(peer) as standing:
        follow_openly(peer, standing.url)
        Following.objects.update(status=status)
        forks.suspect(peer.origin, other.checkpoint(), "anybody")
    assert row_of(peer).status == then


def test_a_damaged_copy_of_ours_accuses_nobody_but_us() -> None:
    factories.open_register()
    peer = cast.open_country("de", 4)
    with stage(peer) as standing:
        follow_openly(peer, standing.url)
    change("ledger_entry", "leaf_hash = sha256('x')", f"log_id = {reader.get_log(peer.origin).id} AND index = 3")
    cache.edges = cache.RecentlyUsed(8)
    assert forks.suspect(peer.origin, peer.checkpoint(6), "anybody") is None
    assert (Evidence.objects.count(), [alert.code for alert in Alert.objects.all()]) == (0, ["copy_damaged"])


# reporting -----------------------------------------------------------------------------------------------------------


@committing
def test_evidence_whose_report_was_lost_is_reported_by_the_next_run_and_only_once() -> None:
    """The crash: evidence, freeze and alert are committed, our ledger could not be written."""
    peer, other = open_faces(9, 9)
    with stage(peer) as standing:
        cast.recognise(peer, standing.url)
        sync.follow(peer.origin)
        forks.suspect(peer.origin, other.checkpoint(), "anybody")
        assert (the_evidence().entry, row_of(peer).status) == (None, "frozen")
        assert {alert.code for alert in Alert.objects.filter(settled_at=None)} == {"fork", "fork_unreported"}
    factories.open_register()
    recognise_openly(peer)
    assert run_together([forks.report_evidence] * 4).count(1) == 1
    assert forks.report_evidence() == 0
    assert the_evidence().entry == 2
    assert reader.get_log(settings.ASSAY_ORIGIN).size == 3
    assert {alert.code for alert in Alert.objects.filter(settled_at=None)} == {"fork"}


def test_the_key_after_a_stolen_one_does_not_answer_for_what_the_thief_signed() -> None:
    factories.open_register()
    honest = cast.open_country("de", 2)
    thief = split(honest)
    diverge(thief, 3)
    with stage(honest) as standing:
        follow_openly(honest, standing.url)
        standing.face = thief
        sync.follow(honest.origin)
        honest.signer, old = cast.signer_of(honest.origin, number=2), honest.signer
        Following.objects.filter(origin=honest.origin).update(
            vkeys=[str(honest.signer.verifier)], former_vkeys=[str(old.verifier)]
        )
        cast.grow(honest, 7)
        standing.face = honest
        with pytest.raises(EntriesInvalid):
            sync.follow(honest.origin)
        assert forks.suspect(honest.origin, honest.checkpoint(len(thief.entries))) is None
    assert not Evidence.objects.exists()
    assert row_of(honest).status == "following"
    assert Alert.objects.get(code="histories_under_two_keys").origin == honest.origin
