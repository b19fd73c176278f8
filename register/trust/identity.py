"""Identity: the same institution in several registers.

Records of two registers are of one institution when both hold the same identifier at the instant asked; `national` ones
are unique in no more than one country. That follows from what both registers say, so whose word it is matters: a
register that names an institution of a country it does not speak for proves nothing about that institution, and its
record leads nowhere.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from register.identifiers import Identifier
from register.records import IssuerRecord
from register.trust.facts import Facts, RegisterFacts
from register.trust.question import Question

NOT_SHARED: Final = frozenset({"national"})
"""Schemes whose values may mean different organisations in different registers."""


class Via(NamedTuple):
    """The record of another register that was asked about, and the identifier by which it leads to this one."""

    register: RegisterFacts
    issuer: IssuerRecord
    identifier: str


class Also(NamedTuple):
    """Another register's record of an institution, with every identifier both hold at the instant asked.

    `territorial`: the register speaks for the country it gives, and the record counts.
    """

    register: RegisterFacts
    issuer: IssuerRecord
    identifiers: tuple[Identifier, ...]
    territorial: bool


def list_also(facts: Facts, issuer: IssuerRecord, origin: str, at: datetime) -> list[Also]:
    """Return what other registers that have a say record of an institution of `origin`, territorial ones first."""
    found = []
    for register in facts.heard:
        ids = dict.fromkeys((*facts.asked.get(register.origin, ()), *facts.shared.get(register.origin, ())))
        records = [register.issuers[one] for one in ids if one in register.issuers and register.origin != origin]
        for record in records:
            common = tuple(identifier for identifier in _held(issuer, at) if identifier in _held(record, at))
            if common:
                territorial = record.quarantine is None and register.speaks_for(record.country)
                found.append(Also(register, record, common, territorial))
    return sorted(found, key=lambda also: (not also.territorial, also.issuer.country != issuer.country))


def find_shared(one: IssuerRecord, other: IssuerRecord, at: datetime) -> Identifier | None:
    """Return the first identifier that two records hold at an instant; None when they share none."""
    theirs = _held(other, at)
    return next((identifier for identifier in _held(one, at) if identifier in theirs), None)


def _held(record: IssuerRecord, at: datetime) -> dict[Identifier, None]:
    return {
        Identifier(claim.scheme, claim.value): None
        for claim in record.identifiers
        if claim.scheme not in NOT_SHARED
        and (claim.valid_from is None or claim.valid_from <= at)
        and (claim.valid_until is None or at < claim.valid_until)
    }


def find_same(question: Question, facts: Facts, register: RegisterFacts) -> list[tuple[IssuerRecord, Via]]:
    """Return the records of a register that are of the institution asked about although it does not name them.

    Each with the record of another register that the identifier does name, and which speaks for their country.
    """
    found = []
    for issuer_id in facts.shared.get(register.origin, ()):
        record = register.issuers.get(issuer_id)
        via = record and not record.quarantine and _find_via(record, question, facts, register)
        if record and via:
            found.append((record, via))
    return found


def _find_via(record: IssuerRecord, question: Question, facts: Facts, register: RegisterFacts) -> Via | None:
    for other in facts.heard:
        if other.origin == register.origin or not other.speaks_for(record.country):
            continue
        for named in facts.issuers_asked(other):
            shared = None if named.quarantine else find_shared(named, record, question.at)
            if shared is not None:
                return Via(other, named, f"{shared.scheme}:{shared.value}")
    return None
