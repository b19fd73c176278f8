"""Checkpoints are read strictly; a log's key speaks for that log only; witness keys give the time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tlog import checkpoint, note
from ledger.tlog.checkpoint import Checkpoint, sign_checkpoint
from ledger.tlog.errors import CheckpointMalformed, SignatureInvalid, TlogError, UnknownKey
from ledger.tlog.merkle import EMPTY_ROOT
from ledger.tlog.note import COSIGNATURE, Signature, Signer
from tests.ledger.tlog.cast import (
    KEYS,
    LOG,
    ORIGIN,
    OTHER_LOG,
    OTHER_ORIGIN,
    SECOND_WITNESS,
    TIME,
    WITNESS,
    SmallLog,
    make_entries,
    make_signer,
)

SMALL = SmallLog(make_entries(5))
HEAD = Checkpoint(ORIGIN, 5, SMALL.root())
TEXT = checkpoint.format_checkpoint(HEAD)

lines = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)


@given(lines, st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32), st.lists(lines, max_size=3))
def test_checkpoints_read_back(origin: str, size: int, root: bytes, extensions: list[str]) -> None:
    head = Checkpoint(origin, size, root, tuple(extensions))
    assert checkpoint.parse_checkpoint(checkpoint.format_checkpoint(head)) == head


ROOT = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "a\n0\n",
        f"a\n0\n{ROOT}",
        f"\n0\n{ROOT}\n",
        f"a\n00\n{ROOT}\n",
        f"a\n01\n{ROOT}\n",
        f"a\n-1\n{ROOT}\n",
        f"a\n+1\n{ROOT}\n",
        f"a\n1_0\n{ROOT}\n",
        f"a\n1.0\n{ROOT}\n",
        f"a\n 1\n{ROOT}\n",
        f"a\n\n{ROOT}\n",
        f"a\n٣\n{ROOT}\n",
        f"a\n9223372036854775808\n{ROOT}\n",
        f"a\n0\n{ROOT[:-1]}\n",
        f"a\n0\n{ROOT[:-2]}V=\n",
        "a\n0\nAAAA\n",
        "a\n0\n\n",
        f"a\n0\n{ROOT}\n\n",
        f"a\n0\n{ROOT}\n\next\n",
        f"a\n0\n{ROOT} \n",
        f"a\n{'9' * 5000}\n{ROOT}\n",
    ],
)
def test_malformed_checkpoints_are_refused(text: str) -> None:
    with pytest.raises(CheckpointMalformed):
        checkpoint.parse_checkpoint(text)


def test_the_empty_tree_has_the_root_of_the_specification() -> None:
    assert checkpoint.parse_checkpoint(f"a\n0\n{ROOT}\n").root == EMPTY_ROOT


def test_a_signed_and_cosigned_checkpoint_opens_with_its_time() -> None:
    signed = checkpoint.open_checkpoint(SMALL.checkpoint(), KEYS, ORIGIN)
    assert signed.checkpoint == HEAD
    assert signed.raw == SMALL.checkpoint()
    assert signed.time == TIME
    assert [(c.name, c.key) for c in signed.cosignatures] == [(WITNESS.name, WITNESS.verifier)]
    assert [v.key for v in signed.log_signatures] == [LOG.verifier]


def test_without_a_trusted_witness_the_time_is_unknown() -> None:
    signed = checkpoint.open_checkpoint(SMALL.checkpoint(), [LOG.verifier])
    assert signed.time is None
    assert signed.cosignatures == ()


@given(st.integers(1, 2**63 - 1))
def test_the_cosigned_time_is_the_one_given(time: int) -> None:
    signature = checkpoint.cosign(TEXT, WITNESS, time)
    got = checkpoint.check_cosignature(TEXT, signature, WITNESS.verifier)
    assert (got.name, got.time) == (WITNESS.name, time)


def test_cosignatures_cover_time_and_extension_lines() -> None:
    signature = checkpoint.cosign(TEXT, WITNESS, TIME)
    later = Signature(WITNESS.name, signature.key_id, (TIME + 1).to_bytes(8, "big") + signature.blob[8:])
    for text, line in ((TEXT, later), (TEXT + "extension\n", signature)):
        with pytest.raises(SignatureInvalid):
            checkpoint.check_cosignature(text, line, WITNESS.verifier)


def test_a_cosignature_is_checked_only_against_the_key_it_names() -> None:
    signature = checkpoint.cosign(TEXT, WITNESS, TIME)
    for key in (SECOND_WITNESS.verifier, LOG.verifier):
        with pytest.raises(UnknownKey):
            checkpoint.check_cosignature(TEXT, signature, key)


def test_only_checkpoints_are_cosigned() -> None:
    with pytest.raises(CheckpointMalformed):
        checkpoint.cosign("any text\n", WITNESS, TIME)


def test_pitfall_4_a_signature_by_another_trusted_log_does_not_vouch_for_this_one() -> None:
    """A proof of something is not a proof of this: the other log's key signs a checkpoint with our origin."""
    data = note.format_note(TEXT, [OTHER_LOG.sign(TEXT)])
    with pytest.raises(UnknownKey, match=ORIGIN):
        checkpoint.open_checkpoint(data, [LOG.verifier, OTHER_LOG.verifier])


