"""What `assay verify` prints: the verdict of each credential first, then the four questions, then what it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from deploy.cli.report import clean

_MANY: Final = 5
_SIGNS: Final = {"pass": "yes", "warning": "note", "fail": "NO", "not_checked": "open"}


def print_report(found: Sequence[tuple[str, Mapping[str, Any]]], words: Sequence[str]) -> None:
    """Print reports by file: each in full, or one line each when there are many."""
    for name, report in found:
        lines = _tell_line(name, report) if len(found) > _MANY else _tell_whole(name, report)
        for line in lines:
            print(line)
    if len(found) > _MANY:
        print(_count(found))
    for word in dict.fromkeys([*(sent for _, report in found[-1:] for sent in report.get("sent", ())), *words]):
        print(clean(word))


def _tell_line(name: str, report: Mapping[str, Any]) -> Iterator[str]:
    if "error" in report:
        yield f"{'NO CREDENTIAL':22} {clean(name)}: {clean(report['error'])}"
        return
    yield f"{report['text'].upper():22} {clean(name)}: {clean(_find_telling(report))}"


def _find_telling(report: Mapping[str, Any]) -> str:
    """Return the sentence that decided the verdict."""
    answers = list(report["questions"].values())
    for outcome in ("fail", "not_checked", "warning"):
        for answer in answers[:3] if outcome == "not_checked" else answers:
            if answer["outcome"] == outcome:
                return str(answer["text"])
    return str(answers[0]["text"])


def _tell_whole(name: str, report: Mapping[str, Any]) -> Iterator[str]:
    if "error" in report:
        yield f"NO CREDENTIAL  {clean(name)}"
        yield f"  {clean(report['error'])}"
        return
    yield f"{report['text'].upper()}  {clean(name)}"
    about = report["about"]
    if about.get("title") or about.get("issuer_name"):
        yield f"  {clean(about.get('title') or 'Untitled')}, issued by {clean(about.get('issuer_name') or 'no name')}"
    if report["at"]:
        yield f"  {clean(report['at']['text'])}"
    for answer in report["questions"].values():
        yield f"  [{_SIGNS[answer['outcome']]:4}] {answer['question']}"
        yield from (f"         {clean(finding['text'])}" for finding in answer["findings"])
        if not answer["findings"]:
            yield f"         {clean(answer['text'])}"
    for inner in report["contained"]:
        yield from _tell_whole(f"{name} (another one in it)", inner)


def _count(found: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    counted: dict[str, int] = {}
    for _, report in found:
        told = report.get("text", "No credential")
        counted[told] = counted.get(told, 0) + 1
    return f"{len(found)} files: " + ", ".join(f"{number} {told.lower()}" for told, number in sorted(counted.items()))
