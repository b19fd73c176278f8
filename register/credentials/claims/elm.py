"""European Learning Model 3: the European Digital Credential: who sealed it, who awards, and what it awards.

The sealer is the `issuer`, whose `eIDASIdentifier` the sealing portal copies from the certificate, over the particulars
of the body on whose behalf it seals. The body that awards stands in each claim's awarding process; where it is another,
identifiers that both share are taken for the awarding body's, and a body without any stays in the answer as an empty
tuple: named, and not to be identified.

Type, level and field are those of the topmost achievements; where they differ, none is stated. Two fields of one
achievement come to the narrowest field that holds both. The profile `Generic` states no type.

Source: European Learning Model 3 (ontology and the EDC application profile `edc-generic-full`); ETSI EN 319 412-1,
section 5.1.4 (identifiers in certificates).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from register.credentials.claims.vc import (
    as_list,
    list_types,
    read_dates,
    read_identifiers,
    read_issuer,
    read_name,
    read_status_entries,
)
from register.credentials.presented import Claims, Presented
from register.vocabularies import (
    UnknownTerm,
    country_of,
    jurisdiction_chain,
    load,
    parse_credential_type,
    parse_eqf,
    parse_isced_f,
    parse_jurisdiction,
)

MOST_NODES: Final = 50_000
"""Nodes of a document that are looked through for one that is only referred to."""

_SCHEMES: Final = {
    "ror": "ror", "rorid": "ror", "researchorganizationregistry": "ror",
    "pic": "pic", "participantidentificationcode": "pic",
    "erasmus": "erasmus", "erasmuscode": "erasmus", "erasmusinstitutionalcode": "erasmus",
    "oid": "oid", "organisationid": "oid", "schac": "schac", "schachomeorganization": "schac",
    "isni": "isni", "lei": "lei", "euid": "euid", "wikidata": "wikidata", "grid": "grid",
    "deqar": "deqar", "deqarid": "deqar", "deqarinstid": "deqar", "eter": "eter", "eterid": "eter", "did": "did",
    "vat": "vat", "vatnumber": "vat", "vatidentifier": "vat", "eidas": "eidas", "eidasidentifier": "eidas",
}  # fmt: skip
"""`schemeName` without case and signs → scheme of the register; others are local to somebody."""

_SCHEME_ADDRESSES: Final = {"ror.org": "ror", "isni.org": "isni", "wikidata.org": "wikidata"}
_VAT_IN_CERTIFICATE: Final = re.compile(r"VAT([A-Z]{2})-([A-Z0-9+*]{2,13})", re.ASCII)
_ISCED_F: Final = re.compile(r"https?://data\.europa\.eu/snb/isced-f/", re.ASCII)
_GENERIC: Final = "generic"


def read_claims(presented: Presented) -> Claims:
    """Return what a European Digital Credential says; raises NotGenuine for an issuer or dates that cannot be read."""
    document = presented.document
    nodes = _Nodes(document)
    issuer = _read_body(read_issuer(document), nodes)
    achievements = _list_achievements(document, nodes)
    apart = [body for body in _list_awarding_bodies(achievements, nodes) if not body.is_same_as(issuer)]
    scope = _Scope()
    _read_scope(scope, document, achievements, nodes)
    place = apart[0].place if len(apart) == 1 else issuer.place
    scope.state("jurisdiction", scope.parse("jurisdiction", [place] if place else [], parse_jurisdiction))
    dates = read_dates(document)
    return Claims(
        model="elm",
        issuers=tuple(name for name in issuer.identifiers if not any(name in body.identifiers for body in apart)),
        issuer_name=issuer.name,
        awarding_bodies=tuple(dict.fromkeys(body.identifiers for body in apart)),
        title=_read_title(document, achievements),
        issued_at=dates.issued_at,
        valid_from=dates.valid_from,
        valid_until=dates.valid_until,
        status=read_status_entries(document),
        credential_type=scope.stated.get("credential_type"),
        eqf_level=scope.stated.get("eqf_level"),
        isced_f=scope.stated.get("isced_f"),
        jurisdiction=scope.stated.get("jurisdiction"),
        unread=scope.unread,
    )


class _Nodes:
    """Nodes of the document by id, for members that only refer to one; collected when first needed."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._found: dict[str, Mapping[str, Any]] | None = None

    def find(self, node: Mapping[str, Any], *members: str) -> list[Mapping[str, Any]]:
        """Return the nodes under the first of several members that is there; texts count as references."""
        value = next((node[member] for member in members if node.get(member) is not None), None)
        return [one for one in map(self._follow, as_list(value)) if one is not None]

    def _follow(self, value: Any) -> Mapping[str, Any] | None:
        name = value.get("id") if isinstance(value, Mapping) else value
        if isinstance(value, Mapping) and (len(value) > 1 or not isinstance(name, str)):
            return value
        if not isinstance(name, str):
            return None
        return self._collect().get(name, {"id": name})

    def _collect(self) -> Mapping[str, Mapping[str, Any]]:
        if self._found is None:
            self._found = {}
            waiting: list[Any] = [self._document]
            seen = 0
            while waiting and seen < MOST_NODES:
                item, seen = waiting.pop(), seen + 1
                if isinstance(item, Mapping):
                    if isinstance(item.get("id"), str) and len(item) > 1:
                        self._found.setdefault(item["id"], item)
                    waiting += item.values()
                elif isinstance(item, list):
                    waiting += item
        return self._found


