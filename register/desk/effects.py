"""Effects: what saying something does to the register's answers about an issuer.

Facts are gathered as known before the entry; those after it follow from the records that it changes. What both mean is
judged by the trust decision itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from register.commands import Foreseen
from register.desk.foreseen_facts import foresee_facts
from register.desk.past import MOST_DATES, Answer, Change, compare, find_dates, keep_widest, too_many
from register.identifiers import NODE, Identifier
from register.queries.facts import Gathered, gather_many
from register.site.standing import Instants, IssuerStanding, read_standings
from register.site.verdict import reach_verdict
from register.site.words import Standing
from register.trust import AskedQuestion, Question, TreeSize

_NOTHING_HOLDS: Final = frozenset({"no_accreditation", "not_yet_valid", "expired"})
"""Three ways of saying that nothing holds on a date: from one to another, nobody is answered otherwise."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What becomes of the answers about one issuer.

    `standing` is how it will stand at the present; None for an issuer that is not told of. `partial`: answers were
    compared on the dates of the changed thing alone, because there are too many others. With `key` the answers are
    those about a credential that this key signed and that is not anchored.
    """

    issuer: str
    changes: tuple[Change, ...]
    standing: IssuerStanding | None
    partial: bool = False
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """Facts about some issuers, and a key of theirs, as known just before an entry and with it."""

    issuers: tuple[str, ...]
    before: tuple[Gathered, ...]
    after: tuple[Gathered, ...]
    origin: str
    index: int
    key: str | None = None

    def ask(self, issuer: str, at: datetime, size: int) -> AskedQuestion:
        """Return the question about an issuer on a date, as known at a size of the log."""
        question = Question(issuer=Identifier(NODE, issuer), at=at, key=self.key)
        return AskedQuestion(question, None, TreeSize(self.origin, size))


def see(issuers: Sequence[str], foreseen: Foreseen, now: datetime, key: str | None = None) -> Seen:
    """Gather the facts about issuers as known before an entry, and put together those with it; one query."""
    size = foreseen.size
    seen = Seen(tuple(issuers), (), (), foreseen.origin, size, key)
    before = tuple(gather_many([seen.ask(one, now, size) for one in issuers], now))
    after = foresee_facts(before, foreseen.changes, foreseen.state, size + 1, now, key)
    return replace(seen, before=before, after=after)


def judge(seen: Seen, changed: str, now: datetime) -> list[Effect]:
    """Return what becomes of the answers about each issuer; `changed` is the id of the thing that is changed."""
    rows = zip(seen.issuers, seen.before, seen.after, strict=True)
    return [_judge_one(issuer, before, after, seen, changed, now) for issuer, before, after in rows]


def _judge_one(issuer: str, before: Gathered, after: Gathered, seen: Seen, changed: str, now: datetime) -> Effect:
    registers = [*before.facts.registers, *after.facts.registers]
    dates = find_dates(registers, now)
    partial = too_many(dates, registers)
    if partial:
        dates = find_dates(registers, now, changed)[:MOST_DATES]
    old = [_answer(issuer, before, at, now, seen, seen.index) for at in dates]
    new = [_answer(issuer, after, at, now, seen, seen.index + 1) for at in dates]
    if seen.key is not None:
        new = [_keep_no(was, will) for was, will in zip(old, new, strict=True)]
    standing = _stand(issuer, after, now, now, replace(seen, key=None), seen.index + 1)
    return Effect(issuer, compare(dates, old, new), standing, partial, seen.key)


def _stand(
    issuer: str, gathered: Gathered, at: datetime, now: datetime, seen: Seen, size: int
) -> IssuerStanding | None:
    asked = seen.ask(issuer, at, size)
    standings = read_standings(gathered, asked, Instants(at, now, today=at == now))
    return next((one for one in standings if one.register.own), None)


def _answer(issuer: str, gathered: Gathered, at: datetime, now: datetime, seen: Seen, size: int) -> Answer:
    standing = _stand(issuer, gathered, at, now, seen, size)
    if standing is None:
        return Answer("unknown", ("issuer_unknown",))
    decision = standing.decision
    codes = tuple(sorted({reason.code for reason in decision.reasons} - _NOTHING_HOLDS))
    verdict = _tell_key(decision.decision, codes) if seen.key is not None else None
    tag = verdict or reach_verdict(standing).tag
    grants = keep_widest((one.scope, one.record.decision) for one in standing.counting)
    return Answer(decision.decision, codes, grants, str(tag.words), tag.tone)


def _keep_no(was: Answer, will: Answer) -> Answer:
    """Return the later answer; of a key that counts neither way it is the earlier one, whatever the reason is."""
    return will if "trusted" in (was.decision, will.decision) else was


def _tell_key(decision: str, codes: Sequence[str]) -> Standing | None:
    """Say whether a key is accepted, and why not; None where it is not for the key."""
    if decision == "trusted":
        return Standing("good", gettext("accepted"))
    return next((Standing("bad", words) for code, words in _KEY_WORDS.items() if code in codes), None)


_KEY_WORDS: Final[Mapping[str, str | Promise]] = {
    "key_compromised_unanchored": _("not accepted: the key may have been in other hands"),
    "key_superseded": _("not accepted: the key has been replaced or given up"),
    "key_not_bound": _("not accepted: the key is not the institution’s on that day"),
    "key_unknown": _("not accepted: the key is not known"),
    "mandate_missing": _("not accepted: no mandate covers it"),
}
"""Reason code about a key → what is answered."""
