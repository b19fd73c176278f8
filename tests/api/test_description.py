"""The OpenAPI document: valid, complete, true to the code; the page says the same without script or strangers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from pydantic import BaseModel

from federation import urls as federation
from federation.api import verbs as peer_verbs
from register.access.roles import VERBS
from register.api import credentials, urls, verbs
from register.api.documentation import build_document, list_properties
from register.api.problems import CODES
from register.rules import REFUSALS
from register.status import urls as status


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return build_document()


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, said) for path, item in document["paths"].items() for method, said in item.items()]


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_every_address_is_described(document: dict[str, Any]) -> None:
    routes = {
        "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(pattern.pattern))
        for pattern in (*urls.urlpatterns, *status.urlpatterns, *federation.urlpatterns)
        if isinstance(pattern, URLPattern) and hasattr(pattern.callback, "cls")
    }
    assert routes == set(document["paths"])
    assert all(not path.endswith("/") for path in routes)


def test_every_operation_says_what_it_is_and_has_an_id_of_its_own(document: dict[str, Any]) -> None:
    found = operations(document)
    ids = [said["operationId"] for _, _, said in found]
    assert len(set(ids)) == len(ids)
    assert set(VERBS) <= set(ids)
    for path, method, said in found:
        assert said["summary"], (path, method)
        assert {"400", "406", "429", "503"} <= said["responses"].keys()
        for code, answer in said["responses"].items():
            if code >= "400":
                assert list(answer["content"]) == ["application/problem+json"]


def test_writing_needs_a_token_and_reading_none(document: dict[str, Any]) -> None:
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    for path, method, said in operations(document):
        open_to_all = said["security"] == [{}]
        personal = path.endswith("/me") or "/tokens" in path
        assert open_to_all == ((method == "get" and not personal) or path.endswith(("/trust", "/verify"))), (
            path,
            method,
        )


def test_bodies_are_the_schemas_of_what_reads_them(document: dict[str, Any]) -> None:
    for verb in VERBS:
        said = next(said for _, _, said in operations(document) if said["operationId"] == verb)
        name = said["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        schema = document["components"]["schemas"][name]
        views = (*vars(verbs).values(), *vars(credentials).values(), *vars(peer_verbs).values())
        view = next(v for v in views if getattr(v, "verb", None) == verb)
        assert issubclass(view.body, BaseModel)
        assert schema["properties"].keys() == view.body.model_fields.keys()
        assert schema["additionalProperties"] is False
        Draft202012Validator.check_schema(schema)
        assert {parameter["name"] for parameter in said["parameters"]} >= {"Idempotency-Key"}


def test_what_a_token_fills_in_is_not_required(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert "agency" not in schemas["AccreditationTerms"]["required"]
    assert "issuer" in schemas["AccreditationTerms"]["required"]
    assert "issuer" not in schemas["ProgrammeTerms"]["required"]
    assert "awarding_body" not in schemas["MandateTerms"]["required"]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    names = set(re.findall(r"#/components/schemas/([\w-]+)", str(document)))
    assert names <= document["components"]["schemas"].keys()


def test_the_page_shows_every_operation_field_and_code_without_script(document: dict[str, Any]) -> None:
    answer = Client().get("/api/docs")
    page = answer.content.decode()
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "<script" not in page
    assert "<style" not in page
    assert " style=" not in page
    assert "`" not in page
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    for _, _, said in operations(document):
        assert f'id="{said["operationId"]}"' in page
    for name, schema in document["components"]["schemas"].items():
        assert f'id="schema-{name}"' in page
        assert all(f"<code>{row.name}</code>" in page for row in list_properties(schema))
    for code in {**CODES, **REFUSALS}:
        assert page.count(f'id="problem-{code}"') == 1
    targets = set(re.findall(r'href="#([\w.-]+)"', page))
    assert targets <= set(re.findall(r'id="([\w.-]+)"', page))