@dataclass(frozen=True, slots=True)
class _Body:
    """An organisation as a credential describes it; `sealing` are the identifiers that its certificate gave it."""

    id: str
    names: frozenset[str]
    name: str | None
    identifiers: tuple[str, ...]
    sealing: tuple[str, ...]
    place: str | None

    def is_same_as(self, issuer: _Body) -> bool:
        """Say whether a body that awards is the issuer itself: by node, by name, or by what identifies the sealer."""
        if (self.id and self.id == issuer.id) or self.names & issuer.names:
            return True
        return bool(set(self.identifiers) & set(issuer.sealing or issuer.identifiers))


def _read_body(node: Mapping[str, Any], nodes: _Nodes) -> _Body:
    identifiers = read_identifiers([*_list_identifiers(node, nodes)])
    sealing = read_identifiers([*_list_sealing(node, nodes)])
    names = {name for member in ("legalName", "altLabel") for name in _list_texts(node.get(member))}
    return _Body(
        id=node["id"] if isinstance(node.get("id"), str) else "",
        names=frozenset(" ".join(name.split()).casefold() for name in names),
        name=read_name(node.get("legalName")) or read_name(node.get("altLabel")),
        identifiers=tuple(dict.fromkeys([*sealing, *identifiers])),
        sealing=sealing,
        place=_find_place(node, nodes),
    )


def _list_texts(value: Any) -> Iterator[str]:
    """Give every text of a language map, whatever its language."""
    for item in as_list(value):
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            yield from _list_texts([*item.values()])


def _list_sealing(node: Mapping[str, Any], nodes: _Nodes) -> Iterator[str]:
    """Give the organisation identifier of the certificate, and the VAT number that is in it."""
    for identifier in nodes.find(node, "eIDASIdentifier", "eIDASLegalIdentifier"):
        notation = _read_notation(identifier).upper()
        if notation:
            yield f"eidas:{notation}"
        match = _VAT_IN_CERTIFICATE.fullmatch(notation)
        if match:
            yield f"vat:{match[1]}{match[2]}"


def _list_identifiers(node: Mapping[str, Any], nodes: _Nodes) -> Iterator[str]:
    """Give what a register can read, the most telling first; a registration number without its register is nobody's."""
    if isinstance(node.get("id"), str) and node["id"].startswith(("did:", "https://")):
        yield node["id"]
    for identifier in nodes.find(node, "identifier"):
        yield from _read_identifier(identifier)
    for member in ("vatIdentifier", "taxIdentifier"):
        for identifier in nodes.find(node, member):
            yield from _read_vat(identifier, nodes)
    for identifier in nodes.find(node, "registration"):
        if re.fullmatch(r"[A-Z]{2}[A-Z0-9]*\.\S+", _read_notation(identifier)):
            yield f"euid:{_read_notation(identifier)}"


