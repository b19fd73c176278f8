"""`/api/schema`, the OpenAPI document, and `/api/docs`, the same as a page for people.

The page is rendered here from the document: no script, no style but the site's, nothing from third parties.
(Rejected: Swagger UI and Redoc, which need inline styles and show nothing without JavaScript.)
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from rest_framework.request import Request

from register import rules
from register.api.address import Address, answer_current, write_json
from register.api.problems import CODES

METHODS: Final = ("get", "post", "delete")
TAGS: Final = {
    "trust": "Trust decisions",
    "verify": "Verifying credentials",
    "credentials": "Batches, bundles and status lists",
    "register": "Register",
    "decisions": "Recording decisions",
    "ledger": "Ledger",
    "lists": "Lists",
    "federation": "Federation",
    "access": "Tokens",
    "node": "This node",
}


class Operation(NamedTuple):
    """One operation as the page shows it."""

    method: str
    path: str
    said: dict[str, Any]
    body: str
    answers: list[tuple[str, str, str]]


class Property(NamedTuple):
    """One row of a schema's table; `target` is the component a reference leads to."""

    name: str
    kind: str
    target: str
    required: bool
    meaning: str


@cache
def build_document() -> dict[str, Any]:
    """Return the OpenAPI document of this node."""
    generator: Any = SchemaGenerator
    document: dict[str, Any] = generator().get_schema(request=None, public=True)
    document["servers"] = [{"url": settings.ASSAY_BASE_URL}]
    document["tags"] = [{"name": name, "description": title} for name, title in TAGS.items()]
    return document


class Document(Address):
    """The OpenAPI document."""

    tag = "node"
    answers = {"GET": {"type": "object", "description": "An OpenAPI 3.1 document."}}

    def get(self, request: Request) -> HttpResponse:
        """Give this document."""
        self.query(request)
        return answer_current(request, write_json(build_document()))


@require_safe
def show_documentation(request: HttpRequest) -> HttpResponse:
    """Show the document as a page."""
    document = without_marks(build_document())
    schemas = document["components"]["schemas"]
    context = {
        "node": {"name": settings.ASSAY_NODE_NAME, "demonstration": settings.ASSAY_DEMO},
        "title": settings.ASSAY_NODE_NAME,
        "section": "api",
        "base": settings.ASSAY_BASE_URL,
        "groups": group_operations(document),
        "schemas": [
            (name, schema.get("description", ""), list_properties(schema)) for name, schema in sorted(schemas.items())
        ],
        "problems": sorted({**rules.REFUSALS, **CODES}.items()),
    }
    answer = render(request, "api/docs.html", context)
    answer["Cache-Control"] = "no-cache"
    return answer


def without_marks(value: Any) -> Any:
    """Return a document whose texts have no Markdown marks, which OpenAPI allows and a page would show as they are."""
    if isinstance(value, dict):
        return {name: without_marks(item) for name, item in value.items()}
    if isinstance(value, list):
        return [without_marks(item) for item in value]
    return value.replace("`", "") if isinstance(value, str) else value


def group_operations(document: dict[str, Any]) -> list[tuple[str, str, list[Operation]]]:
    """Return the operations by tag, in the order of TAGS."""
    found: dict[str, list[Operation]] = {name: [] for name in TAGS}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                found[item[method]["tags"][0]].append(read_operation(method, path, item[method]))
    return [(name, TAGS[name], operations) for name, operations in found.items() if operations]


def read_operation(method: str, path: str, said: dict[str, Any]) -> Operation:
    """Return what the page shows of an operation."""
    body = said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    answers = []
    for status, answer in said["responses"].items():
        shown = [_target(content["schema"]) for content in answer.get("content", {}).values() if "schema" in content]
        answers.append((status, answer["description"], next(filter(None, shown), "")))
    return Operation(method.upper(), path, said, _target(body), answers)


def list_properties(schema: dict[str, Any]) -> list[Property]:
    """Return the properties of a schema as rows; those of `allOf` parts included."""
    merged: dict[str, Any] = dict(schema.get("properties", {}))
    required = set(schema.get("required", ()))
    for part in schema.get("allOf", ()):
        merged |= part.get("properties", {})
        required |= set(part.get("required", ()))
    return [
        Property(name, describe_kind(said), _target(said), name in required, said.get("description", ""))
        for name, said in merged.items()
    ]


def _target(schema: dict[str, Any]) -> str:
    """Return the name of the component a schema refers to, directly or as its items or one of its choices."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    inner = [schema.get("items"), *schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]
    return next(filter(None, (_target(part) for part in inner if isinstance(part, dict))), "")


def describe_kind(schema: dict[str, Any]) -> str:
    """Say in a word or two what a schema lets through."""
    if "$ref" in schema:
        return _target(schema)
    if "const" in schema or "enum" in schema:
        return " | ".join(str(value) for value in schema.get("enum", [schema.get("const")]))
    for choice in ("anyOf", "oneOf"):
        if choice in schema and "type" not in schema:
            return " or ".join(dict.fromkeys(describe_kind(part) for part in schema[choice]))
    kind = schema.get("type", "any value")
    if kind == "array":
        return f"list of {describe_kind(schema.get('items', {}))}"
    shown = " or ".join(kind) if isinstance(kind, list) else str(kind)
    return f"{shown} ({schema['format']})" if "format" in schema else shown
