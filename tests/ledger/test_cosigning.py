"""Lines of other witnesses under our checkpoints: kept, shown in receipts, and never mistaken for our own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from django.db import connection

from ledger import cosigning, fsck, publish, reader
from ledger.errors import LedgerDamaged, NotCovered
from ledger.models import Checkpoint, Cosignature
from ledger.signer import node_signers
from ledger.tlog.checkpoint import open_checkpoint
from ledger.tlog.note import COSIGNATURE, Signature, Signer, parse_note
from ledger.tlog.policy import Policy, PolicyGroup, PolicyLog, PolicyWitness, check_quorum
from ledger.tlog.proof import check_proof, parse_proof
from tests.ledger.writing import append, change, keys, make_entry, origin

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
DE, FR, *MORE = (
    Signer.generate(f"register.{land}.example/witness", sha256(land.encode()).digest(), COSIGNATURE)
    for land in ("de", "fr", *(f"x{number}" for number in range(20)))
)


def sign(size: int, now: datetime = NOON) -> reader.SignedCheckpointRow:
    append(size)
    return publish.cover(origin(), now=now)


def lines(head: reader.SignedCheckpointRow, *signers: Signer, later: int = 1) -> list[Signature]:
    text = parse_note(head.note).text
    return [signer.cosign(text, int(head.time.timestamp()) + later) for signer in signers]


def attach(head: reader.SignedCheckpointRow, *added: Signature) -> reader.SignedCheckpointRow:
    return cosigning.attach(origin(), head.size, head.root, added)


def test_receipts_carry_the_lines_of_two_other_witnesses_from_then_on() -> None:
    head = sign(300)
    before = reader.read_receipts(origin(), [7])[7]
    fuller = attach(head, *lines(head, DE, FR))
    assert reader.latest_checkpoint(origin()) == fuller
    receipt = reader.read_receipts(origin(), [7])[7]
    assert receipt != before
    signed = check_proof(parse_proof(receipt), make_entry(7), [*keys(), DE.verifier, FR.verifier])
    assert {(c.key, c.time) for c in signed.cosignatures} == {
        (node_signers().witness.verifier, int(NOON.timestamp())),
        (DE.verifier, int(NOON.timestamp()) + 1),
        (FR.verifier, int(NOON.timestamp()) + 1),
    }
    witnesses = (PolicyWitness("de", DE.verifier), PolicyWitness("fr", FR.verifier))
    policy = Policy((PolicyLog(keys()[0]),), witnesses, (PolicyGroup("both", 2, ("de", "fr")),), "both")
    check_quorum(policy, {c.key for c in signed.cosignatures})


def test_the_second_of_a_checkpoint_stays_that_of_our_own_witness() -> None:
    head = sign(3)
    fuller = attach(head, *lines(head, DE, FR, later=200))
    assert (fuller.second, fuller.time) == (NOON, NOON + timedelta(microseconds=2))
    times = Checkpoint.objects.order_by("time").values_list("time", flat=True)
    assert list(times) == [NOON, NOON + timedelta(microseconds=2)]
    assert publish.refresh(origin(), timedelta(minutes=5), NOON + timedelta(minutes=1)).note == fuller.note
    assert publish.refresh(origin(), timedelta(minutes=5), NOON + timedelta(minutes=6)).note != fuller.note


def test_lines_that_come_one_after_the_other_add_up_and_are_kept_once() -> None:
    head = sign(3)
    attach(head, *lines(head, DE))
    attach(head, *lines(head, FR))
    again = attach(head, *lines(head, DE, FR))
    assert len(open_checkpoint(again.note, [*keys(), DE.verifier, FR.verifier]).cosignatures) == 3
    assert Checkpoint.objects.count() == 3
    assert Cosignature.objects.count() == 2


def test_a_later_line_of_a_witness_is_kept_beside_the_earlier_one() -> None:
    head = sign(3)
    first = attach(head, *lines(head, DE))
    assert attach(head, *lines(head, DE, later=60)) == first
    assert Cosignature.objects.count() == 2
    fsck.check_log(origin(), keys())


def test_lines_go_under_the_newest_refresh_of_their_tree() -> None:
    head = sign(3)
    refreshed = publish.refresh(origin(), timedelta(minutes=5), NOON + timedelta(minutes=6))
    fuller = attach(head, *lines(head, DE))
    assert fuller.second == refreshed.time
    assert set(refreshed.note.splitlines()) < set(fuller.note.splitlines())


def test_a_larger_checkpoint_stays_the_newest() -> None:
    head = sign(3)
    larger = sign(2)
    attach(head, *lines(head, DE))
    assert reader.latest_checkpoint(origin()).note == larger.note
    assert b"register.de.example" in reader.first_checkpoint_covering(origin(), 2).note


def test_a_tree_we_never_signed_takes_no_lines() -> None:
    head = sign(3)
    for size, root in ((4, head.root), (3, sha256(b"other").digest())):
        with pytest.raises(NotCovered):
            cosigning.attach(origin(), size, root, lines(head, DE))
    assert Cosignature.objects.count() == 0


def test_of_a_name_one_line_a_second_counts_and_the_ledger_stays_sound() -> None:
    """A witness with two keys of one name, or two signatures of one key, cannot have us show what we did not keep."""
    head = sign(3)
    namesake = Signer.generate(DE.name, sha256(b"another key").digest(), COSIGNATURE)
    first, second = lines(head, DE, namesake)
    fuller = attach(head, first, second)
    assert parse_note(fuller.note).signatures == (*parse_note(head.note).signatures, first)
    assert attach(head, second) == fuller
    (later,) = lines(head, namesake, later=2)
    assert attach(head, later).note == fuller.note + later.line.encode()
    assert Cosignature.objects.count() == 2
    fsck.check_log(origin(), keys())


def test_a_line_under_our_own_key_is_passed_over() -> None:
    head = sign(3)
    own = lines(head, node_signers().witness, later=7)
    assert attach(head, *own).note == head.note
    assert Cosignature.objects.count() == 0


def test_notes_stay_within_what_every_reader_accepts_and_all_lines_are_kept() -> None:
    head = sign(3)
    fuller = attach(head, *lines(head, DE, FR, *MORE))
    assert len(parse_note(fuller.note).signatures) == cosigning.MAX_LINES
    assert Cosignature.objects.count() == 22
    assert attach(head, *lines(head, *MORE)).note == fuller.note
    fsck.check_log(origin(), keys())


def test_fsck_accepts_several_notes_of_one_second() -> None:
    for head in (sign(3), sign(300)):
        attach(head, *lines(head, DE))
        attach(head, *lines(head, FR))
    assert fsck.check_log(origin(), keys()) == fsck.Report(entries=303, tiles=1, checkpoints=6, unsigned=0)


def test_fsck_names_an_altered_line_of_another_witness() -> None:
    head = sign(3)
    note = attach(head, *lines(head, DE)).note
    at = note.rindex(b" ") + 20
    change("ledger_checkpoint", f"note = set_byte(note, {at}, get_byte(note, {at}) # 1)", "length(note) > 400")
    with pytest.raises(LedgerDamaged, match=r"register\.de\.example/witness that was never kept"):
        fsck.check_log(origin(), keys())


def test_fsck_names_a_line_that_was_taken_away() -> None:
    head = sign(3)
    attach(head, *lines(head, DE))
    change("ledger_checkpoint", "note = '\\x" + head.note.hex() + "'", "length(note) > 400")
    with pytest.raises(LedgerDamaged, match="another number of nodes"):
        fsck.check_log(origin(), keys())


@pytest.mark.django_db(transaction=True)
def test_lines_attached_at_once_are_all_in_the_fullest_note() -> None:
    head = sign(3)

    def run(signer: Signer) -> None:
        try:
            attach(head, *lines(head, signer))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, (DE, FR, *MORE[:4])))
    newest = reader.latest_checkpoint(origin())
    others = {line.name for line in cosigning.split_lines(newest.note, keys()).others}
    assert others == {signer.name for signer in (DE, FR, *MORE[:4])}
    fsck.check_log(origin(), keys())