def _read_notation(identifier: Mapping[str, Any]) -> str:
    notation = next(iter(as_list(identifier.get("notation"))), "")
    return notation.strip() if isinstance(notation, str) else ""


def _read_identifier(identifier: Mapping[str, Any]) -> Iterator[str]:
    notation = _read_notation(identifier)
    if notation.startswith(("did:", "https://ror.org/")):
        yield notation
        return
    named = [text for member in ("schemeName", "schemeId") for text in _list_texts(identifier.get(member))]
    for text in [*named, *(_list_texts(identifier.get("schemeAgency")))]:
        scheme = _SCHEMES.get(re.sub(r"[^a-z]", "", text.casefold()))
        scheme = scheme or next((code for host, code in _SCHEME_ADDRESSES.items() if host in text), None)
        if scheme and notation:
            yield notation if notation.startswith("did:") else f"{scheme}:{notation}"
            return


def _read_vat(identifier: Mapping[str, Any], nodes: _Nodes) -> Iterator[str]:
    """A VAT number counts with the letters of its country; those of Greece are EL (Directive 2006/112/EC, 215)."""
    notation = re.sub(r"[ .-]", "", _read_notation(identifier)).upper()
    places = [_parse_or_none(parse_jurisdiction, place.get("id")) for place in nodes.find(identifier, "spatial")]
    country = next((country_of(place) for place in places if place), None)
    letters = {"GR": "EL"}.get(country, country) if country else ""
    if notation and letters and not notation.startswith(letters):
        notation = letters + notation
    if notation[:2].isalpha():
        yield f"vat:{notation}"


def _parse_or_none(parse: Callable[[Any], Any], value: Any) -> Any:
    try:
        return parse(value)
    except UnknownTerm:
        return None


def _find_place(node: Mapping[str, Any], nodes: _Nodes) -> str | None:
    """Return the region or country a body is in, None where it names several; not where its certificate is from."""
    found = []
    for location in nodes.find(node, "location"):
        if str(location.get("id", "")).startswith("urn:certificateLocation"):
            continue
        regions = [one.get("id") for one in nodes.find(location, "spatialCode")]
        countries = [
            one.get("id") for place in nodes.find(location, "address") for one in nodes.find(place, "countryCode")
        ]
        found += [place for place in (*regions, *countries) if isinstance(place, str)]
    return _pick_narrowest(found)


def _pick_narrowest(places: Iterable[str]) -> str | None:
    """Return the place that lies in all the others; the text itself where the only one is in no vocabulary."""
    texts = [*dict.fromkeys(places)]
    chains = [found for found in (_parse_or_none(jurisdiction_chain, text) for text in texts) if found]
    if not chains:
        return texts[0] if len(texts) == 1 else None
    narrowest = max(chains, key=len)
    return narrowest[0] if all(found[0] in narrowest for found in chains) else None


def _list_achievements(document: Mapping[str, Any], nodes: _Nodes) -> list[Mapping[str, Any]]:
    """Return the topmost claims of all subjects: the achievements among them, or all when there is none."""
    subjects = nodes.find(document, "credentialSubject")
    claims = [claim for subject in subjects for claim in nodes.find(subject, "hasClaim")]
    return [claim for claim in claims if "LearningAchievement" in list_types(claim)] or claims


def _list_awarding_bodies(achievements: Iterable[Mapping[str, Any]], nodes: _Nodes) -> Iterator[_Body]:
    seen: set[str] = set()
    for claim in achievements:
        for process in nodes.find(claim, "awardedBy"):
            for node in nodes.find(process, "awardingBody"):
                body = _read_body(node, nodes)
                if not body.id or body.id not in seen:
                    seen.add(body.id)
                    yield body


def _read_title(document: Mapping[str, Any], achievements: list[Mapping[str, Any]]) -> str | None:
    displayed = document.get("displayParameter")
    titles = [achievements[0].get("title")] if len(achievements) == 1 else []
    titles += [displayed.get("title")] if isinstance(displayed, Mapping) else []
    return next(filter(None, map(read_name, titles)), None)


