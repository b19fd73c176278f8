"""Naming: which issuers an identifier names at an instant.

Identifiers and keys pass from one organisation to another: the rules let two issuers hold the same one at different
times. Whoever holds it at the instant asked is meant; when nobody does, whoever held it last before that, or else
takes it up first afterwards, so that a former identifier still finds its issuer.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from register.identifiers import NODE
from register.records import IssuerRecord
from register.trust.facts import Facts, RegisterFacts
from register.trust.question import Question

_HELD: Final = (0, timedelta(0))


class Holding(NamedTuple):
    """The span during which an issuer holds the identifier; None is open."""

    start: datetime | None
    end: datetime | None


def find_named(question: Question, facts: Facts, register: RegisterFacts) -> list[IssuerRecord]:
    """Return the issuers of a register that the question's identifier names at its instant, in the order given."""
    asked = facts.issuers_asked(register)
    if asked and question.issuer.scheme == NODE and _is_shadow(question, facts, asked[0], register):
        return []
    if len(asked) < 2:
        return asked
    distances = [_distance(question, issuer, register) for issuer in asked]
    nearest = min(distances)
    return [issuer for issuer, distance in zip(asked, distances, strict=True) if distance == nearest]


def _is_shadow(question: Question, facts: Facts, record: IssuerRecord, register: RegisterFacts) -> bool:
    """Tell whether a record only bears an id that means another register's: ids are unique by good manners alone.

    Who asks by address means the record at that address; who asks by id means ours where we have it.
    """
    others = [(other, one) for other in facts.heard for one in facts.issuers_asked(other) if other is not register]
    if any(one.url == question.written for _, one in others):
        return record.url != question.written
    return not register.own and record.url != question.written and any(other.own for other, _ in others)


def _distance(question: Question, issuer: IssuerRecord, register: RegisterFacts) -> tuple[int, timedelta]:
    """Rank an issuer: holds it at the instant, held it before (how long ago), will hold it; ids are always held."""
    spans = _find_holdings(question, issuer, register)
    return min((_rank(span, question.at) for span in spans), default=_HELD)


def _find_holdings(question: Question, issuer: IssuerRecord, register: RegisterFacts) -> Iterator[Holding]:
    for claim in issuer.identifiers:
        if (claim.scheme, claim.value) == question.issuer:
            yield Holding(claim.valid_from, claim.valid_until)
    for key in register.keys:
        if key.issuer == issuer.id and (key.kind, key.value) == question.issuer:
            end = key.revocation.effective_from if key.revocation else key.valid.valid_until
            yield Holding(key.valid.valid_from, end)


def _rank(span: Holding, at: datetime) -> tuple[int, timedelta]:
    if span.end is not None and span.end <= at:
        return 1, at - span.end
    if span.start is not None and at < span.start:
        return 2, span.start - at
    return _HELD
