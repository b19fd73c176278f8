"""How the report on a credential looks, as a JSON Schema."""

from __future__ import annotations

from typing import Any, Final

from register.api.description import Named
from register.credentials.report import QUESTIONS, VERDICTS
from register.credentials.wording import TIMES

_TEXT: Final = {"type": "string"}
_TEXT_OR_NULL: Final = {"type": ["string", "null"]}
_OPEN_OR_NULL: Final = {"anyOf": [{"type": "object"}, {"type": "null"}]}
_OUTCOME: Final = {"type": "string", "enum": ["pass", "warning", "fail", "not_checked"]}


def _object(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties, **more}


_FINDING: Final = _object(
    {
        "code": {"type": "string", "description": "For programs."},
        "outcome": _OUTCOME,
        "text": {"type": "string", "description": "One plain sentence."},
        "evidence": {"type": "object", "description": "What the finding rests on."},
    }
)
_ANSWER: Final = _object(
    {"question": _TEXT, "outcome": _OUTCOME, "text": _TEXT, "findings": {"type": "array", "items": _FINDING}}
)
_ELEMENT: Final = _object({"key": _TEXT, "label": _TEXT, "present": {"type": "boolean"}})
_ELEMENTS: Final = _object(
    {kind: {"type": "array", "items": _ELEMENT} for kind in ("mandatory", "optional")},
    description="Elements of the EU standard for micro-credentials (2022/C 243/02, Annex I).",
)
_PROFILE: Final = _object({"name": _TEXT, "fits": {"type": "boolean"}, "missing": {"type": "array", "items": _TEXT}})
_AT: Final = _object({"time": _TEXT, "source": {"type": "string", "enum": list(TIMES)}, "text": _TEXT})

REPORT: Final = Named(
    "Report",
    _object(
        {
            "verdict": {"type": "string", "enum": list(VERDICTS)},
            "text": {"type": "string", "description": "The verdict in words."},
            "format": {"type": "string", "description": "How the credential is secured."},
            "format_text": _TEXT,
            "container": {"anyOf": [_TEXT, {"type": "null"}], "description": "In what it was wrapped."},
            "questions": _object(dict.fromkeys(QUESTIONS, _ANSWER)),
            "about": {
                "type": "object",
                "description": "What the credential says of itself and its issuer; nothing of its holder.",
                "properties": {"issuer": _TEXT_OR_NULL, "issuer_name": _TEXT_OR_NULL, "title": _TEXT_OR_NULL},
            },
            "at": {"anyOf": [_AT, {"type": "null"}], "description": "As of when the issuer's right was judged."},
            "decision": {**_OPEN_OR_NULL, "description": "The trust decision, as `GET /api/v1/trust` gives it."},
            "elements": {"anyOf": [_ELEMENTS, {"type": "null"}]},
            "profile": {"anyOf": [_PROFILE, {"type": "null"}]},
            "checked_at": _TEXT,
            "sent": {"type": "array", "items": _TEXT, "description": "What left this machine for the check, in words."},
            "contained": {"type": "array", "items": {"$ref": "#/components/schemas/Report"}},
        },
        description="The report on one credential; further ones of the same input are in `contained`.",
    ),
)
