"""Published lists: vocabularies, reasons and refusals, JSON Schemas of the entries. They change with software only."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from django.conf import settings
from django.http import HttpResponse
from pydantic import BaseModel
from rest_framework.request import Request

from register import events, rules, vocabularies
from register.api.address import Address, answer_current, write_json
from register.api.problems import CODES
from register.errors import NotFound
from register.trust import REASONS
from register.trust.reasons import PLAIN


class VocabularyName(BaseModel):
    """One published list."""

    name: str
    title: str
    concepts: int
    url: str


class VocabularyList(BaseModel):
    """All published lists."""

    items: list[VocabularyName]
    next: None = None


class ConceptDescription(BaseModel):
    """A term: its code here, its URI elsewhere, labels by language, the code of the next broader term."""

    code: str
    uri: str
    labels: dict[str, str]
    broader: str | None
    notation: str | None


class VocabularyDescription(BaseModel):
    """One list with all its terms, its source and licence."""

    name: str
    title: str
    source: str
    licence: str
    items: list[ConceptDescription]
    next: None = None


class ReasonDescription(BaseModel):
    """A code, the link of the chain it belongs to (reasons of decisions only), and what it means."""

    code: str
    link: str | None
    text: str


class ReasonLists(BaseModel):
    """The closed lists of codes: of decisions, of the rules' refusals, of the API's problems."""

    decision_reasons: list[ReasonDescription]
    refusals: list[ReasonDescription]
    problems: list[ReasonDescription]


class SchemaName(BaseModel):
    """One type of entry."""

    type: str
    version: str
    url: str


class SchemaList(BaseModel):
    """All types of entries."""

    items: list[SchemaName]
    next: None = None


@cache
def write_vocabularies() -> bytes:
    """Return the list of lists as JSON."""
    found = [vocabularies.load(name) for name in vocabularies.names()]
    items = [{"name": v.name, "title": v.title, "concepts": len(v), "url": _url("vocabularies", v.name)} for v in found]
    return write_json({"items": items, "next": None})


@cache
def write_vocabulary(name: str) -> bytes:
    """Return one list as JSON; call it with published names only."""
    found = vocabularies.load(name)
    items = [
        {"code": c.code, "uri": c.uri, "labels": dict(c.labels), "broader": c.broader, "notation": c.notation}
        for c in found
    ]
    told = {"name": found.name, "title": found.title, "source": found.source, "licence": found.licence}
    return write_json({**told, "items": items, "next": None})


@cache
def write_reasons() -> bytes:
    """Return the closed lists of codes as JSON."""
    told = [{"code": code, "link": kind.link, "text": kind.sentences[PLAIN]} for code, kind in REASONS.items()]
    return write_json({"decision_reasons": told, "refusals": _codes(rules.REFUSALS), "problems": _codes(CODES)})


@cache
def write_schema(event_type: str) -> bytes:
    """Return the JSON Schema of a type of entry; call it with types of the catalogue only."""
    return write_json({"$id": _url("schemas", event_type, events.SCHEMA_VERSION), **events.json_schema(event_type)})


def _codes(meanings: Any) -> list[dict[str, Any]]:
    return [{"code": code, "link": None, "text": text} for code, text in meanings.items()]


def _url(*parts: str) -> str:
    return "/".join((settings.ASSAY_BASE_URL, "api/v1", *parts))


class Vocabularies(Address):
    """The list of lists."""

    tag = "lists"
    answers = {"GET": VocabularyList}

    def get(self, request: Request) -> HttpResponse:
        """List the vocabularies: countries, levels, fields, types, reasons and more."""
        self.query(request)
        return answer_current(request, write_vocabularies())


class Vocabulary(Address):
    """One list."""

    tag = "lists"
    answers = {"GET": VocabularyDescription}
    path_schemas = {"name": {"type": "string", "enum": list(vocabularies.names())}}

    def get(self, request: Request, name: str) -> HttpResponse:
        """Give one vocabulary with its terms, their URIs, labels and hierarchy."""
        self.query(request)
        if name not in vocabularies.names():
            raise NotFound("not_found", "", "there is no such vocabulary; /api/v1/vocabularies lists them")
        return answer_current(request, write_vocabulary(name))


class Reasons(Address):
    """The closed lists of codes."""

    tag = "lists"
    answers = {"GET": ReasonLists}

    def get(self, request: Request) -> HttpResponse:
        """List every code of decisions, refusals and problems with its meaning.

        Reasons for suspensions and revocations are a vocabulary: /api/v1/vocabularies/reasons.
        """
        self.query(request)
        return answer_current(request, write_reasons())


class Schemas(Address):
    """The types of entries."""

    tag = "lists"
    answers = {"GET": SchemaList}

    def get(self, request: Request) -> HttpResponse:
        """List the types of ledger entries that have a published JSON Schema."""
        self.query(request)
        version = events.SCHEMA_VERSION
        items = [{"type": t, "version": version, "url": _url("schemas", t, version)} for t in events.CATALOGUE]
        return answer_current(request, {"items": items, "next": None})


ANY_SCHEMA: Final = {"type": "object", "description": "A JSON Schema (2020-12)."}


class Schema(Address):
    """One type of entry."""

    tag = "lists"
    answers = {"GET": ANY_SCHEMA}
    path_schemas = {
        "type": {"type": "string", "enum": list(events.CATALOGUE)},
        "version": {"type": "string", "enum": [events.SCHEMA_VERSION]},
    }

    def get(self, request: Request, type: str, version: str) -> HttpResponse:
        """Give the JSON Schema of a type of ledger entry in one version."""
        self.query(request)
        if type not in events.CATALOGUE or version != events.SCHEMA_VERSION:
            raise NotFound("not_found", "", "there is no such schema; /api/v1/schemas lists them")
        return answer_current(request, write_schema(type))
