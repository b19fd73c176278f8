"""Reads the project's own spreadsheets as CSV: issuers, and accreditations, one a row; columns are in README.md.

A row is read as a whole: every cell at fault is reported, and a row with a fault is left out. Nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache, partial
from typing import TypeVar

from register.identifiers import NODE, parse_identifier
from register.intake.cells import BadCell, clean_text, parse_date, parse_website, strip_hidden
from register.intake.rows import SHOWN, Identifier, Institution, NotRecognised, RowProblem
from register.intake.sheets import Sheet, read_sheet
from register.sentences import Coded, say
from register.vocabularies import UnknownTerm, load, parse_credential_type, parse_eqf, parse_isced_f, parse_jurisdiction
from register.vocabularies.identifiers import MalformedIdentifier, canonicalise

SOURCE = "csv"
ISSUERS = say("a table of issuers with the columns name_LANGUAGE (such as name_en) and country")
ACCREDITATIONS = say("a table of accreditations with the columns issuer, kind and valid_from")
_NAME = re.compile(r"name(?:_([a-z]{2,3}))?")
_NUMBERS = r"[,;|]|(?<=[0-9])\s+(?=[0-9])"  # a blank separates numbers, but not the words of "QF-EHEA first cycle"
_WHOLE = re.compile(r"^([1-8])[.,]0+$")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ALIASES = {
    "name": "name",
    "legal_name": "name",
    "country_code": "country",
    "url": "website",
    "post_code": "postcode",
    "type": "provider_type",
    "erasmus_code": "erasmus",
    "eqf": "eqf_levels",
    "eqf_level": "eqf_levels",
    "levels": "eqf_levels",
    "isced": "isced_f",
    "fields": "isced_f",
    "field": "isced_f",
    "jurisdiction": "jurisdictions",
    "countries": "jurisdictions",
    "credential_type": "credential_types",
    "programme": "programmes",
    "from": "valid_from",
    "until": "valid_until",
    "report": "report_url",
}
_BARE = (
    ("oid", re.compile(r"[Ee][0-9]{8}")),
    ("pic", re.compile(r"[0-9]{9}")),
    ("erasmus", re.compile(r"[A-Za-z]{1,3} [A-Za-z-]+ ?[0-9]{1,4}|(IRL|LUX)[A-Z-]+[0-9]{1,4}")),
)
Parsed = TypeVar("Parsed")


@dataclass(frozen=True, slots=True)
class AccreditationRow:
    """An accreditation as its row says it; lists are empty where the row sets no limit.

    `issuer`, `agency` and `programmes` are (scheme, value), scheme `node` for ids of this register and `url` for other
    addresses; `agency` is None where the row leaves it to the importer. `valid_until` is the first day not covered.
    """

    line: int
    issuer: tuple[str, str]
    agency: tuple[str, str] | None
    contributing_agencies: tuple[tuple[str, str], ...]
    local_id: str
    kind: str
    activity: str | None
    credential_types: tuple[str, ...]
    eqf_levels: tuple[int, ...]
    isced_f: tuple[str, ...]
    jurisdictions: tuple[str, ...]
    programmes: tuple[tuple[str, str], ...]
    decision: str
    valid_from: date
    valid_until: date | None
    report_url: str
    report_sha256: str
    summary: str
    original: Mapping[str, str]
    report_languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IssuerTable:
    """The issuers of a table, and what was wrong with other rows."""

    institutions: tuple[Institution, ...]
    problems: tuple[RowProblem, ...]


@dataclass(frozen=True, slots=True)
class AccreditationTable:
    """The accreditations of a table, and what was wrong with other rows."""

    accreditations: tuple[AccreditationRow, ...]
    problems: tuple[RowProblem, ...]


def read_table(data: bytes) -> IssuerTable | AccreditationTable:
    """Read whichever of the two tables it is, by its header; raise `NotRecognised` if it is neither."""
    what = say("{this}, or {that}", this=ISSUERS, that=ACCREDITATIONS)
    sheet = read_sheet(data, what, _ALIASES, ())
    if "issuer" in sheet.columns:
        return read_accreditations(data)
    if "country" in sheet.columns:
        return read_issuers(data)
    got = say("the columns {columns}", columns=", ".join(sheet.columns)[:200])
    raise NotRecognised(what, got, say("Name the columns in the first line."))


def read_issuers(data: bytes) -> IssuerTable:
    """Read a table of issuers; raise `NotRecognised` without a country and a name column or with an unknown one."""
    sheet = read_sheet(data, ISSUERS, _ALIASES, ("country",))
    if not any(_NAME.fullmatch(column) for column in sheet.columns):
        got = say("the columns {columns}", columns=", ".join(sheet.columns)[:200])
        raise NotRecognised(ISSUERS, got, say("Add the column name_en."))
    plain = {"country", "city", "street", "postcode", "website", "provider_type", *load("identifier-schemes").codes()}
    problems = _refuse_unknown(sheet, ISSUERS, lambda column: column in plain or _NAME.fullmatch(column) is not None)
    found = [issuer for line, cells in sheet.rows if (issuer := _read_issuer(_Row(line, cells, problems)))]
    return IssuerTable(tuple(found), tuple(sorted(problems, key=lambda problem: problem.line)))


def read_accreditations(data: bytes) -> AccreditationTable:
    """Read a table of accreditations; raise `NotRecognised` without its three columns or with an unknown one."""
    sheet = read_sheet(data, ACCREDITATIONS, _ALIASES, ("issuer", "kind", "valid_from"))
    known = {*AccreditationRow.__dataclass_fields__, "valid_to"} - {"line", "original", "report_languages"}
    problems = _refuse_unknown(sheet, ACCREDITATIONS, lambda column: column in known)
    found = [row for line, cells in sheet.rows if (row := _read_accreditation(_Row(line, cells, problems)))]
    return AccreditationTable(tuple(found), tuple(sorted(problems, key=lambda problem: problem.line)))


def _refuse_unknown(sheet: Sheet, what: str, is_known: Callable[[str], bool]) -> list[RowProblem]:
    foreign = [column for column in sheet.columns if not is_known(column)]
    if foreign:
        got = say("the unknown column {column}", column=repr(foreign[0][:60]))
        raise NotRecognised(what, got, say("Rename or delete it."))
    return list(sheet.problems)


def parse_issuer(line: int, cells: Mapping[str, str]) -> tuple[Institution | None, list[RowProblem]]:
    """Read one issuer from its cells by canonical column; None when a problem is fatal."""
    problems: list[RowProblem] = []
    return _read_issuer(_Row(line, cells, problems)), problems


def parse_accreditation(line: int, cells: Mapping[str, str]) -> tuple[AccreditationRow | None, list[RowProblem]]:
    """Read one accreditation from its cells by canonical column; None when a problem is fatal."""
    problems: list[RowProblem] = []
    return _read_accreditation(_Row(line, cells, problems)), problems


def find_reference(text: str) -> tuple[str, str] | None:
    """Return what a cell of `issuer` names, None where it cannot be read."""
    try:
        return _parse_reference(text)
    except (BadCell, UnknownTerm, MalformedIdentifier):
        return None


def parse_agency(text: str) -> tuple[str, str]:
    """Read what names an agency: an identifier as for issuers, else (`name`, its name or acronym)."""
    try:
        return _parse_reference(text)
    except (BadCell, UnknownTerm, MalformedIdentifier):
        return "name", text


@dataclass(slots=True)
class _Row:
    line: int
    cells: Mapping[str, str]
    problems: list[RowProblem]
    faults: int = field(default=0)

    def text(self, column: str) -> str:
        return clean_text(self.cells.get(column, ""))

    def refuse(self, column: str, message: str, cure: str) -> None:
        self.faults += 1
        shown = self.text(column)[:SHOWN]
        self.problems.append(RowProblem(self.line, column, shown, message, cure, fatal=True))

    def read(self, column: str, parse: Callable[[str], Parsed], *, required: bool = False) -> Parsed | None:
        text = self.text(column)
        if not text:
            if required:
                message = say("expected a value for {column}, got an empty cell", column=column)
                self.refuse(column, message, say("Fill it in."))
            return None
        try:
            return parse(text)
        except (UnknownTerm, MalformedIdentifier) as error:
            self.refuse(column, say("expected {expected}", expected=error.expected), error.cure)
        except BadCell as error:
            self.refuse(column, error.message, error.cure)
        return None

    def read_list(self, column: str, parse: Callable[[str], Parsed], split: str = r"[\s,;|]+") -> tuple[Parsed, ...]:
        text = self.text(column)
        if not text:
            return ()
        whole = _WHOLE.sub(r"\1", text)  # 6,0 and 6.0 are how spreadsheets write 6
        parts = filter(None, (part.strip() for part in re.split(split, whole)))
        found: dict[Parsed, None] = {}
        for part in parts:
            try:
                found[parse(part)] = None
            except (UnknownTerm, MalformedIdentifier) as error:
                message = say("expected {expected}, got {got}", expected=error.expected, got=repr(part[:60]))
                self.refuse(column, message, error.cure)
            except BadCell as error:
                self.refuse(column, error.message, error.cure)
        return tuple(found)


def _read_issuer(row: _Row) -> Institution | None:
    names = {_NAME.fullmatch(column): row.text(column) for column in row.cells if _NAME.fullmatch(column)}
    by_language = {(found[1] or "und"): name for found, name in names.items() if found and name}
    if not by_language:
        message = say("expected a name in one language at least, got none")
        row.refuse("name", message, say("Fill in name_en or another one."))
    country = row.read("country", lambda text: load("countries").get(text).code, required=True)
    provider_type = row.read("provider_type", _parse_provider_type) or 1
    website = row.read("website", parse_website) or ""
    identifiers = tuple(
        Identifier(scheme, value, row.text(scheme), SOURCE)
        for scheme in load("identifier-schemes").codes()
        if (value := row.read(scheme, partial(_canonicalise, scheme)))
    )
    if row.faults or country is None:
        return None
    place = (row.text("city"), row.text("street"), row.text("postcode"))
    originals = (_keep_original(row),)
    return Institution(
        by_language, country, *place, website, identifiers, (None, None), (row.line,), originals, provider_type
    )


def _read_accreditation(row: _Row) -> AccreditationRow | None:
    issuer = row.read("issuer", _parse_reference, required=True)
    kind = row.read("kind", _parse_kind, required=True)
    period = _read_period(row)
    read = AccreditationRow(
        line=row.line,
        issuer=issuer or ("", ""),
        agency=row.read("agency", parse_agency),
        contributing_agencies=row.read_list("contributing_agencies", parse_agency, r"[,;|]"),
        local_id=row.text("local_id"),
        kind=kind or "",
        activity=row.read("activity", _parse_activity),
        credential_types=row.read_list("credential_types", _parse_credential_type, r"[,;|]"),
        eqf_levels=tuple(sorted(row.read_list("eqf_levels", _parse_eqf, _NUMBERS))),
        isced_f=row.read_list("isced_f", _parse_isced_f, _NUMBERS),
        jurisdictions=row.read_list("jurisdictions", _parse_jurisdiction),
        programmes=row.read_list("programmes", _parse_reference, r"[,;|]"),
        decision=row.read("decision", _parse_decision) or "positive",
        valid_from=period[0] or date.min,
        valid_until=period[1],
        report_url=row.read("report_url", parse_website) or "",
        report_sha256=row.read("report_sha256", _parse_sha256) or "",
        summary=row.text("summary"),
        original=_keep_original(row),
    )
    return None if row.faults else read


def _read_period(row: _Row) -> tuple[date | None, date | None]:
    valid_from = row.read("valid_from", _parse_day, required=True)
    valid_until = row.read("valid_until", _parse_day)
    last = row.read("valid_to", _parse_day)
    if last and valid_until and valid_until != last + timedelta(days=1):
        day = Coded(valid_until.isoformat(), valid_until)
        message = say("expected the day before {day}, or one of both columns", day=day)
        row.refuse("valid_to", message, say("Leave one empty."))
    valid_until = valid_until or (last + timedelta(days=1) if last else None)
    if valid_from and valid_until and valid_until <= valid_from:
        message = say("expected a day after {day}", day=Coded(valid_from.isoformat(), valid_from))
        row.refuse("valid_until", message, say("It is the first day no longer covered."))
    return valid_from, valid_until


def _keep_original(row: _Row) -> dict[str, str]:
    return {column: strip_hidden(text) for column, text in row.cells.items() if text.strip()}


def _parse_term(vocabulary: str) -> Callable[[str], str]:
    return lambda text: load(vocabulary).get(text).code


# The rows of a file say the same in most columns. What cannot be read is not remembered, so all that is kept is short.
_remember = lru_cache(maxsize=2048)
_parse_kind, _parse_activity = _remember(_parse_term("accreditation-kinds")), _remember(_parse_term("esg-activities"))
_parse_decision, _parse_day = _remember(_parse_term("decisions")), _remember(parse_date)
_parse_credential_type, _parse_eqf = _remember(parse_credential_type), _remember(parse_eqf)
_parse_isced_f, _parse_jurisdiction = _remember(parse_isced_f), _remember(parse_jurisdiction)


def _canonicalise(scheme: str, text: str) -> str:
    return canonicalise(scheme, text)[1]


def _parse_reference(text: str) -> tuple[str, str]:
    """Read what names an organisation or programme: what the register reads, or a bare OID, PIC or Erasmus code."""
    bare = next((scheme for scheme, shape in _BARE if shape.fullmatch(text)), None)
    if bare is not None:
        return canonicalise(bare, text)
    try:
        found = parse_identifier(text)
    except ValueError as error:
        raise BadCell(str(error), say("Write it as scheme:value, such as ror:04dkp9463.")) from None
    if found.scheme in (NODE, "url"):
        return found.scheme, found.value
    return canonicalise(found.scheme, found.value)


def _parse_provider_type(text: str) -> int:
    if text not in ("1", "2"):
        message = say("expected 1 (formal education) or 2 (other provider), got {got}", got=repr(text[:40]))
        raise BadCell(message, say("Write 1 or 2."))
    return int(text)


def _parse_sha256(text: str) -> str:
    digest = text.lower()
    if not _SHA256.fullmatch(digest):
        message = say("expected a SHA-256 digest of 64 hexadecimal digits")
        raise BadCell(message, say("Take it with sha256sum."))
    return digest
