"""The same institution in the other registers kept here, as our own ledger lets them speak at the cut."""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from django.utils import timezone

from register.identifiers import NODE, Identifier
from register.queries.cuts import Cut
from register.queries.facts import gather_facts
from register.queries.hearing import hear_peers
from register.queries.selecting import select
from register.records import IssuerRecord, KeyRecord, load
from register.trust import AskedQuestion, Question, TreeSize
from register.trust.identity import Also, list_also

MOST_RIVALS: Final = 100
"""Bindings of an institution's keys that are looked at; the rest of a flood says nothing more."""


def find_also(issuer: IssuerRecord, at: datetime, cut: Cut) -> list[Also]:
    """Return other registers' records of an issuer of the cut's register, our own or a peer's; territorial ones first.

    A node that keeps no other log is not asked anything.
    """
    if not cut.company:
        return []
    question = Question(Identifier(NODE, issuer.id), at, written=issuer.url)
    gathered = gather_facts(_pin(question, cut), timezone.now())
    return list_also(gathered.facts, issuer, cut.origin, at)


class Rival(NamedTuple):
    """Another register's binding of a key to another institution."""

    register: str
    key: KeyRecord
    issuer: IssuerRecord


def find_rivals(
    keys: Sequence[KeyRecord], institution: Container[tuple[str, str]], known_at: datetime | TreeSize | None
) -> dict[str, list[Rival]]:
    """Return by value who else, in a register that is heard, has the keys; `institution` are the records of the holder.

    A node that keeps no other log is asked one thing, whether it does.
    """
    cut = hear_peers(known_at) if keys else None
    if cut is None or not cut.peers:
        return {}
    known, parameters = cut.known("k")
    rows = select(
        f"SELECT k.log_id, k.content::text, i.content::text FROM register_key k JOIN register_issuer i "
        f"ON i.uid = k.issuer AND i.log_id = k.log_id AND {cut.known('i')[0]} "
        f"WHERE k.value = ANY(%(values)s) AND {known} ORDER BY k.log_id, k.uid LIMIT {MOST_RIVALS}",
        {**parameters, "values": [key.value for key in keys]},
    )
    found: dict[str, list[Rival]] = {}
    by_log = {one.log_id: one for one in cut.all}
    for log_id, key_text, issuer_text in rows:
        key, issuer, log = load("key", key_text), load("issuer", issuer_text), by_log[log_id]
        if (log.origin, issuer.id) not in institution:
            found.setdefault(key.value, []).append(Rival(log.speaker.name if log.speaker else "", key, issuer))
    return found


def _pin(question: Question, cut: Cut) -> AskedQuestion:
    known = cut.known_at or (None if cut.newest else TreeSize(cut.origin, cut.size))
    if isinstance(known, TreeSize):
        return AskedQuestion(question, known_size=known)
    return AskedQuestion(question, known_instant=known)
