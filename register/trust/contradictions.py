"""Contradictions: what other registers say against an answer. They change no verdict; the answer says them.

Somebody else's record under the same identifier, for another country or set aside, or the same key bound to another
institution: nothing here can tell who is right, but whoever decides should know.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from register.records import IssuerRecord, KeyRecord
from register.sentences import Sentence, Term, Value
from register.trust.candidates import Candidate, name_of
from register.trust.facts import Facts, RegisterFacts
from register.trust.identity import find_shared
from register.trust.question import Question
from register.trust.reasons import CLAIMED, KEY_CLAIMED, Citation

MOST_SAID: Final = 3
"""Contradictions that one answer tells."""


class Contradiction(NamedTuple):
    """A record of another register that claims the same identifier, or the same key, for something else."""

    register: RegisterFacts
    issuer: IssuerRecord
    sentence: Sentence
    key: KeyRecord | None = None

    @property
    def cites(self) -> Iterator[Citation]:
        """Every entry that shows it."""
        records = [self.register.register, self.issuer, self.key]
        yield from self.register.vouched
        for record in records:
            if record is not None:
                yield from (Citation(self.register.origin, index) for index in record.entries)


def find_contradictions(question: Question, facts: Facts, chosen: Candidate) -> list[Contradiction]:
    """Return what other registers say against the candidate that answers: who else has its identifier, or the key."""
    if len(facts.registers) < 2:
        return []
    others = [register for register in facts.heard if register.origin != chosen.register.origin]
    found = [one for other in others for one in _contradict(question, facts, chosen, other)]
    return found[:MOST_SAID]


def _contradict(question: Question, facts: Facts, chosen: Candidate, other: RegisterFacts) -> Iterator[Contradiction]:
    asked = dict.fromkeys((*facts.asked.get(other.origin, ()), *facts.shared.get(other.origin, ())))
    for record in (other.issuers[issuer] for issuer in asked if issuer in other.issuers):
        shared = find_shared(chosen.asked, record, question.at)
        if shared is not None and (record.country != chosen.asked.country or record.quarantine):
            values = _values(other, record) | {"identifier": f"{shared.scheme}:{shared.value}"}
            yield Contradiction(other, record, Sentence(CLAIMED, values))
    for key in other.keys:
        holder = other.issuers.get(key.issuer)
        bound_here = any(one.value == key.value for one in chosen.register.keys)
        if holder is None or key.value not in (question.key, question.issuer.value) or not bound_here:
            continue
        if find_shared(chosen.asked, holder, question.at) is None:
            yield Contradiction(other, holder, Sentence(KEY_CLAIMED, _values(other, holder) | {"key": key.value}), key)


def _values(register: RegisterFacts, issuer: IssuerRecord) -> dict[str, Value]:
    return {"register": register.name, "other": name_of(issuer), "country": Term("countries", issuer.country)}
