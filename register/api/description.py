"""The API's own document (OpenAPI 3.1), written by drf-spectacular from what addresses declare.

An operation's summary and description are the docstring of the view's method; parameters, body, answer and problems
are the class attributes that the view itself works with, so the document cannot promise what the code does not do.
Bodies are JSON Schemas of the pydantic models that read them.
"""

from __future__ import annotations

import inspect
from http import HTTPStatus
from typing import Any, Final

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from pydantic import TypeAdapter

from register.api.address import Address
from register.api.parameters import Parameter
from register.api.problems import CONTENT_TYPE

SECURITY: Final = "token"
_REF: Final = "#/components/schemas/{model}"
# What may come from any address, whatever it does.
_ALWAYS: Final = (400, 406, 429, 503)

PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What was expected, what came, what to do."},
        "instance": {"type": "string"},
        "code": {"type": "string", "description": "One of a closed list, see the documentation."},
        "field": {"type": "string", "description": "Dotted path of the field or parameter at fault."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "detail"],
                "properties": {name: {"type": "string"} for name in ("field", "code", "detail")},
            },
        },
    },
}


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How tokens are shown in the document."""

    target_class = "register.access.authentication.BearerAuthentication"
    name = SECURITY

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """Return the security scheme (RFC 6750)."""
        return {"type": "http", "scheme": "bearer", "description": "Needed to write; reading needs no account."}


class AddressSchema(AutoSchema):
    """Describes one method of one address from its declarations."""

    view: Address  # type: ignore[override]

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any
    ) -> dict[str, Any] | None:
        """Return the operation object, registering the components it refers to."""
        self.registry, self.path, self.path_regex, self.path_prefix = registry, path, path_regex, path_prefix
        self.method = method.upper()
        summary, _, more = str(inspect.getdoc(getattr(self.view, method.lower()))).partition("\n\n")
        described = {"operationId": self.get_operation_id(), "summary": " ".join(summary.split()).rstrip(".")}
        described |= {"description": more} if more else {}
        operation: dict[str, Any] = {**described, "tags": [self._tag()], "parameters": self._get_parameters()}
        if self.method == "POST":
            operation["requestBody"] = {"required": True, "content": self._content()}
        operation["security"] = self.get_auth()[:1] if self._needs_token() else [{}]
        return operation | {"responses": self._responses()}

    def get_operation_id(self) -> str:
        """Return the verb of a command, or the name of the address with its method."""
        verb = getattr(self.view, "operation", "") or getattr(self.view, "verb", None)
        if verb and self.method == "POST":
            return str(verb)
        name = self.view.__class__.__name__
        said = {"GET": "get", "POST": "post", "DELETE": "delete"}[self.method]
        return f"{said}{name}"

    def _tag(self) -> str:
        """Return the view's tag; the list at a command's address is no decision."""
        return "register" if self.method == "GET" and hasattr(self.view, "verb") else self.view.tag

    def _needs_token(self) -> bool:
        names = {permission.__name__ for permission in self.view.permission_classes}
        return "HasToken" in names or ("HasTokenToWrite" in names and self.method != "GET")

    def _get_parameters(self) -> list[dict[str, Any]]:
        names = [part[1:-1] for part in self.path.split("/") if part.startswith("{")]
        in_path = [self._path_parameter(name) for name in names]
        if self.method != "GET" and not self.view.bodies:
            return [*in_path, *([KEY_HEADER] if hasattr(self.view, "verb") else [])]
        return in_path + [
            {
                "name": parameter.name,
                "in": "query",
                "description": parameter.meaning,
                "required": parameter.required,
                "schema": self._with_empty(parameter),
                **({"example": parameter.example} if parameter.example is not None else {}),
            }
            for parameter in self.view.parameters
        ]

    def _with_empty(self, parameter: Parameter) -> dict[str, Any]:
        """Return a parameter's schema; an empty one counts as absent, as forms and templates of addresses send it."""
        if parameter.required:
            return dict(parameter.schema)
        return {"anyOf": [dict(parameter.schema), {"type": "string", "maxLength": 0}]}

    def _path_parameter(self, name: str) -> dict[str, Any]:
        schema = self.view.path_schemas.get(name, {"type": "string", "format": "uuid"})
        return {"name": name, "in": "path", "required": True, "schema": dict(schema)}

    def _content(self) -> dict[str, Any]:
        """Return the body by media type; most addresses take JSON alone."""
        bodies = self.view.bodies or {"application/json": self.view.body}
        return {media: {"schema": self.name_schema(body)} for media, body in bodies.items()}

    def _responses(self) -> dict[str, Any]:
        success = str(self.view.statuses.get(self.method, 200))
        described = {"description": HTTPStatus(int(success)).phrase}
        schema = self.view.answers.get(self.method)
        content = {"application/json": {"schema": self.name_schema(schema)}} if schema is not None else {}
        content |= {media: dict(content["application/json"]) for media in self.view.same_media}
        content |= {media: {"schema": {"type": "string"}} for media in self.view.other_media}
        found: dict[str, Any] = {success: described | ({"content": content} if content else {})}
        return found | {str(status): self._problem(status) for status in self._statuses()}

    def _statuses(self) -> list[int]:
        statuses = {*_ALWAYS, *(self.view.problems if self.method != "GET" or not hasattr(self.view, "verb") else ())}
        statuses |= {401, 403} if self._needs_token() else {401}
        statuses |= {404} if "{" in self.path else set()
        statuses |= {413, 415} if self.method == "POST" else set()
        return sorted(statuses)

    def _problem(self, status: int) -> dict[str, Any]:
        reference = self._register("Problem", PROBLEM)
        described = {"description": HTTPStatus(status).phrase, "content": {CONTENT_TYPE: {"schema": reference}}}
        if status in (429, 503):
            described["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}}
        return described

    def name_schema(self, schema: Any) -> dict[str, Any]:
        """Return a schema object for a dict, or a reference to the component made of a model or type."""
        if isinstance(schema, dict):
            return schema
        if isinstance(schema, Named):
            if schema.needs is not None:
                self.name_schema(schema.needs)
            return self._register(schema.name, self._inline(schema.schema))
        return self._register(schema.__name__, self._inline(TypeAdapter(schema).json_schema(ref_template=_REF)))

    def _inline(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Register the definitions of a schema as components and return it without them."""
        own = dict(schema)
        for name, definition in own.pop("$defs", {}).items():
            self._register(name, definition)
        return own

    def _register(self, name: str, schema: dict[str, Any]) -> dict[str, Any]:
        component: Any = ResolvedComponent(  # type: ignore[no-untyped-call]
            name, ResolvedComponent.SCHEMA, schema=schema, object=name
        )
        self.registry.register_on_missing(component)
        reference: dict[str, Any] = component.ref
        return reference


class Named:
    """A hand-written schema with the name of the component it becomes; `needs` is another one that it refers to."""

    def __init__(self, name: str, schema: dict[str, Any], needs: Named | None = None) -> None:
        self.name = name
        self.schema = schema
        self.needs = needs


KEY_HEADER: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same body gives the same answer and no second entry, for at least a day; "
    "with another body it is refused with 409.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
