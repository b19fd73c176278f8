"""Remarks: what does not stop a decision, but is shown before and after it is published, and cleared with a reason.

Pure. `look` runs the rules of `table` over what is to be said; DEQAR calls the like of them flags.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel

from register.moments import format_moment
from register.payloads import AccreditationChanges, AccreditationTerms, IssuerTerms
from register.records import AccreditationRecord
from register.remarks.accreditations import Fact, Facts
from register.remarks.amendments import amend, terms_of
from register.remarks.known import Known
from register.remarks.table import ACCREDITATION, ISSUER, RULES, Rule

__all__ = [
    "ACCREDITATION",
    "ISSUER",
    "RULES",
    "Fact",
    "Facts",
    "Known",
    "Remark",
    "Rule",
    "look",
    "look_at_change",
    "terms_of",
]


@dataclass(frozen=True, slots=True)
class Remark:
    """One remark: its code, the field of the terms it is about (dotted path), and the facts that fill its sentence."""

    code: str
    field: str
    facts: Facts

    @property
    def text(self) -> str:
        """The sentence in English."""
        return RULES[self.code].sentence.format(**{name: spell(fact) for name, fact in self.facts.items()})

    @property
    def why(self) -> str:
        """Why anybody should care, in English."""
        return RULES[self.code].why


def look(terms: BaseModel, known: Known) -> tuple[Remark, ...]:
    """Return the remarks on a decision (AccreditationTerms) or a new issuer (IssuerTerms); other terms have none."""
    rules: Mapping[str, Rule] = {}
    if isinstance(terms, AccreditationTerms):
        rules = ACCREDITATION
    elif isinstance(terms, IssuerTerms):
        rules = ISSUER
    found = ((code, rule.field, rule.test(terms, known)) for code, rule in rules.items())
    return tuple(Remark(code, field, facts) for code, field, facts in found if facts is not None)


def look_at_change(
    before: AccreditationRecord, after: AccreditationRecord | AccreditationChanges, known: Known
) -> tuple[Remark, ...]:
    """Return the remarks that a decision has after an amendment and had not before, or not with the same facts.

    `after` is the record as amended, or the changes that are to be made. What a decision had before was shown then.
    """
    terms = amend(before, after) if isinstance(after, AccreditationChanges) else terms_of(after)
    had = look(terms_of(before), known)
    return tuple(remark for remark in look(terms, known) if remark not in had)


def spell(fact: Fact) -> str:
    """Write a fact in plain letters: dates in ISO form, several codes with commas."""
    if isinstance(fact, tuple):
        return ", ".join(map(str, fact))
    return format_moment(fact) if isinstance(fact, datetime) else str(fact)
