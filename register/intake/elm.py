"""Reads accreditation documents of the European Learning Model: AMS (3.x) and the older QMS form, both XML. Pure.

Elements are found by their local names, so that the version of the namespace does not matter. A limit that is not
understood, or that this register cannot state (a programme it does not know), leaves the accreditation out: read
without it, the decision would be wider than it is. Places are counted by accreditation, the first being 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeVar

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from register.intake.cells import BadCell, clean_text, parse_date, parse_website
from register.intake.rows import SHOWN, Identifier, Institution, NotRecognised, RowProblem
from register.intake.tables import AccreditationRow
from register.vocabularies import UnknownTerm, load, parse_credential_type, parse_eqf, parse_isced_f, parse_jurisdiction
from register.vocabularies.identifiers import MalformedIdentifier, canonicalise

SOURCE: Final = "elm"
MOST_BYTES: Final = 64 * 2**20
_WHAT: Final = "an accreditation document of the European Learning Model (AMS or QMS XML)"
_ROOTS: Final = ("Accreditations", "qmsAccreditations")
_SCHEMES: Final = {"vatIdentifier": "vat", "eIDASIdentifier": "eidas", "eidasIdentifier": "eidas"}
_CANNOT: Final = ("limitQualification", "limitAbstractProgramme", "limitProgramme")
_ESCO: Final = ("http://data.europa.eu/esco/", "http://data.europa.eu/snb/")
Parsed = TypeVar("Parsed")


@dataclass(frozen=True, slots=True)
class ElmAccreditation:
    """One accreditation: who it is about and by whom, as the document describes them, and what it says.

    The row's `issuer` and `agency` name nothing: it is for the importer to find the organisations.
    """

    issuer: Institution
    agency: Institution
    row: AccreditationRow


@dataclass(frozen=True, slots=True)
class ElmFile:
    """The accreditations of a document, and what was wrong with others."""

    accreditations: tuple[ElmAccreditation, ...]
    problems: tuple[RowProblem, ...]
    rows_read: int


def read_elm(data: bytes) -> ElmFile:
    """Read a document; raises NotRecognised for any other file, and for one with entities or a document type."""
    if len(data) > MOST_BYTES:
        raise NotRecognised(_WHAT, f"{len(data)} bytes", f"Split the file: {MOST_BYTES} bytes are the most.")
    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise NotRecognised(_WHAT, f"a file that cannot be read ({error})"[:160], "Export it again.") from None
    if _local(root) not in _ROOTS:
        raise NotRecognised(_WHAT, f"XML whose root is {_local(root)[:60]}", "Export the accreditations as AMS XML.")
    return _read_document(root)


def _read_document(root: Any) -> ElmFile:
    named = {one.get("id"): one for one in root.iter() if one.get("id") and _local(one) not in ("accreditation",)}
    elements = [one for one in root.iter() if _local(one) == "accreditation" and one.get("id")]
    problems: list[RowProblem] = []
    found = []
    for place, element in enumerate(elements, 1):
        read = _Reading(place, element, named, problems).read()
        if read is not None:
            found.append(read)
    return ElmFile(tuple(found), tuple(problems), len(elements))


def _local(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


@dataclass(slots=True)
class _Reading:
    """One accreditation while it is read."""

    place: int
    element: Any
    named: Mapping[str | None, Any]
    problems: list[RowProblem]
    faults: int = 0

    def refuse(self, column: str, value: str, message: str, cure: str) -> None:
        self.faults += 1
        self.problems.append(RowProblem(self.place, column, value[:SHOWN], message, cure, fatal=True))

    def all(self, name: str) -> Iterator[Any]:
        return (child for child in self.element if _local(child) == name)

    def parse(self, column: str, value: str, parse: Callable[[str], Parsed]) -> Parsed | None:
        try:
            return parse(value)
        except (UnknownTerm, MalformedIdentifier) as error:
            self.refuse(column, value, f"expected {error.expected}", error.cure)
        except BadCell as error:
            self.refuse(column, value, error.message, error.cure)
        return None

    def limits(self, name: str, parse: Callable[[str], Parsed]) -> tuple[Parsed, ...]:
        uris = (str(child.get("uri", "")).replace(*_ESCO) for child in self.all(name))
        return tuple(dict.fromkeys(one for uri in uris if (one := self.parse(name, uri, parse)) is not None))

    def read(self) -> ElmAccreditation | None:
        issuer = self._organisation("organisation", "accreditedTo")
        agency = self._organisation("accreditingAgent", "accreditedBy")
        row = self._row()
        for name in _CANNOT:
            if any(True for _ in self.all(name)):
                cure = "Record it by hand, once the programme is described here."
                self.refuse(
                    name, "", "it is limited to a programme that this register does not know by that name", cure
                )
        if issuer is None:
            self.refuse(
                "organisation", "", "expected the organisation it is about, got none", "Name it in the document."
            )
        if self.faults or issuer is None or row is None:
            return None
        return ElmAccreditation(issuer, agency or _nobody(self.place), row)

    def _row(self) -> AccreditationRow | None:
        begin = self._date("valid") or self._date("issued") or self._date("issuedDate")
        if begin is None:
            self.refuse("valid", "", "expected the date from which it is valid, got none", "Add the element valid.")
            return None
        report = next((_text(part) for one in self.all("report") for part in one if _local(part) == "contentUrl"), "")
        return AccreditationRow(
            line=self.place,
            issuer=("", ""),
            agency=None,
            contributing_agencies=(),
            local_id=str(self.element.get("id"))[:500],
            kind=self._kind(),
            activity=None,
            credential_types=self.limits("limitCredentialType", parse_credential_type),
            eqf_levels=tuple(sorted(self.limits("limitEQFLevel", parse_eqf))),
            isced_f=self.limits("limitField", parse_isced_f),
            jurisdictions=self.limits("limitJurisdiction", parse_jurisdiction),
            programmes=(),
            decision=self._decision(),
            valid_from=begin,
            valid_until=self._date("expiryDate"),
            report_url=self.parse("report", report, parse_website) or "",
            report_sha256="",
            summary=" ".join(_by_language(self.element, "description").values())[:5000],
            original={},
        )

    def _date(self, name: str) -> date | None:
        text = next((_text(one) for one in self.all(name)), "")
        return self.parse(name, text[:10], parse_date) if text else None

    def _kind(self) -> str:
        types = [str(one.get("uri", "")) for one in self.all("type")]
        known = [self.parse("type", uri, lambda text: load("accreditation-types").get(text).code) for uri in types]
        return "programme" if any(code and code.startswith("programme") for code in known) else "institutional"

    def _decision(self) -> str:
        stated = next(self.all("decision"), None)
        if stated is None:
            return "positive"
        label = _by_language(stated, "prefLabel")
        text = label.get("en") or next(iter(label.values()), str(stated.get("uri", "")).rpartition("/")[2])
        return self.parse("decision", text.lower(), lambda value: load("decisions").get(value).code) or ""

    def _organisation(self, name: str, older: str) -> Institution | None:
        """Return the organisation that is referred to (AMS) or stands in the element itself (QMS)."""
        for child in (*self.all(name), *self.all(older)):
            element = self.named.get(child.get("idref")) or next(
                (one for one in child.iter() if _local(one) in ("organization", "organisation") and one is not child),
                None,
            )
            if element is not None:
                return _read_organisation(element, self.named, self.place)
        return None


def _read_organisation(element: Any, named: Mapping[str | None, Any], place: int) -> Institution:
    names = _by_language(element, "legalName") or _by_language(element, "prefLabel")
    country = _country(element, named)
    return Institution(names, country, "", "", "", "", _identifiers(element), (None, None), (place,), ({},))


def _nobody(place: int) -> Institution:
    return Institution({}, "", "", "", "", "", (), (None, None), (place,), ({},))


def _identifiers(element: Any) -> tuple[Identifier, ...]:
    """Return the identifiers that one scheme of the vocabulary stands for; registrations are national and left out."""
    written = [("did", str(element.get("id", ""))), ("ror", str(element.get("id", "")))]
    written += [(_SCHEMES[_local(one)], _notation(one)) for one in element if _local(one) in _SCHEMES]
    found: dict[tuple[str, str], Identifier] = {}
    for scheme, text in written:
        try:
            code, value = canonicalise(scheme, text)
        except MalformedIdentifier:
            continue
        found[code, value] = Identifier(code, value, text, SOURCE)
    return tuple(found.values())


def _notation(element: Any) -> str:
    return next((_text(one) for one in element.iter() if _local(one) == "notation"), "") or _text(element)


def _country(element: Any, named: Mapping[str | None, Any]) -> str:
    """Return the country of the first location, or of the registration (ISO 3166-1 alpha-2); "" where none is told."""
    places = [named.get(one.get("idref")) for one in element if _local(one) == "location"]
    uris = [part.get("uri", "") for one in (*places, element) if one is not None for part in one.iter()
            if _local(part) == "countryCode"]  # fmt: skip
    uris += [part.get("spatialID", "") for part in element.iter()]
    for uri in filter(None, uris):
        try:
            return load("countries").get(uri.rpartition("/")[2]).code
        except UnknownTerm:
            continue
    return ""


def _by_language(element: Any, name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for child in element:
        text = _text(child)
        if _local(child) == name and text:
            found.setdefault(str(child.get("language") or child.get("lang") or "und")[:3].lower(), text)
    return found


def _text(element: Any) -> str:
    return clean_text("".join(element.itertext()))
