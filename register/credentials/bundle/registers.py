"""Registers out of a bundle: the port that verifying needs, answered without a network.

The same questions get the same decisions as from the node that made the bundle, at the time it made it. Later it grows
old: past the verifier's limit nothing is trusted, as what has been revoked since cannot be known here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from register.credentials.bundle.index import REGISTER, name_batches, name_thing
from register.credentials.bundle.knowledge import MOST_CLAIMS, Collected, collect
from register.credentials.bundle.ledger import Ledger
from register.credentials.bundle.manifest import Manifest
from register.credentials.bundle.withdrawals import ByCommitment
from register.credentials.errors import BadBundle, Unreachable
from register.credentials.ledger_keys import list_ledger_keys
from register.credentials.ports import LedgerKeys, Withdrawals, decide_in_turn
from register.identifiers import NODE, parse_identifier
from register.knowledge import find_shared_issuers, gather, recognise
from register.moments import format_instant
from register.records import PeerRecord
from register.state import State
from register.trust import (
    AskedQuestion,
    Decision,
    Facts,
    RegisterFacts,
    decide,
    format_decision,
    judge_freshness,
    parse_question,
)
from register.trust.facts import RECOGNISED, Recognition


@dataclass(frozen=True, slots=True)
class Age:
    """From when a bundle is and how old that makes it at `now`; `limit` is the verifier's."""

    made_at: datetime
    checkpoint_time: datetime
    now: datetime
    limit: timedelta

    @property
    def since(self) -> datetime:
        """The instant from which on it knows nothing: when it was made, or its checkpoint if that is older."""
        return min(self.made_at, self.checkpoint_time)

    @property
    def seconds(self) -> int:
        """How old the bundle is."""
        return max(0, int((self.now - self.since).total_seconds()))

    @property
    def past_limit(self) -> bool:
        """Whether it is older than the verifier lets it be."""
        return self.now - self.since > self.limit


