"""The witness decides in the order of the specification, and never on what it has not verified."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tlog import note, witness
from ledger.tlog.checkpoint import Checkpoint, add_signatures, cosign, open_checkpoint, sign_checkpoint
from ledger.tlog.errors import NoteMalformed, SignatureInvalid, UnknownKey
from ledger.tlog.lines import encode_proof
from ledger.tlog.note import ED25519, Signature, Signer
from ledger.tlog.witness import (
    CheckpointRefused,
    Cosigned,
    OldSizeConflict,
    OldSizeTooLarge,
    OriginUnknown,
    RequestMalformed,
    SignatureRefused,
    WitnessRefusal,
)
from tests.ledger.tlog.cast import KEYS, LOG, ORIGIN, OTHER_LOG, TIME, WITNESS, SmallLog, make_entries, make_signer

SMALL = SmallLog(make_entries(20))
FORKED = SmallLog([*make_entries(4), *make_entries(16, "forged")])
AT_8 = Cosigned(8, SMALL.root(8))
EMPTY = sign_checkpoint(Checkpoint(ORIGIN, 0, SMALL.root(0)), LOG)


def ask(old: int, proof: list[bytes], data: bytes) -> witness.AddCheckpoint:
    return witness.parse_add_checkpoint(witness.format_add_checkpoint(old, proof, data))


def decide(old: int, proof: list[bytes], data: bytes, last: Cosigned = AT_8) -> bytes:
    return witness.decide_add_checkpoint(
        ask(old, proof, data), [LOG.verifier], last, WITNESS.verifier
    ).to_verified_bytes()


@given(st.integers(0, 20), st.integers(0, 20))
def test_every_honest_growth_is_cosigned(a: int, b: int) -> None:
    old, new = sorted((a, b))
    data = SMALL.checkpoint(new, time=None)
    assert decide(old, SMALL.consistency(old, new), data, Cosigned(old, SMALL.root(old))) == data


def test_the_same_size_again_is_cosigned_again() -> None:
    assert decide(8, [], SMALL.checkpoint(8, time=None))


def bad_signature() -> bytes:
    text = note.parse_note(SMALL.checkpoint(12)).text
    return note.format_note(text, [Signature(ORIGIN, LOG.verifier.key_id, bytes(64))])


def unsigned_empty_tree() -> bytes:
    text = f"{ORIGIN}\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
    return note.format_note(text, [LOG.sign(text)])


PROOF = SMALL.consistency(8, 12)
GOOD = SMALL.checkpoint(12, time=None)
OTHER = SmallLog(SMALL.entries, OTHER_LOG)


@pytest.mark.parametrize(
    ("status", "kind", "old", "proof", "data", "last"),
    [
        (403, SignatureRefused, 8, PROOF, bad_signature(), AT_8),
        (403, SignatureRefused, 99, PROOF, bad_signature(), AT_8),
        (400, OldSizeTooLarge, 13, PROOF, GOOD, AT_8),
        (400, OldSizeTooLarge, 13, PROOF, GOOD, Cosigned(13, SMALL.root(13))),
        (409, OldSizeConflict, 0, [], GOOD, AT_8),
        (409, OldSizeConflict, 9, SMALL.consistency(9, 12), GOOD, AT_8),
        (409, OldSizeConflict, 8, PROOF, GOOD, Cosigned()),
        (422, CheckpointRefused, 0, [], unsigned_empty_tree(), Cosigned()),
        (422, CheckpointRefused, 0, PROOF, GOOD, Cosigned()),
        (422, CheckpointRefused, 8, PROOF[1:], GOOD, AT_8),
        (422, CheckpointRefused, 8, [*PROOF, PROOF[0]], GOOD, AT_8),
        (422, CheckpointRefused, 8, [], GOOD, AT_8),
        (422, CheckpointRefused, 8, FORKED.consistency(8, 12), FORKED.checkpoint(12, time=None), AT_8),
        (422, CheckpointRefused, 8, [], FORKED.checkpoint(8, time=None), AT_8),
        (422, CheckpointRefused, 8, [PROOF[0]], SMALL.checkpoint(8, time=None), AT_8),
    ],
)
def test_refusals_follow_the_table(
    status: int, kind: type[WitnessRefusal], old: int, proof: list[bytes], data: bytes, last: Cosigned
) -> None:
    with pytest.raises(kind) as caught:
        decide(old, proof, data, last)
    assert caught.value.status == status


def test_an_unknown_origin_is_refused_before_its_signature_is_looked_at() -> None:
    with pytest.raises(OriginUnknown) as caught:
        witness.decide_add_checkpoint(ask(0, [], OTHER.checkpoint(12)), [], Cosigned(), WITNESS.verifier)
    assert caught.value.status == 404


def test_a_conflict_tells_the_size_to_prove_from() -> None:
    with pytest.raises(OldSizeConflict) as caught:
        decide(0, [], GOOD)
    assert caught.value.body == b"8\n"
    assert witness.parse_conflict(caught.value.body) == 8


@pytest.mark.parametrize("body", [b"", b"\n", b"conflict\n", b"08\n", b"-1\n", b"8\n\n", b"\xff", b"8 \n"])
def test_a_conflict_without_a_size_is_understood_as_such(body: bytes) -> None:
    assert witness.parse_conflict(body) is None


def test_a_refused_checkpoint_keeps_its_evidence() -> None:
    forged = FORKED.checkpoint(8, time=None)
    with pytest.raises(CheckpointRefused) as caught:
        decide(8, [], forged)
    assert caught.value.signed.raw == forged
    assert open_checkpoint(caught.value.signed.to_verified_bytes(), KEYS).checkpoint.root == FORKED.root(8)


def test_pitfall_5_a_line_under_the_witness_s_own_key_is_not_stored() -> None:
    """An attacker's line in our name would make the stored state impossible to open again."""
    fake = Signature(WITNESS.name, WITNESS.verifier.key_id, bytes(72))
    stored = decide(8, PROOF, add_signatures(GOOD, [fake]))
    assert stored == GOOD
    assert open_checkpoint(stored, KEYS).checkpoint.size == 12


