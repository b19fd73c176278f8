"""The same institution in the other registers kept here, as our own ledger lets them speak at the cut."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from register.identifiers import NODE, Identifier
from register.queries.cuts import Cut
from register.queries.facts import gather_facts
from register.records import IssuerRecord
from register.trust import AskedQuestion, Question, TreeSize
from register.trust.identity import Also, list_also


def find_also(issuer: IssuerRecord, at: datetime, cut: Cut) -> list[Also]:
    """Return other registers' records of an issuer of the cut's register, our own or a peer's; territorial ones first.

    A node that keeps no other log is not asked anything.
    """
    if not cut.company:
        return []
    question = Question(Identifier(NODE, issuer.id), at, written=issuer.url)
    gathered = gather_facts(_pin(question, cut), timezone.now())
    return list_also(gathered.facts, issuer, cut.origin, at)


def _pin(question: Question, cut: Cut) -> AskedQuestion:
    known = cut.known_at or (None if cut.newest else TreeSize(cut.origin, cut.size))
    if isinstance(known, TreeSize):
        return AskedQuestion(question, known_size=known)
    return AskedQuestion(question, known_instant=known)
