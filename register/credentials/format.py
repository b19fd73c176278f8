"""Format: reports as the JSON that API, pages and command line show.

Of several credentials in one input the one that came off worst stands on top, the others in `contained`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from register.credentials.report import QUESTIONS, VERDICTS, Answer, Finding, ProvenTime, Report, Verdict
from register.credentials.wording import FORMATS, say_time
from register.moments import format_instant, format_moment

EXITS: Final[Mapping[Verdict, int]] = {"valid": 0, "valid_with_remarks": 0, "not_valid": 1, "cannot_be_confirmed": 3}
"""Verdict → exit code of the command line."""

_WORST: Final[Sequence[Verdict]] = ("not_valid", "cannot_be_confirmed", "valid_with_remarks", "valid")


def worst_of(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict over several credentials: the worst of them."""
    return min(verdicts, key=_WORST.index)


def format_reports(reports: Sequence[Report]) -> dict[str, Any]:
    """Return the reports on one input (at least one) as the JSON object of the interface."""
    first = min(range(len(reports)), key=lambda number: _WORST.index(reports[number].verdict))
    others = [report for number, report in enumerate(reports) if number != first]
    return format_report(reports[first]) | {"contained": [format_report(report) for report in others]}


def format_report(report: Report) -> dict[str, Any]:
    """Return one report as JSON, without what else was in the same input."""
    return {
        "verdict": report.verdict,
        "text": VERDICTS[report.verdict],
        "format": report.format,
        "format_text": FORMATS.get(report.format, report.format),
        "container": report.container,
        "questions": {name: _format_answer(name, report.answers[name]) for name in QUESTIONS},
        "about": {name: _plain(value) for name, value in report.about.items()},
        "at": _format_time(report.at),
        "decision": report.decision,
        "elements": report.elements,
        "profile": report.profile,
        "checked_at": format_instant(report.checked_at),
        "sent": list(report.sent),
        "contained": [],
    }


def _format_answer(name: str, answer: Answer) -> dict[str, Any]:
    return {
        "question": QUESTIONS[name],
        "outcome": answer.outcome,
        "text": answer.text,
        "findings": [_format_finding(finding) for finding in answer.findings],
    }


def _format_finding(finding: Finding) -> dict[str, Any]:
    evidence = {name: _plain(value) for name, value in finding.evidence.items()}
    return {"code": finding.code, "outcome": finding.outcome, "text": finding.text, "evidence": evidence}


def _format_time(at: ProvenTime | None) -> dict[str, Any] | None:
    if at is None:
        return None
    return {
        "time": format_instant(at.time),
        "source": at.source,
        "text": say_time(at.source, at.time),
    }


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: instants as text, mappings and lists all through."""
    if isinstance(value, datetime):
        return format_moment(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