class BundleRegisters:
    """A bundle that was opened (see opening.py): `ports.Registers` for as long as `age.now` is now.

    Every method raises BadBundle when what it looks at does not hold together or is not proven.
    """

    def __init__(self, manifest: Manifest, ledgers: Sequence[Ledger], own: State, age: Age, *, pinned: bool) -> None:
        self.manifest = manifest
        self.age = age
        self.pinned = pinned
        self.ledgers = ledgers
        self._own = own

    def decide(self, params: Mapping[str, str]) -> Mapping[str, Any]:
        """Answer a trust question as `GET /api/v1/trust` does, evidence included; `bundle` says what it rests on.

        Raises NotUnderstood, and Unreachable for an issuer that a bundle of chosen issuers does not hold.
        """
        asked = parse_question(params, self.age.now)
        found = collect(self.ledgers, asked)
        facts = self._gather(asked, found)
        self._insist_on_held(asked.question.issuer_text, facts)
        decision = decide(asked.known_as({one.ledger.origin: one.size for one in found}), facts)
        answer = format_decision(decision, self._prove(decision))
        for one in found:
            if one.limited and one.ledger.origin in answer["fresh"]:
                answer["fresh"][one.ledger.origin]["most_claims"] = MOST_CLAIMS
        return {**answer, "bundle": self.describe()}

    def decide_by_keys(self, params: Mapping[str, str], keys: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """Answer a trust question under several spellings of a key, as `decide` does."""
        return decide_in_turn(self.decide, params, keys)

    def find_ledger(self, origin: str) -> LedgerKeys | None:
        """Return the keys of a ledger as proven entries name them; None for one that the node does not recognise."""
        return self._keys.get(origin)

    def find_own_key(self) -> str:
        """Return the log key (vkey) that the node's own ledger names."""
        return self._keys[self.ledgers[0].origin].log[0]

    def find_withdrawals(self, issuer: str) -> Withdrawals:
        """Return what was recorded about the credentials of an issuer, by its address in the register or its id."""
        issuer_id = _read_id(issuer)
        ledger = self._find_register_of(issuer, issuer_id)
        if self.manifest.issuers is not None and (ledger is None or issuer_id not in (ledger.issuers or ())):
            raise self._report_absent(issuer)
        if ledger is None:
            return Withdrawals(fresh=not self.age.past_limit)
        anchored = ledger.find(name_batches(issuer_id))
        anchors = any(ledger.read_event(index).data.issuer == issuer_id for index in anchored[:1])
        return Withdrawals(anchors, ByCommitment(ledger, issuer_id), self._is_fresh(ledger))

    @property
    def unconfirmed_key(self) -> str | None:
        """The key of the node's ledger, unless the verifier named one it knows."""
        return None if self.pinned else self.find_own_key()

    @property
    def sent(self) -> tuple[str, ...]:
        """Nothing leaves this machine."""
        return ()

    @property
    def words(self) -> tuple[str, ...]:
        """What an answer rests on, in plain words: the bundle's age, and whose word it is."""
        days, hours = divmod(self.age.seconds // 3600, 24)
        age = f"The bundle was made by {self.manifest.node} and is {days} days and {hours} hours old"
        limit = "; that is past the limit, so nothing is trusted by it." if self.age.past_limit else "."
        told = [f"{age} (as of {format_instant(self.age.since)}){limit} What was recorded since is not in it."]
        if not all(ledger.count == ledger.size for ledger in self.ledgers):
            told.append(f"That nothing was left out of it is the word of {self.manifest.node}, which signed it.")
        if not self.pinned:
            told.append("The key of its ledger was taken from the bundle itself; name the one you know with --vkey.")
        return tuple(told)

    def describe(self) -> dict[str, Any]:
        """Return from when the bundle is, and what it holds, as part of an answer."""
        return {
            "node": self.manifest.node,
            "made_at": format_instant(self.manifest.made_at),
            "as_of": format_instant(self.age.since),
            "age_seconds": self.age.seconds,
            "max_age_seconds": int(self.age.limit.total_seconds()),
            "past_limit": self.age.past_limit,
            "issuers": None if self.manifest.issuers is None else list(self.manifest.issuers),
            "log_key": "pinned" if self.pinned else "taken from the bundle itself",
        }

    @cached_property
    def _keys(self) -> Mapping[str, LedgerKeys]:
        if self._own.register is None:
            raise BadBundle("damaged", f"the bundle holds no entry in which {self._own.origin} opens")
        told = {one.origin: one.replay(one.find(REGISTER), one.size).register for one in self.ledgers[1:]}
        known = {origin: register for origin, register in told.items() if register is not None}
        return list_ledger_keys(self._own.register, self._own.origin, self._list_peers(), known)

    def _list_peers(self) -> list[PeerRecord]:
        return [self._own.peers[record] for record in self._own.peer_of.values()]

    def _insist_on_held(self, issuer: str, facts: Facts) -> None:
        """Raise Unreachable unless a question is about an issuer of whom all that it may need is here."""
        if self.manifest.issuers is None:
            return
        for ledger in self.ledgers:
            named = {*facts.asked.get(ledger.origin, ()), *facts.shared.get(ledger.origin, ())}
            if named & (ledger.issuers or frozenset()):
                return
        raise self._report_absent(issuer)

    def _report_absent(self, issuer: str) -> Unreachable:
        held = ", ".join((self.manifest.issuers or ())[:5])
        return Unreachable("not_in_bundle", f"{issuer} is not in this bundle, which was made for {held}")

    def _is_fresh(self, ledger: Ledger) -> bool:
        recognition = RECOGNISED if ledger is self.ledgers[0] else recognise(self._own, ledger.origin)
        return not self._judge_age(ledger, recognition, None, covered=False)["stale"]

    def _find_register_of(self, issuer: str, issuer_id: str) -> Ledger | None:
        """Return the ledger in which an issuer is registered: at the address asked, else our own, else a peer's."""
        heard = [one for one in self.ledgers if one is self.ledgers[0] or recognise(self._own, one.origin).recognised]
        found = [(one, one.find(name_thing(issuer_id))) for one in heard]
        held = [(one, indexes[0]) for one, indexes in found if indexes]
        there = [one for one, index in held if one.read_event(index).subject == issuer]
        return next(iter([*there, *(one for one, _ in held)]), None)

    def _gather(self, asked: AskedQuestion, found: Sequence[Collected]) -> Facts:
        states = [one.fold() for one in found]
        shared = find_shared_issuers(states, asked.question.issuer)
        facts: list[RegisterFacts] = []
        named: dict[str, tuple[str, ...]] = {}
        for one, state in zip(found, states, strict=True):
            recognition = RECOGNISED if one.own else recognise(states[0], state.origin)
            known = gather(
                state, asked.question.issuer, asked.question.key, own=one.own, recognition=recognition,
                shared=shared.get(state.origin, ()),
                **self._judge_age(one.ledger, recognition, asked.known_instant, covered=asked.pinned),
            )  # fmt: skip
            if one.own or recognition.recognised or known.asked or shared.get(state.origin):
                facts.append(known.facts)
                named[state.origin] = known.asked
        return Facts(tuple(facts), named, shared)

    def _judge_age(
        self, ledger: Ledger, recognition: Recognition, known_instant: datetime | None, *, covered: bool
    ) -> dict[str, Any]:
        """Judge a ledger stale that the node found stale when it made the bundle, or that is past our own limit by now.

        The latter also for questions about what was known in the past: a limit is a limit.
        """
        time, limit = ledger.time, recognition.max_age_seconds or self.manifest.freshness_seconds
        then = judge_freshness(time, self.manifest.made_at, known_instant, limit, covered)
        now = judge_freshness(time, self.age.now, None, max(0, int(self.age.limit.total_seconds())), False)
        return {
            "checkpoint_size": ledger.size,
            "checkpoint_time": time,
            "age_seconds": now.age_seconds,
            "stale": then.stale or now.stale or self.age.past_limit,
            "limit_seconds": max(0, int(self.age.limit.total_seconds())),
        }

    def _prove(self, decision: Decision) -> list[dict[str, Any]]:
        by_origin = {one.origin: one for one in self.ledgers}
        evidence = []
        for origin, index in decision.cites:
            ledger = by_origin[origin]
            data = ledger.read_entry(index).decode()
            said = {"origin": origin, "index": index, "type": json.loads(data)["type"]}
            evidence.append({**said, "data": data, "receipt": ledger.prove(index)})
        return evidence


def _read_id(issuer: str) -> str:
    """Return the id that an address or an id in a register names; what is neither names nobody."""
    try:
        identifier = parse_identifier(issuer)
    except ValueError:
        return ""
    return identifier.value if identifier.scheme == NODE else ""
