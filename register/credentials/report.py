"""The verification report: four questions, one verdict, and how the one follows from the others.

A report is about one credential. Nothing in it is meant to be kept: it names the issuer and what was found, and of
the credential only what the verifier has just handed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from register.sentences import say

Outcome = Literal["pass", "warning", "fail", "not_checked"]
Verdict = Literal["valid", "valid_with_remarks", "not_valid", "cannot_be_confirmed"]

QUESTIONS: Final[Mapping[str, str]] = {
    "genuine": "Is it genuine?",
    "entitled": "Was the issuer entitled to issue it then?",
    "still_valid": "Is it still valid?",
    "anchored": "Is it anchored?",
}
"""Key of each question → the question as people read it, in the order of the report."""

VERDICTS: Final[Mapping[Verdict, str]] = {
    "valid": "Valid",
    "valid_with_remarks": "Valid, with remarks",
    "not_valid": "Not valid",
    "cannot_be_confirmed": "Cannot be confirmed",
}

_NOT_CHECKED: Final = say("This was not checked.")
_DECISIVE: Final = ("genuine", "entitled", "still_valid")
"""Questions that must have been answered for any verdict but "cannot be confirmed"; an anchor is not everybody's."""

_WORST: Final[Sequence[Outcome]] = ("fail", "not_checked", "warning", "pass")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: a code for programs, its outcome, a plain sentence, and what it rests on."""

    code: str
    outcome: Outcome
    text: str
    evidence: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question: its findings, the telling one first."""

    findings: tuple[Finding, ...]

    @property
    def outcome(self) -> Outcome:
        """The worst outcome found; nothing found is not checked."""
        outcomes = [finding.outcome for finding in self.findings]
        for outcome in _WORST:
            if outcome in outcomes:
                return outcome
        return "not_checked"

    @property
    def text(self) -> str:
        """The sentence of the first finding that has the answer's outcome."""
        return next((f.text for f in self.findings if f.outcome == self.outcome), _NOT_CHECKED)


def reach_verdict(answers: Mapping[str, Answer]) -> Verdict:
    """Return the verdict over the four answers, by keys of QUESTIONS.

    Anything that failed makes it not valid. Else whatever decisive question was not answered leaves it open: what
    could not be checked is never green and never red.
    """
    outcomes = {name: answer.outcome for name, answer in answers.items()}
    if "fail" in outcomes.values():
        return "not_valid"
    if any(outcomes.get(name, "not_checked") == "not_checked" for name in _DECISIVE):
        return "cannot_be_confirmed"
    return "valid_with_remarks" if "warning" in outcomes.values() else "valid"


@dataclass(frozen=True, slots=True)
class ProvenTime:
    """The instant at which the issuer's right is judged, and by what it is known: see `best_time` in judging."""

    time: datetime
    source: Literal["anchor", "timestamp", "signing_time", "issue_date", "checked_at"]


@dataclass(frozen=True, slots=True)
class Report:
    """The report on one credential; `decision` is the trust decision as the JSON of the interface, if it was asked.

    `about` holds what the credential says of itself and its issuer (never of its holder), `elements` which elements
    of the EU micro-credential standard are there, `sent` what left this machine for the check, in plain words.
    """

    format: str
    answers: Mapping[str, Answer]
    checked_at: datetime
    about: Mapping[str, Any] = field(default_factory=dict)
    at: ProvenTime | None = None
    decision: Mapping[str, Any] | None = None
    elements: Mapping[str, Any] | None = None
    profile: Mapping[str, Any] | None = None
    container: str | None = None
    sent: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The verdict over the four answers."""
        return reach_verdict(self.answers)
