"""Answers to trust questions: facts, decision, and the proof of every entry the decision rests on.

The HTTP interface, the pages and the protocol adapters call this; the CLI recomputes the same decision from the
evidence alone.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ledger.logs import SignedCheckpointRow
from ledger.reader import Evidence, first_checkpoint_covering, read_evidence
from register.moments import format_instant
from register.queries.facts import Gathered, gather_facts, gather_many
from register.queries.facts_sql import MOST_CLAIMS
from register.trust import AskedQuestion, Decision, decide, format_decision

Proofs = Mapping[str, Mapping[int, Evidence]]
"""Origin → index → the entry with its receipt."""

Covering = Mapping[str, Mapping[str, Any]]
"""Origin → size, time and note of a checkpoint."""


def answer(asked: AskedQuestion, now: datetime) -> dict[str, Any]:
    """Return the decision on a question as the JSON object of the interface, with evidence.

    Raises NotUnderstood (field `known_at`) when the transaction time names a ledger or a size not held here.
    """
    gathered = gather_facts(asked, now)
    decision = _decide(asked, gathered)
    return _format(decision, gathered, _prove([decision], gathered.checkpoints), _find_covering(asked, gathered))


def answer_many(asked: Sequence[AskedQuestion], now: datetime) -> list[dict[str, Any]]:
    """Return the answers to many questions in their order, with a handful of queries per transaction time asked."""
    together: dict[Any, list[int]] = defaultdict(list)
    for number, question in enumerate(asked):
        together[question.known_instant, question.known_size].append(number)
    answers: dict[int, dict[str, Any]] = {}
    for numbers in together.values():
        gathered = gather_many([asked[number] for number in numbers], now)
        decisions = [_decide(asked[number], facts) for number, facts in zip(numbers, gathered, strict=True)]
        proofs = _prove(decisions, gathered[0].checkpoints)
        covering = _find_covering(asked[numbers[0]], gathered[0])
        answers |= {
            number: _format(decision, facts, proofs, covering)
            for number, decision, facts in zip(numbers, decisions, gathered, strict=True)
        }
    return [answers[number] for number in range(len(asked))]


def _decide(asked: AskedQuestion, gathered: Gathered) -> Decision:
    sizes = {register.origin: register.size for register in gathered.facts.registers}
    return decide(asked.known_as(sizes), gathered.facts)


def _prove(decisions: Iterable[Decision], checkpoints: Mapping[str, SignedCheckpointRow]) -> Proofs:
    cited: dict[str, dict[int, None]] = defaultdict(dict)
    for decision in decisions:
        for citation in decision.cites:
            cited[citation.origin][citation.index] = None
    return {origin: read_evidence(origin, list(indexes), checkpoints[origin]) for origin, indexes in cited.items()}


def _find_covering(asked: AskedQuestion, gathered: Gathered) -> Covering:
    """Name, for a past transaction time, the earliest checkpoint of each ledger that covers the cut.

    The times of entries are the register's own word; its checkpoint, once others countersign it, is not.
    """
    sizes = {register.origin: register.size for register in gathered.facts.registers if asked.pinned and register.size}
    found = {origin: first_checkpoint_covering(origin, size) for origin, size in sizes.items()}
    return {
        origin: {"size": head.size, "time": format_instant(head.second), "note": head.note.decode()}
        for origin, head in found.items()
    }


def _format(decision: Decision, gathered: Gathered, proofs: Proofs, covering: Covering) -> dict[str, Any]:
    evidence = []
    for origin, index in decision.cites:
        proven = proofs[origin][index]
        data = proven.data.decode()
        said = {"origin": origin, "index": index, "type": json.loads(data)["type"]}
        evidence.append({**said, "data": data, "receipt": proven.receipt})
    answer = format_decision(decision, evidence)
    for origin, checkpoint in covering.items():
        answer["fresh"][origin]["covered_by"] = checkpoint
    for origin in gathered.limited:
        answer["fresh"][origin]["most_claims"] = MOST_CLAIMS
    return answer
