"""Whose cosignatures a peer's checkpoint needs: by the operator's file, or any other peer's witness."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from federation.errors import HeldBack
from federation.models import Following
from federation.policy import Judgement, PolicyUnusable, count_wanted, hold_to_policy, judge, read_policy
from ledger.signer import node_signers
from ledger.tlog.checkpoint import add_signatures
from ledger.tlog.errors import QuorumMissing
from ledger.tlog.note import Signer, parse_note
from ledger.tlog.policy import NONE, Policy, PolicyGroup, PolicyWitness, check_quorum
from tests.federation.logs import DE, FR, IT, NL, Country

pytestmark = pytest.mark.django_db
LOG = DE.make_log(8)


@pytest.fixture
def path(settings: Settings, tmp_path: Path) -> Path:
    settings.ASSAY_POLICY_FILE = tmp_path / "policy.txt"
    return tmp_path / "policy.txt"


def signed_by(*signers: Signer, ahead: int = 0) -> bytes:
    note = LOG.checkpoint(8, time=None)
    now = int(timezone.now().timestamp()) + ahead
    return add_signatures(note, [signer.cosign(parse_note(note).text, now) for signer in signers])


def judge_german(*signers: Signer) -> Judgement:
    return judge(DE.follow(), signed_by(*signers))


def test_without_a_file_one_witness_of_another_peer_is_wanted(path: Path) -> None:
    for country in (DE, FR, IT):
        country.follow()
    assert judge_german(FR.witness) == Judgement((FR.witness.name,), 1, True)
    assert judge_german(FR.witness, IT.witness).have == (FR.witness.name, IT.witness.name)
    lacking = judge_german(DE.witness, node_signers().witness, NL.witness)
    assert (lacking.have, lacking.wanted, lacking.met) == ((), 1, False), "its own, ours and strangers do not count"
    assert "got those of no witness" in lacking.reason


def test_where_there_is_no_other_peer_none_is_wanted(path: Path) -> None:
    assert judge_german() == Judgement((), 0, True)


def test_a_withdrawn_or_frozen_peer_counts_no_more(path: Path) -> None:
    FR.follow()
    IT.follow()
    Following.objects.filter(origin=FR.origin).update(status="frozen")
    assert not judge_german(FR.witness).met
    Following.objects.filter(origin=FR.origin).update(status="paused")
    assert judge_german(FR.witness).met


def test_peers_that_name_one_key_twice_spoil_nothing(path: Path) -> None:
    FR.follow(witness_vkeys=[str(FR.witness.verifier), str(FR.witness.verifier)])
    IT.follow(vkeys=[str(FR.log.verifier)], witness_vkeys=[str(FR.witness.verifier)])
    NL.follow(witness_vkeys=[str(DE.witness.verifier)])
    assert judge_german(FR.witness).met
    assert not judge_german(DE.witness).met, "under another's name it is still the log's own"


def test_a_cosignature_from_the_future_or_of_another_checkpoint_does_not_count(path: Path) -> None:
    FR.follow()
    assert not judge(DE.follow(), signed_by(FR.witness, ahead=3600)).met
    other = FR.witness.cosign(parse_note(LOG.checkpoint(7)).text, int(timezone.now().timestamp()))
    assert not judge(DE.follow(), add_signatures(LOG.checkpoint(8, time=None), [other])).met


def write(path: Path, *lines: str) -> None:
    path.write_text("".join(f"{line}\n" for line in lines))


def witness_line(country: Country) -> str:
    return f"witness {country.code} {country.witness.verifier}"


def test_the_file_decides_where_there_is_one(path: Path) -> None:
    FR.follow()
    write(path, *map(witness_line, (FR, IT, NL)), "group two 2 fr it nl", "quorum two")
    lacking = judge_german(FR.witness)
    assert (lacking.have, lacking.wanted, lacking.met) == ((FR.witness.name,), 2, False)
    assert judge_german(FR.witness, NL.witness) == Judgement((FR.witness.name, NL.witness.name), 2, True)
    write(path, "quorum none")
    assert judge_german() == Judgement((), 0, True)


def test_a_file_that_names_logs_accepts_only_those(path: Path) -> None:
    write(path, f"log {FR.log.verifier}", witness_line(FR), "quorum fr")
    refused = judge_german(FR.witness)
    assert not refused.met
    assert "add its log line" in refused.reason
    write(path, f"log {DE.log.verifier}", witness_line(FR), "quorum fr")
    assert judge_german(FR.witness).met


@pytest.mark.parametrize("content", [b"", b"quorum fr\n", b"\xff\x00\n", b"witness fr nonsense\nquorum fr\n"])
def test_a_file_that_cannot_be_used_is_an_error_and_never_passed_over(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    for asked in (read_policy, judge_german):
        with pytest.raises(PolicyUnusable, match="ASSAY_POLICY_FILE"):
            asked()


def test_a_file_that_cannot_be_read_is_an_error(path: Path) -> None:
    path.mkdir()
    with pytest.raises(PolicyUnusable):
        read_policy()


def test_closed_holds_a_checkpoint_back_that_open_lets_pass(path: Path, settings: Settings) -> None:
    FR.follow()
    for choice in ("open", "closed"):
        settings.ASSAY_COSIGN_POLICY = choice
        assert hold_to_policy(DE.follow(), signed_by(FR.witness)).met
    with pytest.raises(HeldBack, match="0 of 1 are there"):
        hold_to_policy(DE.follow(), signed_by())
    settings.ASSAY_COSIGN_POLICY = "open"
    assert not hold_to_policy(DE.follow(), signed_by()).met


def test_a_node_with_a_policy_file_that_cannot_be_used_says_so_when_it_is_checked(path: Path) -> None:
    assert "federation.E001" not in {message.id for message in run_checks()}
    write(path, "quorum fr")
    assert "federation.E001" in {message.id for message in run_checks()}


KEYS = [Country(f"w{number}").witness.verifier for number in range(6)]


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Witnesses, then groups over whatever has not been used yet."""
    witnesses = [PolicyWitness(f"w{number}", key) for number, key in enumerate(KEYS[: draw(st.integers(0, 6))])]
    free = [witness.name for witness in witnesses]
    groups: list[PolicyGroup] = []
    for _ in range(draw(st.integers(0, 4)) if free else 0):
        members = draw(st.lists(st.sampled_from(free), min_size=1, unique=True))
        groups.append(PolicyGroup(f"g{len(groups)}", draw(st.integers(1, len(members))), tuple(members)))
        free = [name for name in free if name not in members] + [groups[-1].name]
    quorum = draw(st.sampled_from([NONE, *(w.name for w in witnesses), *(group.name for group in groups)]))
    return Policy((), tuple(witnesses), tuple(groups), quorum)


@given(policies())
def test_wanted_is_the_size_of_the_smallest_set_that_makes_the_quorum(policy: Policy) -> None:
    def suffices(chosen: int) -> bool:
        try:
            check_quorum(policy, [key for number, key in enumerate(KEYS) if chosen >> number & 1])
        except QuorumMissing:
            return False
        return True

    assert count_wanted(policy) == min(chosen.bit_count() for chosen in range(64) if suffices(chosen))
