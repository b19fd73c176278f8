"""Reads the European Commission's list of holders of the Erasmus Charter for Higher Education (ECHE), as CSV.

Source: European Commission, "ECHE list 2021-2027", reuse under Decision 2011/833/EU. One row an institution; the
traps of the list and what is done about each are in README.md beside this module.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from register.intake.cells import BadCell, clean_text, parse_date, parse_website, strip_hidden
from register.intake.rows import SHOWN, Identifier, Institution, RowProblem
from register.intake.sheets import read_sheet
from register.intake.twins import unite_twins
from register.vocabularies import UnknownTerm, load
from register.vocabularies.identifiers import MalformedIdentifier, canonicalise, parse_erasmus

SOURCE = "eche"
WHAT = "the ECHE list as CSV (Erasmus Code, PIC, OID, Legal Name, City, Country Cd, …)"
REQUIRED = ("Erasmus Code", "PIC", "Legal Name", "Country Cd")
_ALIASES = {
    "proposal_number": "Proposal number",
    "erasmus_code": "Erasmus Code",
    "pic": "PIC",
    "oid": "OID",
    "legal_name": "Legal Name",
    "street": "Street",
    "post_cd": "Post Cd",
    "city": "City",
    "country_cd": "Country Cd",
    "website_url": "Website Url",
    "erasmus_eche_start": "Erasmus Eche Start",
    "erasmus_eche_end": "Erasmus Eche End",
    "organisation_legal_name": "Legal Name",
    "country_code": "Country Cd",
    "country": "Country Cd",
    "eche_start_date": "Erasmus Eche Start",
    "eche_end_date": "Erasmus Eche End",
    "website": "Website Url",
    "post_code": "Post Cd",
}
_MAIL = re.compile(r"[^\s@/]+@[^\s@/]+")
_SCHEMES = (("PIC", "pic"), ("Erasmus Code", "erasmus"), ("OID", "oid"))


@dataclass(frozen=True, slots=True)
class EcheFile:
    """The institutions of the territory, how many rows of each other country were left out, and what was noticed."""

    institutions: tuple[Institution, ...]
    left_out: Counter[str]
    problems: tuple[RowProblem, ...]
    rows_read: int


def read_eche(data: bytes, territory: frozenset[str]) -> EcheFile:
    """Read the list for a territory (ISO 3166-1 alpha-2 codes); raise `NotRecognised` if it is another kind of file.

    An institution listed twice comes once (`unite_twins`); names stay as written, in language `und`: the list does not
    say which language they are in.
    """
    sheet = read_sheet(data, WHAT, _ALIASES, REQUIRED)
    problems = list(sheet.problems)
    left_out: Counter[str] = Counter()
    found: list[Institution] = []
    for line, cells in sheet.rows:
        row = _Row(line, cells, problems)
        country = row.read_country()
        if country is not None and country not in territory:
            left_out[country] += 1
        elif country is not None and (institution := row.read_institution(country)) is not None:
            found.append(institution)
    united, notes = unite_twins(found)
    ordered = sorted(problems + notes, key=lambda problem: problem.line)
    return EcheFile(tuple(united), left_out, tuple(ordered), len(sheet.rows))


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    cells: Mapping[str, str]
    problems: list[RowProblem]

    def read_country(self) -> str | None:
        text = self.text("Country Cd")
        try:
            return load("countries").get(text).code
        except UnknownTerm as error:
            self.report("Country Cd", text, f"expected a country code, got {text[:SHOWN]!r}", error.cure, fatal=True)
            return None

    def read_institution(self, country: str) -> Institution | None:
        name = self.text("Legal Name")
        if not name:
            self.report("Legal Name", "", "expected a name, got an empty cell", "Give the legal name.", fatal=True)
            return None
        return Institution(
            names={"und": name},
            country=country,
            city=self.text("City"),
            street=self.text("Street"),
            postcode=self.text("Post Cd"),
            website=self.read_website(),
            identifiers=self.read_identifiers(country),
            period=(self.read_date("Erasmus Eche Start"), self.read_date("Erasmus Eche End")),
            lines=(self.line,),
            originals=(self.read_original(),),
        )

    def read_identifiers(self, country: str) -> tuple[Identifier, ...]:
        found = []
        for column, scheme in _SCHEMES:
            text = self.text(column)
            if not text:
                continue
            try:
                value = parse_erasmus(text, country) if scheme == "erasmus" else canonicalise(scheme, text)[1]
                found.append(Identifier(scheme, value, strip_hidden(self.cells[column]).strip(" "), SOURCE))
            except MalformedIdentifier as error:
                self.report(column, text, f"expected {error.expected}; the value was left out", error.cure)
        return tuple(found)

    def read_website(self) -> str:
        try:
            return parse_website(self.cells.get("Website Url", ""))
        except BadCell as error:
            self.report("Website Url", self.text("Website Url"), f"{error.message}; it was left out", error.cure)
            return ""

    def read_date(self, column: str) -> date | None:
        try:
            return parse_date(self.cells.get(column, ""))
        except BadCell as error:
            self.report(column, self.text(column), f"{error.message}; it was left out", error.cure)
            return None

    def read_original(self) -> dict[str, str]:
        kept = {column: strip_hidden(text) for column, text in self.cells.items() if not _MAIL.search(text)}
        return {column: text for column, text in kept.items() if text.strip()}

    def text(self, column: str) -> str:
        return clean_text(self.cells.get(column, ""))

    def report(self, column: str, value: str, message: str, cure: str, *, fatal: bool = False) -> None:
        shown = _MAIL.sub("(a mail address)", value)[:SHOWN]
        self.problems.append(RowProblem(self.line, column, shown, message, cure, fatal))
