"""A fork proof convicts every log that forked and no honest one, whatever hashes are put into it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tlog.checkpoint import (
    Checkpoint,
    SignedCheckpoint,
    add_signatures,
    format_checkpoint,
    open_checkpoint,
    sign_checkpoint,
)
from ledger.tlog.errors import ForkMalformed, ForkUnproven, ProofInvalid, TlogError, UnknownKey
from ledger.tlog.fork import (
    INCONSISTENT,
    KINDS,
    MAX_FORK_BYTES,
    ROLLED_BACK,
    SAME_SIZE,
    ForkProof,
    check_fork,
    format_fork,
    parse_fork,
    prove_fork,
)
from ledger.tlog.lines import encode_base64
from ledger.tlog.note import format_note
from tests import reference
from tests.ledger.tlog.cast import (
    KEYS,
    LOG,
    ORIGIN,
    OTHER_LOG,
    SECOND_WITNESS,
    TIME,
    WITNESS,
    SmallLog,
    make_entries,
    make_signer,
)

COMMON = 4
SMALL = SmallLog(make_entries(20))
FORKED = SmallLog([*make_entries(COMMON), *make_entries(16, "forged")])

sizes = st.integers(0, 20)
forked_sizes = st.integers(COMMON + 1, 20)
hashes = st.lists(st.binary(min_size=32, max_size=32), max_size=6).map(tuple)


def signed(log: SmallLog, size: int, time: int | None = TIME) -> SignedCheckpoint:
    return open_checkpoint(log.checkpoint(size, time), KEYS)


def tree(log: SmallLog, size: int) -> reference.EntryList:
    return reference.EntryList(log.entries[:size])


def forge(kind: str, older: SignedCheckpoint, newer: SignedCheckpoint, proof: tuple[bytes, ...]) -> ForkProof:
    keys = {item.key for one in (older, newer) for item in one.verified}
    return ForkProof(ORIGIN, tuple(sorted(keys, key=str)), older.raw, newer.raw, proof, kind)


def examples() -> Iterator[ForkProof]:
    """One fork of each kind, and the inconsistent ones with and without the power of two."""
    yield prove_fork(signed(SMALL, 9), signed(FORKED, 9))
    yield prove_fork(signed(SMALL, 7), signed(FORKED, 12), tree(FORKED, 12))
    yield prove_fork(signed(SMALL, 8), signed(FORKED, 12, None), tree(FORKED, 12))
    yield prove_fork(signed(SMALL, 7, TIME + 1), signed(SMALL, 12), tree(SMALL, 12))


EXAMPLES = list(examples())
MUTATED = EXAMPLES[2:]


def test_each_kind_is_told_apart() -> None:
    assert [fork.kind for fork in EXAMPLES] == [SAME_SIZE, INCONSISTENT, INCONSISTENT, ROLLED_BACK]
    for fork in EXAMPLES:
        shown = check_fork(fork, KEYS)
        assert (shown.kind, shown.older.checkpoint.size <= shown.newer.checkpoint.size) == (fork.kind, True)


@given(forked_sizes, forked_sizes, st.booleans())
def test_a_forked_log_is_always_convicted_by_the_hashes_of_the_reference(a: int, b: int, swapped: bool) -> None:
    older, newer = sorted((a, b))
    first, second = (FORKED, SMALL) if swapped else (SMALL, FORKED)
    fork = prove_fork(signed(first, older), signed(second, newer), tree(second, newer))
    expected = tuple(reference.proof(older, second.entries[:newer])) if older < newer else ()
    power = not older & (older - 1)
    prefix = (second.root(older),) if older < newer and power else ()
    assert fork.proof == (*prefix, *expected)
    assert fork.kind == (INCONSISTENT if older < newer else SAME_SIZE)
    assert check_fork(fork, [LOG.verifier]).root == (second.root(older) if older < newer else None)
    assert prove_fork(signed(second, newer), signed(first, older), tree(second, newer)) == fork


@given(sizes, sizes, st.integers(0, 3))
def test_an_honest_log_is_never_convicted_by_its_own_hashes(a: int, b: int, later: int) -> None:
    older, newer = sorted((a, b))
    with pytest.raises(ForkUnproven):
        prove_fork(signed(SMALL, older), signed(SMALL, newer, TIME + later), tree(SMALL, newer))
    with pytest.raises(ForkUnproven):
        prove_fork(signed(SMALL, older), signed(SMALL, newer, TIME + later))


@given(sizes, sizes, st.sampled_from(KINDS), hashes, st.data())
def test_an_honest_log_is_never_convicted_by_any_hashes(
    a: int, b: int, kind: str, invented: tuple[bytes, ...], data: st.DataObject
) -> None:
    older, newer = sorted((a, b))
    honest = SMALL.consistency(older, newer)
    mixed = tuple(data.draw(st.lists(st.sampled_from([*honest, SMALL.root(older), *invented, bytes(32)]), max_size=7)))
    for proof in (invented, mixed, (), (SMALL.root(older), *honest), (bytes(32), *honest), tuple(honest)):
        with pytest.raises(TlogError):
            check_fork(forge(kind, signed(SMALL, older), signed(SMALL, newer), proof))


@given(st.integers(0, 10), st.integers(0, 10))
def test_times_convict_only_when_the_smaller_tree_is_vouched_for_later(before: int, after: int) -> None:
    small, large = signed(SMALL, 5, TIME + after), signed(SMALL, 9, TIME + before)
    if after > before:
        times = check_fork(prove_fork(small, large), KEYS).times
        assert times == (WITNESS.verifier, TIME + before, TIME + after)
    else:
        with pytest.raises(ForkUnproven):
            prove_fork(small, large)


def test_the_earliest_word_on_the_larger_and_the_latest_on_the_smaller_tree_count() -> None:
    """A refresh moves the time of the larger tree on; what was said of it before stays said."""
    text = format_checkpoint(Checkpoint(ORIGIN, 9, SMALL.root(9)))
    twice = format_note(text, [LOG.sign(text), WITNESS.cosign(text, TIME), WITNESS.cosign(text, TIME + 60)])
    fork = prove_fork(signed(SMALL, 5, TIME + 30), open_checkpoint(twice, KEYS))
    times = check_fork(fork, KEYS).times
    assert times is not None
    assert times[1:] == (TIME, TIME + 30)


def test_a_rollback_needs_both_times_of_one_key_and_that_key_given() -> None:
    fork = EXAMPLES[-1]
    with pytest.raises(ForkUnproven, match="among the keys given"):
        check_fork(fork, [LOG.verifier])
    both = [*KEYS, SECOND_WITNESS.verifier]
    text = signed(SMALL, 5).text
    other = format_note(text, [LOG.sign(text), SECOND_WITNESS.cosign(text, TIME + 60)])
    with pytest.raises(ForkUnproven):
        prove_fork(open_checkpoint(other, both), open_checkpoint(SMALL.checkpoint(9), both))


def test_a_signed_empty_tree_that_is_not_empty_needs_no_hashes() -> None:
    text = format_checkpoint(Checkpoint(ORIGIN, 0, bytes(32)))
    lie = open_checkpoint(format_note(text, [LOG.sign(text)]), KEYS)
    fork = prove_fork(lie, signed(SMALL, 5))
    assert (fork.kind, fork.proof) == (INCONSISTENT, ())
    assert check_fork(fork).root == SMALL.root(0)
    with pytest.raises(TlogError):
        check_fork(forge(INCONSISTENT, lie, lie, ()))


def test_hashes_of_another_tree_prove_nothing() -> None:
    with pytest.raises(ProofInvalid):
        prove_fork(signed(SMALL, 7), signed(FORKED, 12), tree(SMALL, 12))


def test_checkpoints_of_two_logs_are_no_fork() -> None:
    other = SmallLog(FORKED.entries, OTHER_LOG)
    theirs = open_checkpoint(other.checkpoint(9), [OTHER_LOG.verifier, WITNESS.verifier])
    with pytest.raises(ForkUnproven):
        prove_fork(signed(SMALL, 9), theirs)
    with pytest.raises(TlogError):
        check_fork(forge(SAME_SIZE, signed(SMALL, 9), theirs, ()))


@pytest.mark.parametrize("fork", EXAMPLES, ids=lambda fork: fork.kind)
def test_only_the_given_keys_convict(fork: ForkProof) -> None:
    stranger = make_signer(ORIGIN, label="stranger")
    with pytest.raises(UnknownKey):
        check_fork(fork, [stranger.verifier])
    with pytest.raises(UnknownKey):
        check_fork(fork, [])
    with pytest.raises(UnknownKey):
        check_fork(fork, [WITNESS.verifier])
    assert check_fork(fork, [*KEYS, stranger.verifier]).kind == fork.kind


def test_two_keys_of_one_log_convict_together_when_both_are_given() -> None:
    """A rotated key and its successor are one log's word, for whoever knows both."""
    successor = make_signer(ORIGIN, label="successor")
    theirs = SmallLog(FORKED.entries, successor).checkpoint(9)
    fork = prove_fork(signed(SMALL, 9), open_checkpoint(theirs, [successor.verifier, WITNESS.verifier]))
    assert check_fork(fork, [*KEYS, successor.verifier]).kind == SAME_SIZE
    with pytest.raises(UnknownKey):
        check_fork(fork, KEYS)


