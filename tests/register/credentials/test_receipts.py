"""A receipt proves for one credential that it existed at a time, and every forgery of one is refused with its code."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tlog.note import COSIGNATURE, Signer
from register.credentials.batch_paths import ALGORITHM, Step
from register.credentials.commitments import commit
from register.credentials.errors import BadReceipt
from register.credentials.ports import LedgerKeys
from register.credentials.receipts import (
    LARGEST,
    LONGEST_PATH,
    MOST_KEYS,
    Anchor,
    Receipt,
    check_receipt,
    format_receipt,
    parse_receipt,
)
from tests import ledgers
from tests.anchored import BATCH, KNOWN, Batch, anchor, find_ledger, make_digests, make_salt
from tests.peers import STRANGER, URL, WITNESS, Peer, open_peer

SIGNED_AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BALTIC = Signer.generate("witness.baltic.example/w", sha256(b"test key of a witness").digest(), COSIGNATURE)
DIGESTS = make_digests(11)
OTHERS = make_digests(11, of="another batch's credential")


def open_batch(**fields: Any) -> Batch:
    return anchor(open_peer_at(SIGNED_AT), DIGESTS, **fields)


def open_peer_at(moment: datetime) -> Peer:
    peer = open_peer()
    peer.signed_at = moment
    return peer


def check(receipt: Receipt, digest: bytes = DIGESTS[5]) -> Anchor:
    return check_receipt(parse_receipt(format_receipt(receipt)), digest, find_ledger)


def refuse(receipt: Receipt, digest: bytes = DIGESTS[5], keys: LedgerKeys | None = KNOWN) -> str:
    with pytest.raises(BadReceipt) as refusal:
        check_receipt(parse_receipt(format_receipt(receipt)), digest, lambda origin: keys)
    return refusal.value.code


BATCH_OF_ELEVEN = open_batch()
GOOD = BATCH_OF_ELEVEN.receipt(5)
TREE = BATCH_OF_ELEVEN.tree


@pytest.mark.parametrize("position", range(11))
def test_each_receipt_of_a_batch_proves_its_credential(position: int) -> None:
    found = check(BATCH_OF_ELEVEN.receipt(position), DIGESTS[position])
    assert (found.position, found.count, found.trusted) == (position, 11, True)
    assert found.commitment == commit(DIGESTS[position], make_salt(DIGESTS[position])).hex()


def test_an_anchor_says_where_by_whom_and_since_when() -> None:
    found = check(GOOD)
    assert (found.origin, found.index) == (ledgers.ORIGIN, BATCH_OF_ELEVEN.index)
    assert found.batch == f"{URL}/batches/{BATCH}"
    assert found.issuer == f"{URL}/issuers/{ledgers.UTOPIA}"
    assert found.root == TREE.root.hex()
    assert (found.anchored_at, found.cosigned_by) == (SIGNED_AT, (WITNESS.name,))
    assert not found.demonstration
    assert "countersigned by register.nl.example/witness" in found.policy


def test_demonstration_batches_are_told_as_such() -> None:
    assert check(open_batch(demonstration=True).receipt(5)).demonstration


def test_a_receipt_is_of_its_credential_only() -> None:
    for digest in (*DIGESTS[:5], *DIGESTS[6:], sha256(b"").digest()):
        assert refuse(GOOD, digest) == "other_credential"


def test_a_swapped_salt_is_refused() -> None:
    assert refuse(replace(GOOD, salt=make_salt(DIGESTS[6]))) == "other_credential"
    assert refuse(replace(GOOD, salt=bytes(16))) == "other_credential"


def test_an_inner_node_is_no_credential() -> None:
    node = sha256(TREE.levels[0][4] + TREE.levels[0][5]).digest()
    posing = replace(GOOD, target=node, path=GOOD.path[1:])
    assert refuse(posing) == "other_credential"
    assert refuse(posing, node) == "other_credential"


def test_a_node_that_the_issuer_takes_for_a_commitment_is_not_a_leaf() -> None:
    """Whoever could open a node as a commitment: here the batch is one of nodes, and its entry counts fewer."""
    digests = make_digests(4)
    tree = anchor(open_peer(), digests).tree
    folded = anchor(open_peer_at(SIGNED_AT), digests, count=2, root=tree.root.hex())
    assert refuse(folded.receipt(1), digests[1]) == "not_a_leaf"


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 9, 12, 16, 17, 2**32])
def test_a_count_that_does_not_fit_the_path_is_refused(count: int) -> None:
    last = anchor(open_peer_at(SIGNED_AT), DIGESTS, count=count).receipt(10)
    assert refuse(last, DIGESTS[10]) == "not_a_leaf"


def test_an_over_long_path_is_refused() -> None:
    longer = (*GOOD.path, Step("right", bytes(32)))
    root = sha256(TREE.root + bytes(32)).digest()
    assert refuse(replace(GOOD, path=longer)) == "other_root"
    assert refuse(replace(GOOD, path=longer, root=root)) == "other_batch"
    forged = anchor(open_peer_at(SIGNED_AT), DIGESTS, root=root.hex()).receipt(5)
    assert refuse(replace(forged, path=longer, root=root)) == "not_a_leaf"


def test_a_path_of_another_batch_is_refused() -> None:
    other = anchor(open_peer_at(SIGNED_AT), OTHERS).receipt(5)
    assert refuse(replace(GOOD, path=other.path)) == "other_root"
    assert refuse(replace(GOOD, path=other.path, root=other.root)) == "other_root"
    assert refuse(replace(GOOD, entry=other.entry, tlog_proof=other.tlog_proof)) == "other_batch"


@pytest.mark.parametrize("step", range(4))
def test_a_path_with_a_step_changed_left_out_or_turned_is_refused(step: int) -> None:
    side, sibling = GOOD.path[step]
    turned = Step("left" if side == "right" else "right", sibling)
    changed = Step(side, bytes([sibling[0] ^ 1, *sibling[1:]]))
    for path in (
        (*GOOD.path[:step], turned, *GOOD.path[step + 1 :]),
        (*GOOD.path[:step], changed, *GOOD.path[step + 1 :]),
        (*GOOD.path[:step], *GOOD.path[step + 1 :]),
        (*GOOD.path[:step], GOOD.path[step], *GOOD.path[step:]),
    ):
        assert refuse(replace(GOOD, path=path)) == "other_root"


def test_another_root_and_another_name_of_the_batch_are_refused() -> None:
    assert refuse(replace(GOOD, root=bytes(32))) == "other_root"
    assert refuse(replace(GOOD, batch=f"{URL}/batches/{ledgers.make_id(1)}")) == "other_batch"


def test_an_entry_that_was_altered_is_not_proven() -> None:
    assert refuse(replace(GOOD, entry=GOOD.entry.replace(b'"count":11', b'"count":12'))) == "not_proven"
    later = GOOD.entry.replace(b'"time":"2023', b'"time":"2022')
    assert later != GOOD.entry
    assert refuse(replace(GOOD, entry=later)) == "not_proven"


def test_a_proof_of_another_entry_is_refused() -> None:
    elsewhere = BATCH_OF_ELEVEN.peer.receipt(1).encode()
    assert refuse(replace(GOOD, tlog_proof=elsewhere)) == "not_proven"


def test_an_entry_of_another_kind_anchors_nothing() -> None:
    peer = BATCH_OF_ELEVEN.peer
    for index in range(4):
        other = replace(GOOD, entry=peer.entries[index], tlog_proof=peer.receipt(index).encode())
        assert refuse(other) == "not_a_batch"


def test_trees_of_another_algorithm_are_named_as_unknown() -> None:
    assert refuse(open_batch(tree_algorithm="rfc9162-sha256").receipt(5)) == "unknown_tree"
    assert ALGORITHM == "merkletools-sha256-v1"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\n\n", b"\n"),
        (b"index ", b"index 0"),
        (b"c2sp.org/tlog-proof@v1", b"c2sp.org/tlog-proof@v2"),
        ("\u2014 register.nl.example/ledger ".encode(), "\u2014 register.nl.example/ledger A".encode()),
    ],
)
def test_a_garbled_proof_is_refused(old: bytes, new: bytes) -> None:
    assert refuse(replace(GOOD, tlog_proof=GOOD.tlog_proof.replace(old, new, 1))) == "not_proven"


def test_a_checkpoint_with_a_false_signature_is_refused() -> None:
    peer = open_peer_at(SIGNED_AT)
    batch = anchor(peer, DIGESTS)
    other = anchor(open_peer_at(SIGNED_AT + timedelta(1)), DIGESTS).receipt(5)
    line = next(row for row in other.tlog_proof.decode().splitlines() if "/witness" in row)
    own = next(row for row in batch.receipt(5).tlog_proof.decode().splitlines() if "/witness" in row)
    spliced = batch.receipt(5).tlog_proof.replace(own[:-20].encode(), line[:-20].encode())
    assert refuse(replace(batch.receipt(5), tlog_proof=spliced)) == "not_proven"


def test_what_a_stranger_signed_in_the_ledgers_name_is_not_signed() -> None:
    peer = open_peer_at(SIGNED_AT)
    peer.signer = STRANGER
    receipt = replace(anchor(peer, DIGESTS).receipt(5), keys=(str(STRANGER.verifier), str(WITNESS.verifier)))
    assert refuse(receipt) == "not_signed"


def test_keys_that_the_receipt_brings_along_prove_nothing_that_counts() -> None:
    found = check_receipt(GOOD, DIGESTS[5], lambda origin: None)
    assert not found.trusted
    assert "nobody vouches for" in found.policy
    assert check(replace(GOOD, keys=())).trusted


def test_without_any_key_of_the_ledger_nothing_is_proven() -> None:
    assert refuse(replace(GOOD, keys=()), keys=None) == "no_keys"
    assert refuse(replace(GOOD, keys=(str(WITNESS.verifier),)), keys=None) == "no_keys"
    assert refuse(replace(GOOD, keys=("nonsense",)), keys=None) == "no_keys"


def test_the_time_is_that_of_the_first_witness_that_counts() -> None:
    peer = open_peer_at(SIGNED_AT)
    peer.cosigners = [BALTIC]
    batch = anchor(peer, DIGESTS)
    early, late = batch.receipt(5), None
    peer.signed_at += timedelta(hours=3)
    late = batch.receipt(5)
    own = next(row for row in early.tlog_proof.splitlines() if b"nl.example/witness" in row)
    newer = next(row for row in late.tlog_proof.splitlines() if b"nl.example/witness" in row)
    mixed = replace(early, tlog_proof=early.tlog_proof.replace(own, newer))
    both = replace(KNOWN, witnesses=(*KNOWN.witnesses, str(BALTIC.verifier)))
    found = check_receipt(mixed, DIGESTS[5], lambda origin: both)
    assert found.anchored_at == SIGNED_AT
    assert found.cosigned_by == (WITNESS.name, BALTIC.name)
    assert check(mixed).anchored_at == SIGNED_AT + timedelta(hours=3)
    assert check(mixed).cosigned_by == (WITNESS.name,)


def test_no_time_is_before_the_entrys_own() -> None:
    batch = anchor(open_peer_at(datetime(2020, 1, 1, tzinfo=UTC)), DIGESTS)
    found = check(batch.receipt(5))
    assert found.anchored_at == found.recorded_at > datetime(2023, 1, 1, tzinfo=UTC)


def test_without_a_witness_that_counts_the_time_is_the_ledgers_word() -> None:
    alone = LedgerKeys(ledgers.ORIGIN, KNOWN.log)
    found = check_receipt(GOOD, DIGESTS[5], lambda origin: alone)
    assert (found.anchored_at, found.cosigned_by) == (found.recorded_at, ())
    assert "no witness that is known" in found.policy


def test_a_register_out_of_reach_is_not_hidden() -> None:
    def fail(origin: str) -> LedgerKeys:
        raise ConnectionError(origin)

    with pytest.raises(ConnectionError, match=ledgers.ORIGIN):
        check_receipt(GOOD, DIGESTS[5], fail)


def test_a_receipt_reads_back_as_itself() -> None:
    written = format_receipt(GOOD)
    assert parse_receipt(written) == GOOD
    assert parse_receipt(json.dumps(json.loads(written)).encode()) == GOOD
    assert set(json.loads(written)["proof"]) == {"type", "targetHash", "merkleRoot", "path"}


def change(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda told: told.__setitem__(name, value)


def change_proof(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda told: told["proof"].__setitem__(name, value)


HASH = "ab" * 32
MALFORMED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a member more": change("status", {}),
    "a member less": lambda told: told.pop("salt"),
    "a salt too short": change("salt", "ab" * 15),
    "a salt in capitals": change("salt", "AB" * 16),
    "a salt that is a number": change("salt", 5),
    "a root too long": change_proof("merkleRoot", HASH + "ab"),
    "a leaf with a line end": change_proof("targetHash", HASH + "\n"),
    "no proof": change("proof", None),
    "a list as proof": change("proof", []),
    "another type of proof": change_proof("type", "MerkleProof2017"),
    "anchors elsewhere": change_proof("anchors", ["blink:eth:0x00"]),
    "a path that is an object": change_proof("path", {}),
    "a step with both sides": change_proof("path", [{"left": HASH, "right": HASH}]),
    "a step without a side": change_proof("path", [{}]),
    "a step that is a text": change_proof("path", [HASH]),
    "a step to the middle": change_proof("path", [{"middle": HASH}]),
    "a step that is short": change_proof("path", [{"left": HASH[2:]}]),
    "a path longer than any": change_proof("path", [{"left": HASH}] * (LONGEST_PATH + 1)),
    "an entry that is an object": change("entry", {}),
    "an entry with half a character": change("entry", "\ud800"),
    "no batch": change("batch", None),
    "a proof that is a list": change("tlog_proof", []),
    "keys that are a text": change("keys", "key"),
    "a key that is a number": change("keys", [1]),
    "too many keys": change("keys", ["key"] * (MOST_KEYS + 1)),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_receipt_is_refused(name: str) -> None:
    told = json.loads(format_receipt(GOOD))
    MALFORMED[name](told)
    with pytest.raises(BadReceipt) as refusal:
        parse_receipt(json.dumps(told).encode())
    assert refusal.value.code == "malformed"


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff", b"null", b"[" * 100_000, b'{"format":"a","format":"b"}', b'"text"', b"{'a':1}"]
)
def test_what_is_no_json_object_is_malformed(data: bytes) -> None:
    with pytest.raises(BadReceipt) as refusal:
        parse_receipt(data)
    assert refusal.value.code == "malformed"


def test_a_name_twice_deep_inside_is_malformed() -> None:
    written = format_receipt(GOOD).replace(b'"merkleRoot"', b'"targetHash"', 1)
    with pytest.raises(BadReceipt, match="twice"):
        parse_receipt(written)


def test_a_later_version_is_named_as_unknown_and_a_large_file_is_not_read() -> None:
    for data, code in (
        (format_receipt(GOOD).replace(b"@v1", b"@v2", 1), "unknown_version"),
        (b"{}", "unknown_version"),
        (format_receipt(GOOD) + b" " * LARGEST, "too_large"),
    ):
        with pytest.raises(BadReceipt) as refusal:
            parse_receipt(data)
        assert refusal.value.code == code


@given(at=st.integers(0, len(format_receipt(GOOD)) - 1), byte=st.integers(0, 255))
def test_a_receipt_with_any_byte_changed_is_refused_or_proves_the_same(at: int, byte: int) -> None:
    data = bytearray(format_receipt(GOOD))
    data[at] = byte
    try:
        found = check_receipt(parse_receipt(bytes(data)), DIGESTS[5], find_ledger)
    except BadReceipt:
        return
    good = check(GOOD)
    # A line of a witness that no longer reads as one is a witness less, never one more.
    bare = {"cosigned_by": (), "others": (), "others_at": None}
    assert replace(found, anchored_at=SIGNED_AT, **bare) == replace(good, **bare)  # type: ignore[arg-type]
    assert set(found.others) <= set(good.others)
    assert found.anchored_at <= SIGNED_AT
