"""Concepts and the vocabularies that hold them: immutable, looked up in constant time, without I/O.

Modelled on SKOS (W3C Recommendation, 18 August 2009): a concept has a code (`skos:notation` of ours), a URI, labels by
language (`skos:prefLabel`) and at most one broader concept (`skos:broader`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from register import sentences
from register.errors import RegisterError

MAX_TERM = 200  # longer input is no term of any vocabulary
MAX_GUESSED = 60  # longer input is not searched for suggestions: the search is slow and its author may be hostile


class UnknownTerm(RegisterError, ValueError):
    """A code, URI or label that its vocabulary does not hold.

    `vocabulary` names where it was looked up, `got` is the input (shortened), `expected` what would have been accepted,
    `nearest` up to three suggestions, `cure` what to do: a question that names them, where there are any.
    """

    def __init__(self, vocabulary: str, got: object, expected: str, nearest: tuple[str, ...] = ()) -> None:
        self.vocabulary = vocabulary
        self.got = str(got)[:MAX_TERM]
        self.expected = expected
        self.nearest = nearest
        self.cure = _suggest(nearest)
        told = {"expected": expected, "got": repr(self.got)}
        if nearest:
            super().__init__(sentences.say("expected {expected}, got {got}: {cure}", **told, cure=self.cure))
        else:
            super().__init__(sentences.say("expected {expected}, got {got}", **told))

    def say_with_list(self) -> sentences.Said:
        """Return what is wrong with the address of the whole list, for programs; people choose it from a page."""
        address = f"/api/v1/vocabularies/{self.vocabulary}"
        where = sentences.say("The list is published at {address}.", address=address)
        return sentences.join([str(self), where], " " if self.nearest else ". ")


def _suggest(nearest: tuple[str, ...]) -> str:
    if not nearest:
        return sentences.say("Write one of its codes.")
    return sentences.say("did you mean {terms}?", terms=sentences.Coded(" or ".join(nearest), ", ".join(nearest)))


@dataclass(frozen=True, slots=True)
class Concept:
    """A term: `code` is what events and scopes carry, `uri` what other systems call it, `notation` what people use."""

    code: str
    uri: str
    labels: Mapping[str, str] = field(hash=False)
    broader: str | None = None
    notation: str | None = None

    def label(self, language: str = "en") -> str:
        """Give the label in a language (BCP 47), else in English, else the notation or code; never empty."""
        plain = language.partition("-")[0].lower()
        return self.labels.get(plain) or self.labels.get("en") or self.notation or self.code


class Vocabulary:
    """A closed list of concepts with its hierarchy, title, source and licence.

    Terms are found by code, URI (http and https alike) or alias, without regard to case or surrounding blanks.
    """

    def __init__(
        self,
        name: str,
        title: str,
        concepts: Iterable[Concept],
        *,
        aliases: Mapping[str, str] | None = None,
        source: str = "",
        licence: str = "",
    ) -> None:
        self.name = name
        self.title = title
        self.source = source
        self.licence = licence
        self._concepts = {concept.code: concept for concept in concepts}
        self._codes = {_key(alias): code for alias, code in (aliases or {}).items()}
        self._codes |= {_key(code): code for code in self._concepts}
        self._uris = {_key(concept.uri): concept.code for concept in self._concepts.values()}
        self._ancestors = {code: self._climb(code) for code in self._concepts}
        self._children = self._gather_children()

    def __contains__(self, code: object) -> bool:
        """Say whether this very string is a code of the vocabulary (URIs and aliases are not)."""
        return code in self._concepts

    def __len__(self) -> int:
        return len(self._concepts)

    def __iter__(self) -> Iterator[Concept]:
        return iter(self._concepts.values())

    def items(self) -> tuple[Concept, ...]:
        """Give every concept in the order of the published list."""
        return tuple(self._concepts.values())

    def codes(self) -> tuple[str, ...]:
        """Give every code in the order of the published list."""
        return tuple(self._concepts)

    def get(self, code_or_uri: object) -> Concept:
        """Find a concept by code, URI or alias; raise `UnknownTerm` with the nearest terms if there is none."""
        if isinstance(code_or_uri, str) and len(code_or_uri) <= MAX_TERM:
            code = self._codes.get(_key(code_or_uri)) or self._uris.get(_key(code_or_uri))
            if code is not None:
                return self._concepts[code]
        expected = sentences.say("a code or URI of {list}", list=sentences.Said(self.title, {}))
        raise UnknownTerm(self.name, code_or_uri, expected, self.nearest(code_or_uri))

    def broader(self, code: str) -> tuple[str, ...]:
        """Give the code itself and its ancestors, nearest first; raise `UnknownTerm` for a foreign code."""
        return self._ancestors[self.get(code).code]

    def narrower(self, code: str) -> tuple[str, ...]:
        """Give the codes directly below this one; raise `UnknownTerm` for a foreign code."""
        return self._children.get(self.get(code).code, ())

    def nearest(self, term: object) -> tuple[str, ...]:
        """Suggest up to three codes that look like the term or whose English label does."""
        if not isinstance(term, str) or not term.strip() or len(term) > MAX_GUESSED:
            return ()
        candidates = {_key(concept.label()): concept.code for concept in self} | self._codes
        found = difflib.get_close_matches(_key(term), candidates, n=3, cutoff=0.6)
        return tuple(dict.fromkeys(candidates[name] for name in found))

    def _climb(self, code: str) -> tuple[str, ...]:
        chain = [code]
        while (parent := self._concepts[chain[-1]].broader) is not None:
            if parent in chain or parent not in self._concepts:
                raise ValueError(
                    f"vocabulary {self.name}: {chain[-1]} has the broader term {parent}: unknown or a circle"
                )
            chain.append(parent)
        return tuple(chain)

    def _gather_children(self) -> dict[str, tuple[str, ...]]:
        children: dict[str, list[str]] = {}
        for concept in self:
            if concept.broader is not None:
                children.setdefault(concept.broader, []).append(concept.code)
        return {code: tuple(below) for code, below in children.items()}


def _key(term: str) -> str:
    folded = " ".join(term.split()).casefold()
    return "http://" + folded[8:] if folded.startswith("https://") else folded