def test_a_witness_alone_does_not_vouch_for_a_log() -> None:
    data = note.format_note(TEXT, [WITNESS.cosign(TEXT, TIME)])
    with pytest.raises(UnknownKey):
        checkpoint.open_checkpoint(data, KEYS)


def test_another_origin_than_asked_for_is_refused() -> None:
    other = SmallLog(make_entries(5), OTHER_LOG)
    with pytest.raises(CheckpointMalformed, match=OTHER_ORIGIN):
        checkpoint.open_checkpoint(other.checkpoint(), [*KEYS, OTHER_LOG.verifier], ORIGIN)


def test_a_signed_note_that_is_no_checkpoint_is_refused() -> None:
    data = note.format_note("something else\n", [LOG.sign("something else\n")])
    with pytest.raises(CheckpointMalformed):
        checkpoint.open_checkpoint(data, KEYS)


def test_both_keys_of_a_rotation_are_accepted_side_by_side() -> None:
    new = make_signer(ORIGIN, label="new")
    data = sign_checkpoint(HEAD, LOG, new)
    for keys in ([LOG.verifier], [new.verifier], [LOG.verifier, new.verifier]):
        assert len(checkpoint.open_checkpoint(data, keys).log_signatures) == len(keys)


def test_the_latest_of_several_cosignatures_of_a_key_counts() -> None:
    times = [TIME, TIME + 5, TIME - 5]
    data = note.format_note(TEXT, [LOG.sign(TEXT), *(WITNESS.cosign(TEXT, time) for time in times)])
    signed = checkpoint.open_checkpoint(data, KEYS)
    assert [c.time for c in signed.cosignatures] == [TIME + 5]


def test_pitfall_5_only_verified_lines_are_stored() -> None:
    fake = Signature(WITNESS.name, WITNESS.verifier.key_id, bytes(72))
    data = note.format_note(TEXT, [LOG.sign(TEXT), fake, OTHER_LOG.sign(TEXT)])
    signed = checkpoint.open_checkpoint(data, [LOG.verifier])
    stored = signed.to_verified_bytes()
    assert checkpoint.open_checkpoint(stored, KEYS).checkpoint == HEAD
    assert note.parse_note(stored).signatures == (LOG.sign(TEXT),)
    with pytest.raises(SignatureInvalid):
        checkpoint.open_checkpoint(data, KEYS)


def test_added_cosignatures_replace_older_ones_of_the_same_key() -> None:
    data = SMALL.checkpoint()
    for signer in (WITNESS, SECOND_WITNESS):
        data = checkpoint.add_signatures(data, [checkpoint.cosign(TEXT, signer, TIME + 60)])
    signed = checkpoint.open_checkpoint(data, [*KEYS, SECOND_WITNESS.verifier])
    assert {c.name: c.time for c in signed.cosignatures} == {WITNESS.name: TIME + 60, SECOND_WITNESS.name: TIME + 60}
    assert len(note.parse_note(data).signatures) == 3


@pytest.mark.parametrize(
    ("signers", "reason"),
    [
        ([], "log key"),
        ([WITNESS], "log key"),
        ([OTHER_LOG], "another name"),
        ([LOG, OTHER_LOG], "another name"),
        ([LOG, LOG], "twice"),
        ([LOG, Signer("witness.example/w", COSIGNATURE, LOG.seed)], "twice"),
    ],
)
def test_pitfall_8_wrong_sets_of_signers_are_refused(signers: list[Signer], reason: str) -> None:
    with pytest.raises(TlogError, match=reason):
        sign_checkpoint(HEAD, *signers, time=TIME)


def test_a_witness_key_does_not_cosign_without_a_time() -> None:
    with pytest.raises(TlogError, match="time"):
        sign_checkpoint(HEAD, LOG, WITNESS)


@pytest.mark.parametrize(
    "head",
    [
        Checkpoint(ORIGIN, 0, SMALL.root()),
        Checkpoint(ORIGIN, 0, bytes(32)),
        Checkpoint(ORIGIN, 1, EMPTY_ROOT, ("a\rb",)),
    ],
)
def test_pitfall_12_heads_that_cannot_be_are_not_signed(head: Checkpoint) -> None:
    with pytest.raises(TlogError):
        sign_checkpoint(head, LOG)


@pytest.mark.parametrize(
    "fields", [("", 0, EMPTY_ROOT), ("a\nb", 0, EMPTY_ROOT), ("a", -1, EMPTY_ROOT), ("a", 1, b"x")]
)
def test_checkpoints_of_another_shape_cannot_be_made(fields: tuple[str, int, bytes]) -> None:
    with pytest.raises(CheckpointMalformed):
        Checkpoint(*fields)