def test_pitfall_5_a_log_named_like_the_witness_is_refused() -> None:
    namesake = make_signer(WITNESS.name)
    data = SmallLog(SMALL.entries, namesake).checkpoint(12, time=None)
    with pytest.raises(OriginUnknown):
        witness.decide_add_checkpoint(ask(0, [], data), [namesake.verifier], Cosigned(), WITNESS.verifier)


def test_pitfall_8_a_log_that_signs_with_the_witness_s_key_is_refused() -> None:
    twin = Signer(ORIGIN, ED25519, WITNESS.seed)
    data = SmallLog(SMALL.entries, twin).checkpoint(12, time=None)
    with pytest.raises(OriginUnknown):
        witness.decide_add_checkpoint(ask(0, [], data), [twin.verifier], Cosigned(), WITNESS.verifier)


def test_a_log_with_two_keys_of_one_key_id_is_refused_by_the_table() -> None:
    """32 bits are soon found; whoever does has spoilt its own log and nothing of ours."""
    twin = replace(LOG.verifier, public_key=OTHER_LOG.verifier.public_key)
    request = ask(8, SMALL.consistency(8, 12), SMALL.checkpoint(12, time=None))
    with pytest.raises(SignatureRefused, match="expected one key"):
        witness.decide_add_checkpoint(request, [LOG.verifier, twin], AT_8, WITNESS.verifier)


def test_pitfall_12_growth_from_size_zero_needs_no_proof_also_after_an_empty_checkpoint() -> None:
    assert decide(0, [], EMPTY, Cosigned()) == EMPTY
    assert decide(0, [], GOOD, Cosigned(0, SMALL.root(0))) == GOOD


