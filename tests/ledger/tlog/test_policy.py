"""Policies are read as octets and decide which witnesses suffice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tlog import note, policy
from ledger.tlog.checkpoint import add_signatures, cosign
from ledger.tlog.errors import PolicyMalformed, QuorumMissing, UnknownKey
from ledger.tlog.note import COSIGNATURE, ML_DSA_44, VerifierKey
from ledger.tlog.policy import Policy, PolicyGroup, PolicyLog, PolicyWitness
from tests.ledger.tlog.cast import LOG, OTHER_LOG, TIME, WITNESS, SmallLog, make_entries, make_signer

SIGNERS = {name: make_signer(f"witness.example/{name}", COSIGNATURE) for name in ("X1", "X2", "X3", "Y1", "Y2", "Y3")}
KEYS = {name: signer.verifier for name, signer in SIGNERS.items()}
WITNESS_LINES = "".join(f"witness {name} {key}\n" for name, key in KEYS.items())
# The structure of the example in C2SP tlog-policy.md at 5ba5ee8, with keys of our own.
EXAMPLE = f"""# two operators
log {LOG.verifier}

{WITNESS_LINES}
group X-witnesses 2 X1 X2 X3
 group\tY-witnesses any  Y1 Y2 Y3
group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""
POLICY = policy.parse_policy(EXAMPLE.encode())


@given(st.sets(st.sampled_from(sorted(KEYS))))
def test_the_example_quorum_is_two_of_x_and_one_of_y(names: set[str]) -> None:
    enough = sum(name.startswith("X") for name in names) >= 2 and any(name.startswith("Y") for name in names)
    cosigners = {KEYS[name] for name in names}
    if enough:
        policy.check_quorum(POLICY, cosigners)
    else:
        with pytest.raises(QuorumMissing, match="X-and-Y"):
            policy.check_quorum(POLICY, cosigners)


@given(st.lists(st.sets(st.integers(0, 5)), min_size=1, max_size=6), st.integers(1, 6))
def test_adding_a_cosignature_never_loses_a_quorum(steps: list[set[int]], threshold: int) -> None:
    names = sorted(KEYS)
    some = replace(POLICY, groups=(PolicyGroup("g", threshold, tuple(names)),), quorum="g")
    have: set[int] = set()
    reached = False
    for step in steps:
        have |= step
        try:
            policy.check_quorum(some, {KEYS[names[i]] for i in have})
            now = True
        except QuorumMissing:
            now = False
        assert now == (len(have) >= threshold)
        assert now or not reached
        reached = now


def test_policies_read_back() -> None:
    assert policy.parse_policy(policy.format_policy(POLICY)) == POLICY
    none = Policy((PolicyLog(LOG.verifier, "https://log.example/"),))
    assert policy.parse_policy(policy.format_policy(none)) == none


def test_names_are_octets_and_never_normalised() -> None:
    latin1 = b"log %s\n" % str(LOG.verifier).encode()
    names = [b"K", "\u212a".encode(), "é".encode(), "e\u0301".encode(), b"\xff\xfe"]
    for name, key in zip(names, KEYS.values(), strict=False):
        latin1 += b"witness %s %s\n" % (name, str(key).encode())
    parsed = policy.parse_policy(latin1 + b"quorum \xff\xfe\n")
    assert len({witness.name for witness in parsed.witnesses}) == 5
    assert policy.parse_policy(policy.format_policy(parsed)) == parsed


def test_a_checkpoint_opens_by_policy_once_the_quorum_cosigned() -> None:
    log = SmallLog(make_entries(3))
    data = log.checkpoint(time=None)
    with pytest.raises(QuorumMissing):
        policy.open_with_policy(data, POLICY)
    text = note.parse_note(data).text
    data = add_signatures(data, [cosign(text, SIGNERS[name], TIME) for name in ("X1", "X3", "Y2")])
    assert policy.open_with_policy(data, POLICY).time == TIME


def test_a_log_outside_the_policy_is_refused_unless_known_from_elsewhere() -> None:
    data = SmallLog(make_entries(3), OTHER_LOG).checkpoint(time=None)
    anyone = Policy((PolicyLog(LOG.verifier),))
    with pytest.raises(UnknownKey):
        policy.open_with_policy(data, anyone)
    assert policy.open_with_policy(data, anyone, [OTHER_LOG.verifier]).checkpoint.size == 3