def test_lines_of_others_and_keys_that_did_not_sign_are_refused() -> None:
    fork = EXAMPLES[0]
    text = signed(SMALL, 9).text
    with pytest.raises(ForkMalformed):
        check_fork(replace(fork, older=add_signatures(fork.older, [SECOND_WITNESS.cosign(text, TIME)])))
    keys = tuple(sorted([*fork.keys, SECOND_WITNESS.verifier], key=str))
    with pytest.raises(ForkMalformed):
        check_fork(replace(fork, keys=keys))


@pytest.mark.parametrize("fork", EXAMPLES, ids=lambda fork: fork.kind)
def test_one_fork_has_one_order(fork: ForkProof) -> None:
    with pytest.raises(ForkMalformed):
        check_fork(replace(fork, older=fork.newer, newer=fork.older))


def test_the_fingerprint_is_of_the_two_trees_whoever_signed_beside_the_log() -> None:
    fork = prove_fork(signed(SMALL, 9), signed(FORKED, 9))
    assert prove_fork(signed(FORKED, 9, TIME + 9), signed(SMALL, 9, None)).fingerprint == fork.fingerprint
    assert len({one.fingerprint for one in EXAMPLES}) == len(EXAMPLES)


@pytest.mark.parametrize("fork", EXAMPLES, ids=lambda fork: fork.kind)
def test_a_file_reads_back_as_it_was_written(fork: ForkProof) -> None:
    data = format_fork(fork)
    assert parse_fork(data) == fork
    assert format_fork(parse_fork(data)) == data
    assert fork.older in data
    assert fork.newer in data


