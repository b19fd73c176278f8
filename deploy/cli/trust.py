"""`assay trust`: ask a node, then believe only what its proofs show.

The node's verdict is not taken over: the entries it proves are replayed here and the same `decide` is run on them.
What that cannot show (that the node left out no later entry) is said, unless `--audit` replays the whole ledger.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from deploy.cli.audit import audit_node
from deploy.cli.evidence import Proven, Unproven, check_evidence, check_own_keys, check_transaction_time
from deploy.cli.keys import Keys
from deploy.cli.node import Node
from deploy.cli.peers import Witnessed, check_peers
from deploy.cli.report import print_answer, print_unchecked
from ledger.tlog.errors import TlogError
from register.audit import AuditFault, Cut
from register.errors import RegisterError
from register.knowledge import Known, find_shared_issuers, gather, replay_proven
from register.moments import format_instant
from register.state import State
from register.trust import AskedQuestion, Decision, Facts, decide, format_decision, judge_freshness, parse_question
from register.trust.facts import RECOGNISED

Shared = Mapping[str, tuple[str, ...]]
"""Origin → issuers there that are of the institution asked about by another register's record."""

EXITS: Final = {"trusted": 0, "not_trusted": 1, "unknown": 3, "unchecked": 3}
DAY: Final = 86_400
_WORD_OF_NODE: Final = (
    "that the node left out no entry about this (run with --audit to replay its whole ledger)",
    "that the entries obey the register's rules about other records (--audit checks that too)",
)
_WORD_OF_PEER: Final = "that no entry of {origin} about this was left out (run assay audit on that register)"
_OPTIONS: Final = {
    "at": ("--at", "the instant that matters, such as 2024-06-30 (default: now)"),
    "known_at": ("--known-at", "use only what was recorded up to then: a date, or ORIGIN@TREE_SIZE"),
    "credential_type": ("--type", "credential type, code or URI"),
    "eqf_level": ("--level", "EQF level, 1 to 8"),
    "isced_f": ("--field", "ISCED-F field, 2 to 4 digits"),
    "jurisdiction": ("--country", "country or region, such as NL or NL31"),
    "programme": ("--programme", "programme id"),
    "key": ("--key", "the key that signed: a DID or thumbprint"),
    "anchored_at": ("--anchored-at", "when the credential is proven to have existed"),
}


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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("issuer", help="id, address, DID, or an identifier such as ror:… pic:… erasmus:… schac:…")
    for name, (flag, text) in _OPTIONS.items():
        parser.add_argument(flag, dest=name, help=text)
    parser.add_argument("--register", default="http://127.0.0.1:8000", metavar="URL", help="the node to ask")
    parser.add_argument("--vkey", help="the log key you know the node by")
    parser.add_argument("--max-age", type=int, default=DAY, metavar="SECONDS", help="how old its checkpoint may be")
    parser.add_argument("--audit", action="store_true", help="replay the node's whole ledger and decide from that")
    parser.add_argument("--json", action="store_true", help="print the answer and what was verified as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Ask, verify, recompute and report; returns the exit code of the verified decision."""
    now = datetime.now(UTC)
    given = {name: getattr(arguments, name) for name in _OPTIONS if getattr(arguments, name) is not None}
    asked = parse_question({"issuer": arguments.issuer, **given}, now)
    params = {"issuer": arguments.issuer, **given, "at": format_instant(asked.question.at)}
    with Node(arguments.register) as node:
        keys = node.read_keys(arguments.vkey)
        answer = node.get_json("/api/v1/trust", params)
        try:
            verified = _verify(node, keys, asked, answer, arguments, now)
        except (Unproven, TlogError, AuditFault, RegisterError) as error:
            print_unchecked(arguments.json, answer, str(error))
            return EXITS["unchecked"]
    found = format_decision(verified.decision, answer["evidence"])
    if arguments.json:
        print(json.dumps(found | {"verification": _describe(verified)}, ensure_ascii=False, indent=2))
    else:
        print_answer(found, verified.rests_on_word, _summarise(verified))
    return EXITS[verified.decision.decision]


def _verify(
    node: Node, keys: Keys, asked: AskedQuestion, answer: dict[str, Any], arguments: argparse.Namespace, now: datetime
) -> Verified:
    proven = check_evidence(answer, keys)
    check_transaction_time(proven, asked, keys.origin)
    if arguments.audit:
        proven, state = _audit(node, keys, asked, proven)
    else:
        proven = proven if proven.signed else replace(proven, signed=node.read_checkpoint(keys))
        state = replay_proven(keys.origin, proven.entries, proven.size)
        check_own_keys(state.register, keys)
    peers = tuple(check_peers(answer, state, asked))
    _check_named_ledger(asked, [state, *(peer.state for peer in peers)])
    decision = _decide([Witnessed(state, proven, RECOGNISED), *peers], asked, arguments.max_age, now)
    if decision.decision != answer.get("decision") and not _only_staler(decision, answer):
        raise Unproven(f"the node says {answer.get('decision')!r}, but its own entries say {decision.decision!r}")
    return Verified(decision, proven, keys, arguments.audit, peers)


def _check_named_ledger(asked: AskedQuestion, states: Sequence[State]) -> None:
    named = asked.known_size
    if named is not None and named.origin not in {state.origin for state in states}:
        raise Unproven(f"the transaction time names a size of {named.origin}; where that cuts others is not proven")


def _only_staler(decision: Decision, answer: dict[str, Any]) -> bool:
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


def _summarise(verified: Verified) -> str:
    proven, head = verified.proven, verified.proven.signed
    time = proven.checkpoint_time
    dated = f", signed {format_instant(time)}" if time else ""
    how = "the whole ledger was replayed" if verified.audited else f"{len(proven.entries)} entries proven"
    size = head.checkpoint.size if head else 0
    told = f"{how} under checkpoint {size} of {verified.keys.origin}{dated}; known up to entry {proven.size}"
    return told + "".join(
        f"; {len(peer.proven.entries)} entries proven of {peer.state.origin}, whose keys that ledger names"
        for peer in verified.peers
    )


def _describe(verified: Verified) -> dict[str, Any]:
    time = verified.proven.checkpoint_time
    return {
        "decision": verified.decision.decision,
        "audited": verified.audited,
        "entries_proven": sorted(verified.proven.entries),
        "checkpoint_time": format_instant(time) if time else None,
        "vkey": str(verified.keys.log[0]),
        "peers": {peer.state.origin: sorted(peer.proven.entries) for peer in verified.peers},
        "rests_on_the_nodes_word": verified.rests_on_word,
    }