@dataclass
class Store:
    """A witness's record of one log, with the lock a database row gives: check and store are one step."""

    last: Cosigned = field(default_factory=Cosigned)

    def submit(self, old: int, proof: list[bytes], data: bytes) -> int:
        try:
            request = ask(old, proof, data)
            head = witness.decide_add_checkpoint(request, [LOG.verifier], self.last, WITNESS.verifier).checkpoint
        except WitnessRefusal as refusal:
            return refusal.status
        self.last = Cosigned(head.size, head.root)
        return 200


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20), st.booleans()), max_size=12))
def test_pitfall_1_and_2_whatever_is_submitted_the_record_never_shrinks_nor_forks(
    requests: list[tuple[int, int, bool]],
) -> None:
    """Honest and forged heads from any base: two forks are never both cosigned past their common part."""
    store = Store()
    sides: set[bool] = set()
    for old, new, forged in requests:
        log, before = (FORKED if forged else SMALL), store.last.size
        status = store.submit(old, log.consistency(old, new), log.checkpoint(new, time=None))
        assert store.last.size >= before
        if status == 200 and new > 4:
            sides.add(forged)
    assert len(sides) <= 1


def test_pitfall_14_bodies_and_proofs_are_bounded() -> None:
    longest = [SMALL.root()] * 63
    assert list(ask(8, longest, GOOD).proof) == longest
    too_many = encode_proof([SMALL.root()] * 64)
    for body in (b"old 8\n" + too_many.encode() + b"\n" + GOOD, b"old 8\n\n" + GOOD + b"a" * witness.MAX_BODY):
        with pytest.raises(RequestMalformed):
            witness.parse_add_checkpoint(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 8\n",
        b"old 8\n\n",
        b"old 08\n\n" + GOOD,
        b"old -1\n\n" + GOOD,
        b"old\n\n" + GOOD,
        b"old  8\n\n" + GOOD,
        b"new 8\n\n" + GOOD,
        b"8\n\n" + GOOD,
        b"old 8\nAAAA\n\n" + GOOD,
        b"old 8\n" + GOOD,
        b"\nold 8\n\n" + GOOD,
        b"old 8\r\n\r\n" + GOOD,
        b"old 8\n\nnot a checkpoint\n",
        b"old 8\n\n" + GOOD[:-1],
        b"\xff\n\n" + GOOD,
        b"old 8\n\n\n" + GOOD,
        b"old 8\n\n" + note.format_note("text\n", [LOG.sign("text\n")]),
    ],
)
def test_malformed_requests_are_refused(body: bytes) -> None:
    with pytest.raises(RequestMalformed) as caught:
        witness.parse_add_checkpoint(body)
    assert caught.value.status == 400


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_a_named_error(body: bytes) -> None:
    with pytest.raises(RequestMalformed):
        witness.parse_add_checkpoint(body)


def test_requests_read_back() -> None:
    request = ask(8, PROOF, GOOD)
    assert (request.old_size, list(request.proof), request.note, request.origin) == (8, PROOF, GOOD, ORIGIN)


TEXT = note.parse_note(GOOD).text


def test_a_witness_s_answer_is_verified_before_it_is_used() -> None:
    body = witness.format_cosignatures([cosign(TEXT, WITNESS, TIME)])
    (verified,) = witness.parse_cosignatures(body, TEXT, KEYS)
    assert verified.signature.time == TIME
    assert open_checkpoint(add_signatures(GOOD, [verified.signature]), KEYS).time == TIME


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", NoteMalformed),
        (b"<html>\n", NoteMalformed),
        (LOG.sign(TEXT).line.encode(), UnknownKey),
        (Signature(WITNESS.name, WITNESS.verifier.key_id, bytes(72)).line.encode(), SignatureInvalid),
        (cosign(TEXT + "x\n", WITNESS, TIME).line.encode(), SignatureInvalid),
        (b"a" * (witness.MAX_BODY + 1), RequestMalformed),
    ],
)
def test_other_answers_are_refused(body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        witness.parse_cosignatures(body, TEXT, KEYS)