@given(forked_sizes, forked_sizes)
def test_every_proof_survives_its_file(a: int, b: int) -> None:
    older, newer = sorted((a, b))
    fork = prove_fork(signed(SMALL, older), signed(FORKED, newer), tree(FORKED, newer))
    assert parse_fork(format_fork(fork)) == fork


@pytest.mark.parametrize("fork", MUTATED, ids=lambda fork: fork.kind)
def test_no_byte_of_a_file_can_be_changed_or_left_out(fork: ForkProof) -> None:
    data = format_fork(fork)
    for at in range(len(data)):
        for changed in (data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], data[:at] + data[at + 1 :], data[:at]):
            with pytest.raises(TlogError):
                check_fork(parse_fork(changed))


@pytest.mark.parametrize("fork", MUTATED, ids=lambda fork: fork.kind)
def test_no_line_of_a_file_can_be_left_out_repeated_or_moved(fork: ForkProof) -> None:
    """But for two signature lines of one note, which say the same in either order."""
    lines = format_fork(fork).decode().splitlines(keepends=True)
    for at, line in enumerate(lines):
        moved = [*lines[:at], *lines[at + 1 : at + 2], line, *lines[at + 2 :]]
        if [one[0] for one in lines[at : at + 2]] == ["—", "—"]:
            assert check_fork(parse_fork("".join(moved).encode())).kind == fork.kind
            moved = lines
        for changed in (lines[:at] + lines[at + 1 :], [*lines[:at], line, *lines[at:]], moved):
            if changed != lines:
                with pytest.raises(TlogError):
                    check_fork(parse_fork("".join(changed).encode()))


def test_hashes_in_another_order_or_altered_prove_nothing() -> None:
    fork = EXAMPLES[1]
    for proof in (fork.proof[::-1], fork.proof[1:], (*fork.proof, bytes(32)), (bytes(32), *fork.proof[1:])):
        with pytest.raises(ProofInvalid):
            check_fork(replace(fork, proof=proof))


def test_a_claim_of_another_kind_is_refused() -> None:
    for fork in EXAMPLES:
        for kind in {*KINDS, "other", ""} - {fork.kind}:
            with pytest.raises(TlogError):
                check_fork(replace(fork, kind=kind))


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_with_a_named_error(data: bytes) -> None:
    with pytest.raises(ForkMalformed):
        parse_fork(data)
    with pytest.raises(ForkMalformed):
        parse_fork(b"assay/fork-proof@v1\n" + data)


def test_a_file_is_bounded() -> None:
    data = format_fork(EXAMPLES[1])
    row = f"{encode_base64(bytes(32))}\n".encode()
    head, _, notes = data.partition(b"\n\n")
    key = f"key {LOG.verifier}\n".encode()
    for changed in (
        data + b"a" * MAX_FORK_BYTES,
        head + b"\n" + row * 65 + b"\n" + notes,
        data.replace(key, key * 17),
    ):
        with pytest.raises(ForkMalformed):
            parse_fork(changed)


def test_what_would_not_read_back_is_not_written() -> None:
    fork = EXAMPLES[1]
    for changed in (
        replace(fork, keys=fork.keys[::-1]),
        replace(fork, keys=()),
        replace(fork, kind="other"),
        replace(fork, proof=(b"short",)),
        replace(fork, older=fork.older[:-1]),
        replace(fork, origin="a\nb"),
    ):
        with pytest.raises(ForkMalformed):
            format_fork(changed)


def test_a_log_that_signs_an_extension_line_beside_the_same_tree_has_not_forked() -> None:
    head = Checkpoint(ORIGIN, 9, SMALL.root(9), ("note",))
    other = open_checkpoint(sign_checkpoint(head, LOG, WITNESS, time=TIME + 5), KEYS)
    with pytest.raises(ForkUnproven):
        prove_fork(signed(SMALL, 9), other)
