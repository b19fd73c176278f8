"""Schemas of answers that are no single record: lists, histories, events."""

from __future__ import annotations

from typing import Any, Final

from register.api.description import Named
from register.api.resources import RESOURCES

_TEXT: Final = {"type": "string"}
_TEXT_OR_NULL: Final = {"type": ["string", "null"]}


def listed(kind: str) -> Named:
    """Return the schema of a page of things of one kind."""
    return page_of(f"{kind.capitalize()}List", {"$ref": f"#/components/schemas/{kind.capitalize()}"}, RESOURCES[kind])


def page_of(name: str, item: dict[str, Any], needs: Named | None = None) -> Named:
    """Return the schema of a page of some items; `needs` is the schema that they refer to."""
    schema = {
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": item},
            "next": {**_TEXT_OR_NULL, "description": "Address of the following page."},
        },
    }
    return Named(name, schema, needs)


_EVENT: Final = {
    "type": "object",
    "required": ["origin", "index", "type", "subject", "time", "url", "receipt"],
    "properties": {
        "origin": _TEXT,
        "index": {"type": "integer"},
        "type": _TEXT,
        "subject": {**_TEXT, "description": "Address of the thing the entry is about."},
        "time": _TEXT_OR_NULL,
        "uid": _TEXT_OR_NULL,
        "issuer": _TEXT_OR_NULL,
        "agency": _TEXT_OR_NULL,
        "quarantine": {**_TEXT_OR_NULL, "description": "Why an entry of a peer is kept but does not count."},
        "message": _TEXT_OR_NULL,
        "url": _TEXT,
        "receipt": {**_TEXT, "description": "Address of the receipt."},
    },
}
_AFTER: Final = {"anyOf": [{"type": "object", "description": "The thing after this entry."}, {"type": "null"}]}

EVENT: Final = page_of("EventList", _EVENT)
EVENT_WITH_PROOF: Final = Named(
    "Event",
    {
        **_EVENT,
        "required": [*_EVENT["required"], "data"],
        "properties": {
            **_EVENT["properties"],  # type: ignore[dict-item]
            "data": {**_TEXT, "description": "The entry's exact bytes as text."},
            "data_base64": {**_TEXT, "description": "The bytes, only where a peer's are no UTF-8."},
            "receipt": {**_TEXT, "description": "C2SP tlog-proof text."},
        },
    },
)
HISTORY: Final = page_of(
    "History",
    {
        **_EVENT,
        "required": [*_EVENT["required"], "after"],
        "properties": {**_EVENT["properties"], "after": _AFTER},  # type: ignore[dict-item]
    },
)