def test_a_witness_whose_key_cannot_be_verified_never_counts() -> None:
    public = bytes(1312)
    key_id = note.compute_key_id("witness.example/pq", ML_DSA_44, public)
    key = VerifierKey("witness.example/pq", key_id, ML_DSA_44, public)
    some = policy.parse_policy(f"log {LOG.verifier}\nwitness pq {key}\nquorum pq\n".encode())
    text = note.parse_note(SmallLog(make_entries(3)).checkpoint(time=None)).text
    forged = note.Signature(key.name, key.key_id, bytes(8 + 2420))
    data = note.format_note(text, [LOG.sign(text), forged])
    with pytest.raises(QuorumMissing):
        policy.open_with_policy(data, some)


def test_thirty_two_of_each_are_supported() -> None:
    signers = [make_signer(f"many.example/{i}", COSIGNATURE) for i in range(32)]
    lines = [f"log {make_signer(f'log.example/{i}').verifier}" for i in range(32)]
    lines += [f"witness w{i} {signer.verifier}" for i, signer in enumerate(signers)]
    lines += [f"group g{i} all w{i}" for i in range(31)] + ["group all 31 " + " ".join(f"g{i}" for i in range(31))]
    parsed = policy.parse_policy("\n".join([*lines, "quorum all", ""]).encode())
    assert (len(parsed.logs), len(parsed.witnesses), len(parsed.groups)) == (32, 32, 32)
    policy.check_quorum(parsed, {signer.verifier for signer in signers})


W = f"witness w {WITNESS.verifier}\n"
L = f"log {LOG.verifier}\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "newline"),
        (L, "exactly one quorum"),
        ("quorum none\nquorum none\n", "exactly one quorum"),
        ("quorum none", "newline"),
        ("quorum nobody\n", "defined before"),
        (f"quorum w\n{W}", "defined before"),
        (f"{W}{W}quorum w\n", "new name"),
        (f"{W}witness v {WITNESS.verifier}\nquorum w\n", "once"),
        (f"{L}{L}quorum none\n", "once"),
        (f"witness none {WITNESS.verifier}\nquorum none\n", "none"),
        (f"log {WITNESS.verifier}\nquorum none\n", "log key of type"),
        (f"witness w {LOG.verifier}\nquorum w\n", "witness key of type"),
        (f"group g all w\n{W}quorum none\n", "defined before"),
        (f"{W}group g all w w\nquorum g\n", "in no group"),
        (f"{W}group g all w\ngroup h all w\nquorum h\n", "in no group"),
        (f"{W}group w all w\nquorum w\n", "new name"),
        (f"{W}group g 2 w\nquorum g\n", "threshold"),
        (f"{W}group g 0 w\nquorum g\n", "threshold"),
        (f"{W}group g 01 w\nquorum g\n", "threshold"),
        (f"{W}group g some w\nquorum g\n", "threshold"),
        (f"{W}group g all\nquorum g\n", "items"),
        (f"{W}group g all g\nquorum g\n", "defined before"),
        (f"{W}group g all none\nquorum g\n", "defined before"),
        ("quorum\n", "items"),
        ("quorum none none\n", "items"),
        ("Quorum none\n", "items"),
        ("log x\nquorum none\n", "vkey"),
        (f"{L[:-1]} url more\nquorum none\n", "items"),
        ("quorum none\r\n", "control"),
        ("quorum\x0bnone\n", "control"),
        ("# \x7f\nquorum none\n", "control"),
        ("quorum\u00a0none\n", "items"),
        ("#" * (1 << 18) + "\nquorum none\n", "at most"),
    ],
)
def test_malformed_policies_are_refused(text: str, reason: str) -> None:
    with pytest.raises(PolicyMalformed, match=reason):
        policy.parse_policy(text.encode())


def test_the_line_at_fault_is_named() -> None:
    with pytest.raises(PolicyMalformed, match="line 3"):
        policy.parse_policy(f"# comment\n{L}witness\nquorum none\n".encode())


@pytest.mark.parametrize(
    "fields",
    [
        {"quorum": "nobody"},
        {"groups": (PolicyGroup("g", 1, ("nobody",)),)},
        {"groups": (PolicyGroup("g", 0, ("X1",)),)},
        {"witnesses": (PolicyWitness("a b", WITNESS.verifier),), "groups": (), "quorum": "none"},
    ],
)
def test_a_policy_that_contradicts_itself_cannot_be_made(fields: dict[str, object]) -> None:
    with pytest.raises(PolicyMalformed):
        replace(POLICY, **fields)  # type: ignore[arg-type]
