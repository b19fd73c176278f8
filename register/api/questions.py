"""What a trust question takes and its answer gives, as JSON Schemas and parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from register import vocabularies
from register.api.description import Named
from register.api.parameters import Parameter
from register.trust import FIELDS

MOST: Final = 1_000
"""Questions in one request."""

MEANINGS: Final[Mapping[str, tuple[str, Any]]] = {
    "issuer": ("Any identifier: id or address of a register, DID, `ror:…`, `pic:…`, `erasmus:…`, `schac:…`, `eidas:…`, "
               "`vat:…`, key thumbprint.", "ror:04dkp9463"),
    "at": ("The instant that matters; a bare date is its first instant, UTC. Default: now.", "2024-06-30"),
    "known_at": ("Only entries recorded till then: an instant or `origin@tree_size`.", "2026-08-01"),
    "credential_type": ("Code or URI of the vocabulary credential-types.", None),
    "eqf_level": ("EQF level from 1 to 8, or a QF-EHEA cycle.", 6),
    "isced_f": ("ISCED-F 2013 code of 2, 3 or 4 digits.", "0613"),
    "jurisdiction": ("Country (ISO 3166-1 alpha-2) or NUTS/ATU region.", "NL"),
    "programme": ("Id or address of a programme.", None),
    "key": ("DID, SHA-256 thumbprint or organizationIdentifier that signed.", None),
    "anchored_at": ("Earliest time at which the credential is proven to have existed.", None),
}  # fmt: skip


def _parameter(name: str) -> Parameter:
    meaning, example = MEANINGS[name]
    schema: dict[str, Any] = {"type": "string", "maxLength": 600}
    if name == "credential_type":
        example = vocabularies.load("credential-types").codes()[0]
    return Parameter(name, meaning, schema=schema, example=example, required=name == "issuer")


PARAMETERS: Final = tuple(_parameter(name) for name in FIELDS)

_ENTRY: Final = {
    "type": "object",
    "required": ["origin", "index"],
    "properties": {"origin": {"type": "string"}, "index": {"type": "integer"}},
}
_OPEN: Final = {"anyOf": [{"type": "object"}, {"type": "null"}]}
_TEXT_OR_NULL: Final = {"type": ["string", "null"]}
DECISION: Final = Named(
    "Decision",
    {
        "type": "object",
        "description": "An answer with its reasons, chain and evidence.",
        "required": [
            *("decision", "reasons", "question", "chain", "since", "not_tested", "fresh", "evidence", "expires_at"),
        ],
        "properties": {
            "decision": {"type": "string", "enum": ["trusted", "not_trusted", "unknown", "unchecked"]},
            "reasons": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["code", "link", "text", "entry"],
                    "properties": {
                        "code": {"type": "string"},
                        "link": {"type": "string"},
                        "text": {"type": "string"},
                        "entry": {"anyOf": [_ENTRY, {"type": "null"}]},
                    },
                },
            },
            "question": {"type": "object", "required": ["issuer", "at", "known_at"]},
            "chain": {
                "type": "object",
                "required": ["register", "agency", "accreditation", "issuer", "key"],
                "properties": dict.fromkeys(("register", "agency", "accreditation", "issuer", "key"), _OPEN),
            },
            "since": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["what", "effective_from", "recorded_at", "reason", "entry"],
                    "properties": {
                        "what": {"type": "string"},
                        "effective_from": {"type": "string"},
                        "recorded_at": _TEXT_OR_NULL,
                        "reason": _TEXT_OR_NULL,
                        "entry": _ENTRY,
                    },
                },
            },
            "not_tested": {"type": "array", "items": {"type": "string"}},
            "fresh": {"type": "object", "additionalProperties": {"type": "object"}},
            "evidence": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["origin", "index", "type", "data", "receipt"],
                    "properties": {
                        "origin": {"type": "string"},
                        "index": {"type": "integer"},
                        "type": {"type": "string"},
                        "data": {"type": "string", "description": "The entry's exact bytes as text."},
                        "receipt": {"type": "string", "description": "C2SP tlog-proof text."},
                    },
                },
            },
            "expires_at": _TEXT_OR_NULL,
        },
    },
)
QUESTION: Final = {
    "type": "object",
    "additionalProperties": False,
    "required": ["issuer"],
    "properties": {name: {"type": ["string", "null"], "description": MEANINGS[name][0]} for name in FIELDS}
    | {"eqf_level": {"type": ["integer", "string", "null"], "description": MEANINGS["eqf_level"][0]}},
}
_LIST: Final = {"type": "array", "minItems": 1, "maxItems": MOST, "items": QUESTION}
QUESTIONS: Final = Named(
    "Questions",
    {
        "description": "A list of questions, bare or as `questions`.",
        "oneOf": [
            _LIST,
            {
                "type": "object",
                "additionalProperties": False,
                "required": ["questions"],
                "properties": {"questions": _LIST},
            },
        ],
    },
)
ANSWERS: Final = Named(
    "Answers",
    {
        "type": "object",
        "description": "Answers in the order of the questions.",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": {"$ref": "#/components/schemas/Decision"}},
            "next": {"type": "null"},
        },
    },
)