@dataclass(slots=True)
class _Scope:
    """Canonical codes stated, and what was stated in the words of no vocabulary, by field."""

    stated: dict[str, Any] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)

    def parse(self, name: str, values: Iterable[Any], parse: Callable[[Any], Any]) -> list[Any]:
        """Return the codes of several texts, none when one cannot be read; that one is kept as it stood."""
        found = []
        for value in values:
            try:
                found.append(parse(value))
            except UnknownTerm:
                self.unread.setdefault(name, str(value)[:200])
        return [] if name in self.unread else found

    def state(self, name: str, codes: Iterable[Any]) -> None:
        """State the one code that all of several are."""
        every = set(codes)
        if len(every) == 1:
            self.stated[name] = every.pop()


def _read_scope(
    scope: _Scope, document: Mapping[str, Any], achievements: list[Mapping[str, Any]], nodes: _Nodes
) -> None:
    specifications = [nodes.find(claim, "specifiedBy") for claim in achievements]
    # Each achievement has to state a level and a field: what only one of several states is not the credential's.
    levels = [_state_levels(found, nodes) for found in specifications]
    if all(levels):
        scope.state("eqf_level", scope.parse("eqf_level", chain(*levels), parse_eqf))
    fields = [_state_fields(found, nodes) for found in specifications]
    if all(fields):
        scope.state("isced_f", _join_fields(scope.parse("isced_f", chain(*fields), parse_isced_f)))
    _read_type(scope, nodes.find(document, "credentialProfiles"), specifications, nodes)


def _state_levels(specifications: Iterable[Mapping[str, Any]], nodes: _Nodes) -> list[Any]:
    concepts = [one for node in specifications for one in nodes.find(node, "eqfLevel", "EQFLevel", "eQFLevel")]
    return [_name_concept(one) for one in concepts]


def _state_fields(specifications: Iterable[Mapping[str, Any]], nodes: _Nodes) -> list[Any]:
    """Return the fields in ISCED-F; `educationSubject` may be of other schemes, which say nothing here."""
    found: list[Any] = []
    for node in specifications:
        found += [_name_concept(one) for one in nodes.find(node, "ISCEDFCode", "iSCEDFCode", "thematicArea")]
        subjects = [_name_concept(one) for one in nodes.find(node, "educationSubject")]
        found += [one for one in subjects if isinstance(one, str) and _ISCED_F.match(one)]
    return found


def _name_concept(concept: Mapping[str, Any]) -> Any:
    """Return what a SKOS concept is known by: its address, or its notation where the address is made up."""
    name = concept.get("id")
    made_up = not isinstance(name, str) or name.startswith("urn:")
    return (concept.get("notation") or read_name(concept.get("prefLabel")) or name) if made_up else name


def _join_fields(codes: list[str]) -> list[str]:
    """Return the narrowest field that holds all of several, where there is one."""
    shared = (
        [code for code in load("isced-f").broader(codes[0]) if all(one.startswith(code) for one in codes)]
        if codes
        else []
    )
    return shared[:1]


def _read_type(
    scope: _Scope,
    profiles: list[Mapping[str, Any]],
    specifications: Iterable[Iterable[Mapping[str, Any]]],
    nodes: _Nodes,
) -> None:
    """Read the profile; where that is generic, a type of the achievement that is a credential's type by its name."""
    named = [_name_concept(one) for one in profiles]
    codes = {_parse_or_none(parse_credential_type, one) for one in named} - {_GENERIC}
    if codes - {None}:
        scope.state("credential_type", [_narrow(codes)] if _narrow(codes) else [])
        return
    types = [one for found in specifications for node in found for one in nodes.find(node, "dcType")]
    labels = {_parse_or_none(parse_credential_type, read_name(one.get("prefLabel")) or "") for one in types} - {None}
    scope.state("credential_type", labels)
    if not labels and profiles:
        known = load("credential-types").get(_GENERIC).label() if codes == set() else named[0]
        scope.unread["credential_type"] = str(read_name(profiles[0].get("prefLabel")) or known)[:200]


def _narrow(codes: set[str | None]) -> str | None:
    """Return the code below which none other of several stands apart; None for codes that exclude each other."""
    known = sorted(code for code in codes if code)
    types = load("credential-types")
    return next((c for c in known if all(other == c or other in types.broader(c) for other in known)), None)
