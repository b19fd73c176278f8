"""The trusted state of a log only ever grows along one history, whatever is served."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tlog import note, trusted
from ledger.tlog.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from ledger.tlog.errors import (
    CheckpointMalformed,
    InconsistentCheckpoints,
    ProofInvalid,
    Rollback,
    Stale,
    TlogError,
    UnknownKey,
)
from ledger.tlog.merkle import Frontier, hash_leaves, prove_consistency
from ledger.tlog.note import Signature
from ledger.tlog.tiles import TileReader
from ledger.tlog.trusted import TrustedLog, accept_entries, advance, resume
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

SMALL = SmallLog(make_entries(20))
FORKED = SmallLog([*make_entries(4), *make_entries(16, "forged")])
START = TrustedLog(ORIGIN, KEYS)
AT_8 = advance(START, SMALL.checkpoint(8))

histories = st.lists(st.integers(0, 20), min_size=1, max_size=6).map(sorted)


@given(histories)
def test_an_honest_log_is_followed_through_any_sizes(sizes: list[int]) -> None:
    state = START
    for size in sizes:
        state = advance(state, SMALL.checkpoint(size), SMALL.consistency(state.size, size))
        state = accept_entries(state, state.frontier.size, SMALL.entries[state.frontier.size : size])
        assert (state.size, state.root, state.frontier.root()) == (size, SMALL.root(size), SMALL.root(size))
    assert state.note is not None
    assert resume(ORIGIN, KEYS, state.note, state.frontier) == state


def test_a_refresh_takes_the_newer_time_and_never_an_older_one() -> None:
    later = advance(AT_8, SMALL.checkpoint(8, TIME + 60))
    assert later.time == TIME + 60
    assert advance(later, SMALL.checkpoint(8, TIME)) == later
    assert advance(later, SMALL.checkpoint(8, None)) == later


def test_a_refresh_at_the_same_time_may_bring_further_signatures() -> None:
    both = replace(AT_8, keys=(*KEYS, SECOND_WITNESS.verifier))
    text = note.parse_note(SMALL.checkpoint(8)).text
    more = note.format_note(text, [LOG.sign(text), WITNESS.cosign(text, TIME), SECOND_WITNESS.cosign(text, TIME)])
    assert advance(both, more).note == more


def test_the_longest_entry_is_accepted() -> None:
    log = SmallLog([b"a" * 65_535])
    state = advance(START, log.checkpoint())
    assert accept_entries(state, 0, log.entries).frontier.size == 1


def test_pitfall_2_a_rolled_back_log_is_refused_with_both_notes() -> None:
    with pytest.raises(Rollback) as caught:
        advance(AT_8, SMALL.checkpoint(7))
    assert caught.value.older == SMALL.checkpoint(8)
    assert caught.value.newer == SMALL.checkpoint(7)


def test_pitfall_1_another_root_at_the_same_size_is_a_fork_with_conclusive_evidence() -> None:
    with pytest.raises(InconsistentCheckpoints) as caught:
        advance(AT_8, FORKED.checkpoint(8))
    evidence = caught.value
    assert evidence.conclusive
    assert evidence.older is not None
    heads = [open_checkpoint(data, KEYS).checkpoint for data in (evidence.older, evidence.newer)]
    assert [head.size for head in heads] == [8, 8]
    assert heads[0].root != heads[1].root


@given(st.integers(5, 20), st.integers(5, 20))
def test_pitfall_1_a_rewritten_and_resigned_history_is_refused_with_evidence(a: int, b: int) -> None:
    old, new = sorted((a, b))
    state = advance(START, SMALL.checkpoint(old))
    proof = FORKED.consistency(old, new)
    with pytest.raises(InconsistentCheckpoints) as caught:
        advance(state, FORKED.checkpoint(new), proof)
    assert caught.value.proof == tuple(proof)
    assert caught.value.conclusive == (old == new)


def test_a_garbled_proof_alone_convicts_nobody() -> None:
    with pytest.raises(InconsistentCheckpoints) as caught:
        advance(AT_8, SMALL.checkpoint(12), SMALL.consistency(8, 12)[1:])
    assert not caught.value.conclusive


@given(st.integers(5, 20), st.integers(5, 20))
def test_tiles_checked_up_to_the_newer_root_convict_a_fork_of_any_sizes(a: int, b: int) -> None:
    old, new = sorted((a, b))
    older, newer = open_checkpoint(SMALL.checkpoint(old), KEYS), open_checkpoint(FORKED.checkpoint(new), KEYS)
    cut = SmallLog(FORKED.entries[:new])
    with pytest.raises(InconsistentCheckpoints) as caught:
        trusted.check_prefix(older, newer, TileReader(new, newer.checkpoint.root, cut.fetch))
    assert caught.value.conclusive
    honest, cut = open_checkpoint(SMALL.checkpoint(new), KEYS), SmallLog(SMALL.entries[:new])
    trusted.check_prefix(older, honest, TileReader(new, honest.checkpoint.root, cut.fetch))


def test_prefixes_are_compared_within_one_log_and_in_order() -> None:
    eight, nine = (open_checkpoint(SMALL.checkpoint(size), KEYS) for size in (8, 9))
    other = open_checkpoint(SmallLog(SMALL.entries, OTHER_LOG).checkpoint(), [OTHER_LOG.verifier])
    for older, newer in ((nine, eight), (eight, other)):
        with pytest.raises(TlogError, match="one log"):
            trusted.check_prefix(older, newer, TileReader(20, SMALL.root(), SMALL.fetch))


def test_first_contact_takes_no_proof() -> None:
    with pytest.raises(ProofInvalid):
        advance(START, SMALL.checkpoint(8), SMALL.consistency(4, 8))


def test_pitfall_9_a_log_that_names_itself_anew_does_not_get_a_fresh_state() -> None:
    renamed = SmallLog(SMALL.entries, OTHER_LOG)
    with pytest.raises(UnknownKey):
        advance(AT_8, renamed.checkpoint(time=None), renamed.consistency(8))
    with pytest.raises(CheckpointMalformed):
        advance(AT_8, renamed.checkpoint(), renamed.consistency(8))
    with pytest.raises(CheckpointMalformed):
        advance(replace(AT_8, keys=(*KEYS, OTHER_LOG.verifier)), renamed.checkpoint(), renamed.consistency(8))


def test_pitfall_9_entries_that_do_not_hash_to_the_tree_are_not_accepted() -> None:
    """The linear part is checked against the tree, entry by entry."""
    for position in range(8):
        altered = [*SMALL.entries[:8]]
        altered[position] = b"another entry"
        with pytest.raises(ProofInvalid, match="not those it signed"):
            accept_entries(AT_8, 0, altered)


def test_pitfall_7_a_flipped_bit_in_an_entry_is_noticed_while_the_proofs_still_verify() -> None:
    flipped = bytes([SMALL.entries[3][0] ^ 1]) + SMALL.entries[3][1:]
    reader = TileReader(20, SMALL.root(), SMALL.fetch)
    state = advance(START, SMALL.checkpoint())
    with pytest.raises(ProofInvalid):
        accept_entries(state, 0, [*SMALL.entries[:3], flipped], prove_consistency(4, 20, reader))


@given(st.lists(st.integers(0, 6), min_size=1, max_size=8))
def test_entries_are_accepted_run_by_run_each_proven_against_the_checkpoint(runs: list[int]) -> None:
    state = advance(START, SMALL.checkpoint())
    reader = TileReader(20, SMALL.root(), SMALL.fetch)
    for run in runs:
        start = state.frontier.size
        stop = min(start + run, 20)
        state = accept_entries(state, start, SMALL.entries[start:stop], prove_consistency(stop, 20, reader))
        assert state.frontier == Frontier().append(LEAVES[:stop])


LEAVES = hash_leaves(SMALL.entries)


@pytest.mark.parametrize(
    ("start", "entries"),
    [(1, SMALL.entries[1:8]), (0, SMALL.entries[:9]), (0, SMALL.entries[:7]), (0, [b"a" * 65_536]), (-1, [])],
)
def test_runs_with_gaps_overshoot_or_without_proof_are_refused(start: int, entries: list[bytes]) -> None:
    with pytest.raises(ProofInvalid):
        accept_entries(AT_8, start, entries)


def test_pitfall_5_the_stored_note_opens_again_whatever_lines_were_added() -> None:
    fake = Signature(SECOND_WITNESS.name, SECOND_WITNESS.verifier.key_id, bytes(72))
    text = note.parse_note(SMALL.checkpoint(8)).text
    data = note.format_note(text, [LOG.sign(text), WITNESS.cosign(text, TIME), fake])
    state = advance(START, data)
    keys = (*KEYS, SECOND_WITNESS.verifier)
    assert resume(ORIGIN, keys, state.note, state.frontier).size == 8


def test_pitfall_8_rotation_is_followed_over_a_checkpoint_signed_by_both_keys() -> None:
    new = make_signer(ORIGIN, label="new")
    both = replace(AT_8, keys=(*KEYS, new.verifier))
    head = Checkpoint(ORIGIN, 12, SMALL.root(12))
    state = advance(both, sign_checkpoint(head, LOG, new), SMALL.consistency(8, 12))
    only_new = resume(ORIGIN, [new.verifier], state.note, state.frontier)
    head = Checkpoint(ORIGIN, 20, SMALL.root())
    assert advance(only_new, sign_checkpoint(head, new), SMALL.consistency(12)).size == 20
    with pytest.raises(UnknownKey):
        advance(only_new, SMALL.checkpoint(), SMALL.consistency(12))


def test_a_state_that_claims_more_entries_than_signed_is_not_resumed() -> None:
    with pytest.raises(TlogError, match="restore both"):
        resume(ORIGIN, KEYS, SMALL.checkpoint(8), Frontier().append(LEAVES[:9]))
    with pytest.raises(TlogError, match="restore both"):
        resume(ORIGIN, KEYS, None, Frontier().append(LEAVES[:1]))
    with pytest.raises(ProofInvalid, match="replay"):
        resume(ORIGIN, KEYS, SMALL.checkpoint(2), Frontier().append(LEAVES[1:3]))


def test_an_altered_stored_note_is_not_resumed() -> None:
    with pytest.raises(TlogError):
        resume(ORIGIN, KEYS, SMALL.checkpoint(8).replace(b"\n8\n", b"\n9\n"), Frontier())


SIGNED = open_checkpoint(SMALL.checkpoint(), KEYS)


@pytest.mark.parametrize(("now", "age"), [(TIME, 0), (TIME + 100, 100), (TIME - 60, 0)])
def test_the_age_of_a_checkpoint_is_told(now: int, age: int) -> None:
    assert trusted.check_freshness(SIGNED, now, 100) == age


@pytest.mark.parametrize(("now", "witnesses"), [(TIME + 101, 1), (TIME - 61, 1), (TIME, 2)])
def test_pitfall_10_old_future_and_unwitnessed_times_are_refused(now: int, witnesses: int) -> None:
    with pytest.raises(Stale):
        trusted.check_freshness(SIGNED, now, 100, witnesses=witnesses)


def test_pitfall_10_the_time_of_a_quorum_is_the_one_its_last_member_gave() -> None:
    text = SIGNED.text
    lines = [LOG.sign(text), WITNESS.cosign(text, TIME), SECOND_WITNESS.cosign(text, TIME - 500)]
    signed = open_checkpoint(note.format_note(text, lines), [*KEYS, SECOND_WITNESS.verifier])
    assert trusted.check_freshness(signed, TIME, 100) == 0
    with pytest.raises(Stale, match="500 s"):
        trusted.check_freshness(signed, TIME, 100, witnesses=2)


def test_pitfall_10_a_checkpoint_without_a_time_is_not_fresh() -> None:
    with pytest.raises(Stale, match="unknown"):
        trusted.check_freshness(open_checkpoint(SMALL.checkpoint(time=None), KEYS), TIME, 10**9)


def test_pitfall_10_a_clock_that_went_back_does_not_sign() -> None:
    trusted.check_clock(None, TIME)
    trusted.check_clock(TIME, TIME)
    with pytest.raises(Stale, match="clock"):
        trusted.check_clock(TIME, TIME - 1)
