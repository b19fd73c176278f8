"""Knowledge: which entries of a bundle concern a question, and the facts they fold to at its transaction time.

The counterpart of register/queries/facts.py: the same questions asked of a node and of its bundle get the same facts,
which the tests compare.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from register.credentials.bundle.index import (
    PEERS,
    REGISTER,
    name_belongings,
    name_claim,
    name_key,
    name_thing,
)
from register.credentials.bundle.ledger import Ledger
from register.credentials.bundle.writing import BEFORE_ALL, to_microseconds
from register.errors import NotUnderstood
from register.identifiers import NODE, Identifier
from register.knowledge import find_issuers
from register.state import State, claims_of
from register.trust import AskedQuestion
from register.trust.identity import NOT_SHARED

MOST_CLAIMS: Final = 50
"""Claims of one identifier that are looked at in another's ledger, as register/queries/facts_sql.py does."""


@dataclass(slots=True)
class Collected:
    """The entries of one ledger that concern a question, and the issuers whose belongings are all among them."""

    ledger: Ledger
    size: int
    own: bool
    indexes: set[int] = field(default_factory=set)
    issuers: set[str] = field(default_factory=set)
    limited: bool = False
    _things: set[str] = field(default_factory=set)
    _state: State | None = None

    def start(self) -> None:
        """Take in what every question needs: who speaks in the ledger and, of our own, whom it recognises."""
        self._take(REGISTER)
        if self.own:
            self._take(PEERS)

    def add_claimants(self, identifier: Identifier, *, asked: bool = True) -> None:
        """Take in every issuer that an identifier or key has ever named; `asked`: by the question itself."""
        if identifier.scheme == NODE:
            self.add_issuers([identifier.value])
            return
        found: dict[str, None] = {}
        for index in self._find(name_claim(*identifier)):
            event = self.ledger.read_event(index)
            found[event.data.issuer if event.kind == "key" else event.subject_id] = None
            if len(found) >= MOST_CLAIMS and not self.own:
                self.limited = self.limited or asked
                break
        self.add_issuers(found)

    def add_key(self, value: str) -> None:
        """Take in whoever holds a key."""
        found = self._find(name_key(value))
        for index in found if self.own else found[:MOST_CLAIMS]:
            event = self.ledger.read_event(index)
            self._add_thing(event.subject_id)
            self._add_thing(event.data.issuer)

    def add_issuers(self, issuers: Iterable[str]) -> None:
        """Take in issuers with all that belongs to them, and every issuer that relations lead to."""
        waiting = [issuer for issuer in issuers if issuer not in self.issuers]
        while waiting:
            issuer = waiting.pop()
            if issuer in self.issuers:
                continue
            self.issuers.add(issuer)
            self._add_thing(issuer)
            for index in self._take(name_belongings(issuer)):
                waiting += self._follow(index)

    def fold(self) -> State:
        """Return what the ledger knew of all that was taken in."""
        if self._state is None:
            self._state = self.ledger.replay(self.indexes, self.size)
        return self._state

    def _follow(self, index: int) -> list[str]:
        """Take in the thing that an entry begins and what it rests on; return the issuers that a relation names."""
        event = self.ledger.read_event(index)
        if event.type == "issuer.related":
            return [event.subject_id, event.data.other]
        about = self._add_thing(event.subject_id)
        if event.kind == "mandate":
            self._add_thing(event.data.sealer)
        if event.kind == "accreditation":
            self._add_thing(event.data.agency)
            for one in about:
                self._add_programmes(self.ledger.read_event(one).data)
        return []

    def _add_programmes(self, data: Any) -> None:
        scope = getattr(data, "scope", None)
        for programme in (scope and scope.programmes) or ():
            self._add_thing(programme)

    def _add_thing(self, thing: str) -> list[int]:
        if thing in self._things:
            return []
        self._things.add(thing)
        return self._take(name_thing(thing))

    def _take(self, key: str) -> list[int]:
        found = self._find(key)
        self.indexes.update(found)
        self._state = None
        return found

    def _find(self, key: str) -> list[int]:
        found = self.ledger.find(key)
        return found if self.size >= self.ledger.size else [index for index in found if index < self.size]


def collect(ledgers: Sequence[Ledger], asked: AskedQuestion) -> list[Collected]:
    """Return what concerns a question in each ledger, our own first; raises NotUnderstood (field `known_at`)."""
    sizes = cut(ledgers, asked)
    found = [Collected(ledger, sizes[ledger.origin], own=ledger is ledgers[0]) for ledger in ledgers]
    for one in found:
        one.start()
        one.add_claimants(asked.question.issuer)
        if asked.question.key is not None:
            one.add_key(asked.question.key)
    _add_shared(found, asked.question.issuer)
    return found


def _add_shared(found: Sequence[Collected], identifier: Identifier) -> None:
    """Take in, in each ledger, the issuers to which another one's record of an issuer named leads: one step."""
    if len(found) < 2:
        return
    claims = {one.ledger.origin: _list_claims(one.fold(), identifier) for one in found}
    for one in found:
        for origin, shared in claims.items():
            if origin != one.ledger.origin:
                for claim in shared:
                    one.add_claimants(claim, asked=False)


def _list_claims(state: State, identifier: Identifier) -> list[Identifier]:
    named = find_issuers(state, identifier)
    claims = dict.fromkeys(claim for issuer in named for claim in claims_of(state.issuers[issuer]))
    return [Identifier(scheme, value) for scheme, value in claims if scheme not in NOT_SHARED]


def cut(ledgers: Sequence[Ledger], asked: AskedQuestion) -> Mapping[str, int]:
    """Return as far as which entry of each ledger a question may look, by origin.

    For an instant a ledger is cut before its first later entry; for a size of one ledger, all others are cut at the
    time of the last entry in it. Raises NotUnderstood for a ledger or a size that the bundle does not hold.
    """
    if asked.known_size is None:
        moment = None if asked.known_instant is None else to_microseconds(asked.known_instant)
        return {one.origin: one.size if moment is None else one.count_until(moment) for one in ledgers}
    origin, size = asked.known_size
    named = next((ledger for ledger in ledgers if ledger.origin == origin), None)
    if named is None:
        raise NotUnderstood("invalid", "known_at", f"known_at: no ledger {origin!r} is in this bundle")
    if size > named.size:
        raise NotUnderstood(
            "invalid", "known_at", f"known_at: {origin} has {named.size} entries here, fewer than {size}"
        )
    moment = named.read_time(max(size - 1, 0))
    others = {one.origin: one.size if moment == BEFORE_ALL else one.count_until(moment) for one in ledgers}
    return {**others, origin: size}
