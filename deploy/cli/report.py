"""What the command line prints: a verdict first, then what it rests on, in plain words."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

_VERDICTS: Final = {
    "trusted": "TRUSTED",
    "not_trusted": "NOT TRUSTED",
    "unknown": "UNKNOWN",
    "unchecked": "NOT CHECKED",
}


def clean(text: object) -> str:
    """Return text from outside without control characters, so that it cannot write over the terminal."""
    return "".join(c if c.isprintable() else "�" for c in str(text))


def print_answer(found: Mapping[str, Any], words: Sequence[str], summary: str) -> None:
    """Print a decision computed here (its JSON form): verdict, reasons, chain, aftermath, and what rests on what."""
    print(_VERDICTS[found["decision"]])
    for reason in found["reasons"]:
        print(f"  {clean(reason['text'])}  [{reason['code']}]")
    _print_chain(found["chain"])
    for event in found["since"]:
        what, effect, recorded = (clean(event[name]) for name in ("what", "effective_from", "recorded_at"))
        print(f"  Since then: {what} with effect from {effect}, recorded {recorded}")
    if found["not_tested"]:
        print(f"  Not asked, though limited: {', '.join(found['not_tested'])}")
    print(f"Verified here: {summary}.")
    for word in words:
        print(f"On the node's word: {word}.")


def _print_chain(chain: Mapping[str, Any]) -> None:
    for link in ("issuer", "accreditation", "agency", "register"):
        part = chain.get(link)
        if isinstance(part, dict):
            names = part.get("names") or {}
            name = part.get("name") or names.get("en") or next(iter(names.values()), part.get("id"))
            print(f"  {link.capitalize():14} {clean(name)}{_describe_validity(part)}")


def _describe_validity(part: Mapping[str, Any]) -> str:
    start, end, state = part.get("valid_from"), part.get("valid_until"), part.get("state")
    span = f" from {clean(start)}" if start else ""
    span += f" until {clean(end)}" if end else ""
    return span + (f" ({clean(state).replace('_', ' ')})" if state else "")


def print_unchecked(as_json: bool, answer: Mapping[str, Any], why: str) -> None:
    """Say that nothing could be established, and why."""
    if as_json:
        verification = {"decision": "unchecked", "error": clean(why)}
        print(json.dumps({"decision": "unchecked", "verification": verification}, ensure_ascii=False, indent=2))
        return
    print(_VERDICTS["unchecked"])
    print(f"  {clean(why)}", file=sys.stderr)
    print(f"  The node said {clean(answer.get('decision'))}; that could not be confirmed.", file=sys.stderr)
