"""Effects: what saying something does to the register's answers about an issuer, found by a rehearsal.

Facts are gathered twice inside the rehearsal, as known before its entry and with it, under the lock of the log; what
they mean is judged afterwards, by the trust decision itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from register.desk.past import MOST_DATES, Answer, Change, compare, find_dates, keep_widest
from register.identifiers import NODE, Identifier
from register.queries.facts import Gathered, gather_many
from register.site.standing import Instants, IssuerStanding, read_standings
from register.site.verdict import reach_verdict
from register.trust import AskedQuestion, Question, TreeSize

_NOTHING_HOLDS: Final = frozenset({"no_accreditation", "not_yet_valid", "expired"})
"""Three ways of saying that nothing holds on a date: from one to another, nobody is answered otherwise."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What becomes of the answers about one issuer.

    `standing` is how it will stand at the present; None for an issuer that is not told of. `partial`: answers were
    compared on the dates of the changed thing alone, because there are too many others.
    """

    issuer: str
    changes: tuple[Change, ...]
    standing: IssuerStanding | None
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """Facts about some issuers before and after an entry."""

    issuers: tuple[str, ...]
    before: tuple[Gathered, ...]
    after: tuple[Gathered, ...]
    origin: str
    index: int


def see(issuers: Sequence[str], origin: str, index: int, now: datetime) -> Seen:
    """Gather the facts about issuers as known before and after the entry at `index`; two queries."""
    sizes = (index, index + 1)
    found = [tuple(gather_many([_ask(one, now, origin, size) for one in issuers], now)) for size in sizes]
    return Seen(tuple(issuers), found[0], found[1], origin, index)


def _ask(issuer: str, at: datetime, origin: str, size: int) -> AskedQuestion:
    return AskedQuestion(Question(issuer=Identifier(NODE, issuer), at=at), None, TreeSize(origin, size))


def judge(seen: Seen, changed: str, now: datetime) -> list[Effect]:
    """Return what becomes of the answers about each issuer; `changed` is the id of the thing that is changed."""
    rows = zip(seen.issuers, seen.before, seen.after, strict=True)
    return [_judge_one(issuer, before, after, seen, changed, now) for issuer, before, after in rows]


def _judge_one(issuer: str, before: Gathered, after: Gathered, seen: Seen, changed: str, now: datetime) -> Effect:
    registers = [*before.facts.registers, *after.facts.registers]
    dates = find_dates(registers, now)
    partial = len(dates) > MOST_DATES
    if partial:
        dates = find_dates(registers, now, changed)[:MOST_DATES]
    old = [_answer(issuer, before, at, now, seen.origin, seen.index) for at in dates]
    new = [_answer(issuer, after, at, now, seen.origin, seen.index + 1) for at in dates]
    standing = _stand(issuer, after, now, now, seen.origin, seen.index + 1)
    return Effect(issuer, compare(dates, old, new), standing, partial)


def _stand(
    issuer: str, gathered: Gathered, at: datetime, now: datetime, origin: str, size: int
) -> IssuerStanding | None:
    asked = _ask(issuer, at, origin, size)
    standings = read_standings(gathered, asked, Instants(at, now, today=at == now))
    return next((one for one in standings if one.register.own), None)


def _answer(issuer: str, gathered: Gathered, at: datetime, now: datetime, origin: str, size: int) -> Answer:
    standing = _stand(issuer, gathered, at, now, origin, size)
    if standing is None:
        return Answer("unknown", ("issuer_unknown",))
    decision = standing.decision
    codes = tuple(sorted({reason.code for reason in decision.reasons} - _NOTHING_HOLDS))
    grants = keep_widest((one.scope, one.record.decision) for one in standing.counting)
    return Answer(decision.decision, codes, grants, reach_verdict(standing).short)
