"""Reads the vocabularies from the package's own data files, each once per process.

The file format is described in README.md beside this module; a file that breaks it raises `ValueError` at load time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from register import sentences
from register.vocabularies.concepts import Concept, UnknownTerm, Vocabulary

NAMES: tuple[str, ...] = (
    "accreditation-kinds",
    "accreditation-types",
    "assessment-types",
    "atu",
    "countries",
    "credential-reasons",
    "credential-types",
    "credit-systems",
    "decisions",
    "eche-countries",
    "ehea",
    "eqf",
    "esg-activities",
    "identifier-schemes",
    "isced-f",
    "key-reasons",
    "learning-opportunity-types",
    "modes",
    "nqf",
    "nuts",
    "peer-reasons",
    "reasons",
    "relations",
    "stackability",
    "supervision",
)

TRANSLATED: tuple[str, ...] = (
    "accreditation-kinds",
    "assessment-types",
    "credential-reasons",
    "credential-types",
    "decisions",
    "identifier-schemes",
    "isced-f",
    "key-reasons",
    "modes",
    "peer-reasons",
    "reasons",
    "relations",
    "stackability",
    "supervision",
)
"""Lists on pages whose labels the catalogues hold in the languages that their files lack (context: the list)."""


def names() -> list[str]:
    """Name every vocabulary, sorted."""
    return list(NAMES)


@cache
def load(name: str) -> Vocabulary:
    """Load a vocabulary by name, once; raise `UnknownTerm` for a name that is not published."""
    if name not in NAMES:
        raise UnknownTerm("", name, sentences.say("one of the vocabularies {names}", names=", ".join(NAMES)))
    document = json.loads(files(__package__).joinpath("data", f"{name}.json").read_text("utf-8"))
    if "members_of" in document:
        return _read_group(document)
    return _read_list(document)


def _read_list(document: Mapping[str, Any]) -> Vocabulary:
    raw = {code: _spell_out(value) for code, value in document["concepts"].items()}
    by_prefix = document.get("hierarchy") == "prefix"
    concepts = [
        Concept(
            code=code,
            uri=value.get("uri", document["uri_prefix"] + code),
            labels=MappingProxyType(value["labels"]),
            broader=_longest_prefix(code, raw) if by_prefix else value.get("broader"),
            notation=value.get("notation"),
        )
        for code, value in raw.items()
    ]
    aliases = {alias: code for code, value in raw.items() for alias in value.get("aliases", ())}
    return _assemble(document, concepts, aliases)


def _read_group(document: Mapping[str, Any]) -> Vocabulary:
    whole = load(document["members_of"])
    members = [whole.get(code) for code in document["members"]]
    every = _read_aliases(document["members_of"])
    aliases = {alias: code for alias, code in every.items() if code in set(document["members"])}
    return _assemble(document, members, aliases)


def _read_aliases(name: str) -> dict[str, str]:
    document = json.loads(files(__package__).joinpath("data", f"{name}.json").read_text("utf-8"))
    raw = {code: _spell_out(value) for code, value in document["concepts"].items()}
    return {alias: code for code, value in raw.items() for alias in value.get("aliases", ())}


def _assemble(document: Mapping[str, Any], concepts: Iterable[Concept], aliases: Mapping[str, str]) -> Vocabulary:
    return Vocabulary(
        document["name"],
        document["title"],
        concepts,
        aliases=aliases,
        source=document["source"],
        licence=document["licence"],
    )


def _spell_out(value: str | dict[str, Any]) -> dict[str, Any]:
    return {"labels": {"en": value}} if isinstance(value, str) else value


def _longest_prefix(code: str, known: Mapping[str, Any]) -> str | None:
    shorter = (code[:length] for length in range(len(code) - 1, 1, -1))
    return next((prefix for prefix in shorter if prefix in known), None)
