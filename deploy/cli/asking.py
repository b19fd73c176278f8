"""Asking: a node's answer to a trust question, believed only as far as its proofs go and decided again here.

What the proofs cannot show (that the node left out no later entry) is said, unless the whole ledger is replayed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from deploy.cli.audit import audit_node
from deploy.cli.evidence import Proven, Unproven, check_evidence, check_own_keys, check_transaction_time
from deploy.cli.keys import Keys
from deploy.cli.node import Node
from deploy.cli.peers import Witnessed, check_peers
from ledger.tlog.errors import TlogError
from register.audit import AuditFault, Cut
from register.errors import RegisterError
from register.knowledge import Known, find_shared_issuers, gather, replay_proven
from register.state import State
from register.trust import AskedQuestion, Decision, Facts, decide, judge_freshness
from register.trust.facts import RECOGNISED

Shared = Mapping[str, tuple[str, ...]]
"""Origin → issuers there that are of the institution asked about by another register's record."""

DAY: Final = 86_400
NOT_BELIEVED: Final = (Unproven, TlogError, AuditFault, RegisterError)
"""What `verify_answer` raises about an answer whose proofs do not hold."""

_WORD_OF_NODE: Final = (
    "that the node left out no entry about this (run with --audit to replay its whole ledger)",
    "that the entries obey the register's rules about other records (--audit checks that too)",
)
_WORD_OF_PEER: Final = "that no entry of {origin} about this was left out (run assay audit on that register)"


@dataclass(frozen=True, slots=True)
class Verified:
    """A decision computed here, from proven entries (or from the whole ledger when `audited`), and from `peers`'."""

    decision: Decision
    proven: Proven
    keys: Keys
    audited: bool
    peers: tuple[Witnessed, ...] = ()

    @property
    def rests_on_word(self) -> list[str]:
        """What still rests on the node's word."""
        words = [] if self.audited else list(_WORD_OF_NODE)
        words += [_WORD_OF_PEER.format(origin=peer.state.origin) for peer in self.peers if self.audited]
        if not self.keys.pinned:
            words.append(f"that {self.keys.log[0]} is its key: it was taken from the node itself; pin it with --vkey")
        return words


def verify_answer(
    node: Node,
    keys: Keys,
    asked: AskedQuestion,
    answer: Mapping[str, Any],
    now: datetime,
    *,
    max_age: int = DAY,
    audit: bool = False,
) -> Verified:
    """Check the proofs of an answer, replay what they prove, and decide again from that alone.

    `max_age` is how old, in seconds, the newest checkpoint may be; with `audit` the node's whole ledger is replayed.
    Raises NOT_BELIEVED when the proofs do not hold or lead to another decision, NodeError when the node cannot be
    asked further.
    """
    proven = check_evidence(answer, keys)
    check_transaction_time(proven, asked, keys.origin)
    if audit:
        proven, state = _audit(node, keys, asked, proven)
    else:
        proven = proven if proven.signed else replace(proven, signed=node.read_checkpoint(keys))
        state = replay_proven(keys.origin, proven.entries, proven.size)
        check_own_keys(state.register, keys)
    peers = tuple(check_peers(answer, state, asked))
    _check_named_ledger(asked, [state, *(peer.state for peer in peers)])
    decision = _decide([Witnessed(state, proven, RECOGNISED), *peers], asked, max_age, now)
    if decision.decision != answer.get("decision") and not _only_staler(decision, answer):
        raise Unproven(f"the node says {answer.get('decision')!r}, but its own entries say {decision.decision!r}")
    return Verified(decision, proven, keys, audit, peers)


def _check_named_ledger(asked: AskedQuestion, states: Sequence[State]) -> None:
    named = asked.known_size
    if named is not None and named.origin not in {state.origin for state in states}:
        raise Unproven(f"the transaction time names a size of {named.origin}; where that cuts others is not proven")


def _only_staler(decision: Decision, answer: Mapping[str, Any]) -> bool:
    """A node may find its checkpoint fresh by its own limit where ours finds it too old; the stricter answer stands."""
    return decision.decision == "unchecked" and any(reason.code == "stale" for reason in decision.reasons)


def _audit(node: Node, keys: Keys, asked: AskedQuestion, proven: Proven) -> tuple[Proven, State]:
    """Replay the whole ledger; the state is cut where the question says, not where the node says."""
    audited = audit_node(node, keys, cut=_cut_of(asked, keys.origin))
    if audited.state.size < proven.size:
        raise Unproven(f"the node answered from {proven.size} entries but shows only {audited.state.size}")
    return Proven(proven.entries, audited.known.size, audited.signed), audited.known


def _cut_of(asked: AskedQuestion, origin: str) -> Cut | None:
    """Return which entries the question's transaction time lets us use, or None for all."""
    instant, named = asked.known_instant, asked.known_size
    if named is not None and named.origin == origin:
        return lambda index, time: index < named.size
    if instant is not None:
        return lambda index, time: time <= instant
    return None


def _decide(ledgers: Sequence[Witnessed], asked: AskedQuestion, max_age: int, now: datetime) -> Decision:
    """Decide from what was proven of the node's own ledger, the first one, and of its peers'."""
    question = asked.known_as({ledger.state.origin: ledger.state.size for ledger in ledgers})
    shared = find_shared_issuers([ledger.state for ledger in ledgers], question.issuer)
    known = [_gather(ledger, shared, asked, max_age, now, own=ledger is ledgers[0]) for ledger in ledgers]
    facts = Facts(tuple(one.facts for one in known), {one.facts.origin: one.asked for one in known}, shared)
    return decide(question, facts)


def _gather(
    ledger: Witnessed, shared: Shared, asked: AskedQuestion, max_age: int, now: datetime, *, own: bool
) -> Known:
    """Collect what one ledger says; a peer's word may be no older than the stricter of two limits."""
    proven, time = ledger.proven, ledger.proven.checkpoint_time
    limit = min(max_age, ledger.recognition.max_age_seconds or max_age)
    covered = asked.pinned and (asked.known_instant is None or time is None or asked.known_instant <= time)
    age, stale = judge_freshness(time, now, asked.known_instant, limit, covered)
    return gather(
        ledger.state,
        asked.question.issuer,
        asked.question.key,
        own=own,
        checkpoint_size=proven.signed.checkpoint.size if proven.signed else 0,
        checkpoint_time=time,
        age_seconds=age,
        stale=stale,
        limit_seconds=limit,
        recognition=ledger.recognition,
        shared=shared.get(ledger.state.origin, ()),
    )
