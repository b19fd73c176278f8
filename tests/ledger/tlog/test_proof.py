"""A receipt proves that exactly these bytes stand at exactly this place, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tlog import policy, proof
from ledger.tlog.errors import ProofInvalid, ProofMalformed, QuorumMissing, SignatureInvalid, TlogError, UnknownKey
from tests.ledger.tlog.cast import KEYS, LOG, OTHER_LOG, SECOND_WITNESS, TIME, WITNESS, SmallLog, make_entries

SMALL = SmallLog(make_entries(13))
RECEIPTS = [proof.format_proof(index, SMALL.inclusion(index), SMALL.checkpoint()) for index in range(SMALL.size)]


@pytest.mark.parametrize("index", range(SMALL.size))
def test_every_entry_has_a_receipt_that_verifies(index: int) -> None:
    signed = proof.check_proof(proof.parse_proof(RECEIPTS[index]), SMALL.entries[index], KEYS)
    assert signed.checkpoint.size == SMALL.size
    assert signed.time == TIME


@given(st.binary(), st.integers(0, 12))
def test_receipts_read_back_with_their_extra_data(extra: bytes, index: int) -> None:
    text = proof.format_proof(index, SMALL.inclusion(index), SMALL.checkpoint(), extra)
    parsed = proof.parse_proof(text)
    assert (parsed.index, parsed.extra, parsed.checkpoint) == (index, extra, SMALL.checkpoint())
    assert proof.format_proof(parsed.index, parsed.hashes, parsed.checkpoint, parsed.extra) == text
    assert proof.parse_proof(text.encode()) == parsed


@given(st.integers(0, 12), st.integers(0, 12), st.binary(max_size=20))
def test_pitfall_4_a_receipt_of_something_is_not_a_receipt_of_this(index: int, other: int, entry: bytes) -> None:
    parsed = proof.parse_proof(RECEIPTS[index])
    wrong = [entry] if other == index else [entry, SMALL.entries[other]]
    for data in wrong:
        with pytest.raises(ProofInvalid):
            proof.check_proof(parsed, data, KEYS)
    if other != index:
        with pytest.raises(ProofInvalid):
            proof.check_proof(replace(parsed, index=other), SMALL.entries[index], KEYS)


@given(st.integers(0, len(RECEIPTS[5].encode()) - 1), st.integers(1, 255))
def test_a_receipt_with_any_byte_changed_is_refused(at: int, change: int) -> None:
    raw = RECEIPTS[5].encode()
    altered = raw[:at] + bytes([raw[at] ^ change]) + raw[at + 1 :]
    try:
        parsed = proof.parse_proof(altered)
        signed = proof.check_proof(parsed, SMALL.entries[5], [LOG.verifier])
    except TlogError:
        return
    # What may change without harm is only the line of a key this verifier does not know.
    assert signed.to_verified_bytes() == SMALL.checkpoint(time=None)
    assert parsed.hashes == tuple(SMALL.inclusion(5))
    assert parsed.index == 5


def test_a_receipt_by_unknown_keys_is_refused() -> None:
    with pytest.raises(UnknownKey):
        proof.check_proof(proof.parse_proof(RECEIPTS[0]), SMALL.entries[0], [OTHER_LOG.verifier])


def test_a_receipt_with_a_checkpoint_of_a_forged_tree_is_refused() -> None:
    forged = SMALL.checkpoint().replace(b"\n13\n", b"\n14\n")
    with pytest.raises(SignatureInvalid):
        proof.check_proof(proof.parse_proof(proof.format_proof(0, [], forged)), b"", KEYS)


def test_a_policy_demands_its_quorum_too() -> None:
    both = policy.Policy(
        (policy.PolicyLog(LOG.verifier),),
        (policy.PolicyWitness("w1", WITNESS.verifier), policy.PolicyWitness("w2", SECOND_WITNESS.verifier)),
        (policy.PolicyGroup("g", 2, ("w1", "w2")),),
        "g",
    )
    parsed = proof.parse_proof(RECEIPTS[3])
    proof.check_proof(parsed, SMALL.entries[3], replace(both, quorum="w1"))
    with pytest.raises(QuorumMissing):
        proof.check_proof(parsed, SMALL.entries[3], both)


CHECKPOINT = SMALL.checkpoint().decode()
HASH = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
HEADER = proof.HEADER


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEADER,
        f"{HEADER}\nindex 0\n",
        f"{HEADER}\nindex 0\n\n",
        f"{HEADER}\n\n{CHECKPOINT}",
        f"index 0\n\n{CHECKPOINT}",
        f"c2sp.org/tlog-proof@v2\nindex 0\n\n{CHECKPOINT}",
        f"{HEADER}\nindex 00\n\n{CHECKPOINT}",
        f"{HEADER}\nindex -1\n\n{CHECKPOINT}",
        f"{HEADER}\nindex 0\nAAAA\n\n{CHECKPOINT}",
        f"{HEADER}\nindex 0\nextra AAAA\n\n{CHECKPOINT}",
        f"{HEADER}\nextra AAA\nindex 0\n\n{CHECKPOINT}",
        f"{HEADER}\nindex 0\n{HASH}\n{HASH} \n\n{CHECKPOINT}",
        f"{HEADER}\r\nindex 0\n\n{CHECKPOINT}",
        f"{HEADER}\nindex 0\n\n{CHECKPOINT[:-1]}",
        f"{HEADER}\nindex 0\n{HASH}\n{CHECKPOINT}",
        f"{HEADER}\nindex 0\n" + f"{HASH}\n" * 64 + f"\n{CHECKPOINT}",
        f"{HEADER}\nindex 0\n\n\n{CHECKPOINT}",
        f"\ufeff{HEADER}\nindex 0\n\n{CHECKPOINT}",
        "\ud800",
        f"{HEADER}\nindex 0\n\nno checkpoint\n",
        f"{HEADER}\nextra " + "A" * (1 << 18) + f"\nindex 0\n\n{CHECKPOINT}",
    ],
)
def test_malformed_receipts_are_refused(text: str) -> None:
    with pytest.raises(ProofMalformed):
        proof.parse_proof(text)


def test_a_receipt_that_would_not_read_back_is_not_written() -> None:
    with pytest.raises(ProofMalformed):
        proof.format_proof(-1, [], SMALL.checkpoint())
    with pytest.raises(ProofMalformed):
        proof.format_proof(0, [b"short"], SMALL.checkpoint())
