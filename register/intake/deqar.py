"""DEQAR's submission table: one report a row, what there may be several of in columns with [n]. Pure.

Columns and values as in EQAR's documentation of report data elements (docs.deqar.eu, "Report Data Elements", CSV
template 2.0); the names of version 1.0 and of the API's JSON (`institutions`, `report_files`) are understood as well.
One row becomes one accreditation for each institution, and a programme for each `programme[n]`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from register.intake.cells import BadCell, clean_text, parse_date, parse_website
from register.intake.deqar_cells import Reading, read_by_format
from register.intake.deqar_programmes import ProgrammeRow, read_programme
from register.intake.rows import RowProblem
from register.intake.tables import AccreditationRow, parse_agency
from register.sentences import Coded, say
from register.vocabularies import UnknownTerm, load
from register.vocabularies.identifiers import MalformedIdentifier, canonicalise

_NAME: Final = re.compile(r"([a-z_]+)(?:\[([0-9]{1,3})\])?(?:\.([a-z_]+)(?:\[([0-9]{1,3})\])?)?")
_GROUPS: Final = {
    "institutions": "institution", "programmes": "programme", "report_files": "file", "files": "file",
    "report_links": "link", "links": "link", "activities": "activity", "platforms": "platform",
    "contributing_agency": "contributing_agencies",
}  # fmt: skip
_PARTS: Final = {
    "institution": "deqar_id eter_id identifier resource name_official name_english country city website_link",
    "platform": "deqar_id",
    "programme": "identifier name_primary qualification_primary name_alternative qualification_alternative country "
    "degree_outcome qf_ehea_level nqf_level workload_ects assessment_certification learning_outcome learning_outcomes "
    "learning_outcome_description field_study resource name_version qualification_version",
    "file": "original_location display_name report_language",
    "link": "link link_display_name",
    "activity": "id group activity local_identifier type",
}
_PLAIN: Final = frozenset(
    "agency agency_id contributing_agencies report_id deqar_id local_identifier activity activity_id activity_type "
    "activity_local_identifier status status_id decision decision_id summary valid_from valid_to date_format link "
    "link_display_name other_comment".split()
)
UNRECORDED: Final = frozenset("report_id deqar_id link link_display_name activity_local_identifier platform".split())
"""What this register has no place for; a note says so where it is filled in."""

_STATUS: Final = {"1": "obligatory", "2": "voluntary", "part of obligatory eqa system": "obligatory",
                  "obligatory": "obligatory", "voluntary": "voluntary"}  # fmt: skip
_DECISIONS: Final = {"1": "positive", "2": "positive_with_conditions", "3": "negative", "4": "not_applicable"}
_ISO: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
YEARS: Final = 6
"""How long DEQAR takes a report without an end to be valid."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One row: an accreditation for each institution (in the order of the columns), and its programmes."""

    line: int
    accreditations: tuple[AccreditationRow, ...]
    programmes: tuple[ProgrammeRow, ...]


def fold(header: str) -> str | None:
    """Return the canonical name of a column, such as `institution[1].deqar_id`; None for one DEQAR does not have."""
    text = re.sub(r"\s+", "", clean_text(header).casefold())
    found = _NAME.fullmatch(text)
    if found is None:
        return None
    group, number, part, again = found.groups()
    group = _GROUPS.get(group, group)
    if part is not None:
        known = part in _PARTS.get(group, "").split()
        return f"{group}[{int(number or 1)}].{part}" + (f"[{int(again)}]" if again else "") if known else None
    if group in ("link", "link_display_name", "contributing_agencies", "activity"):
        return f"{group}[{int(number or 1)}]"
    return group if group in _PLAIN and number is None else None


def list_columns(names: Collection[str]) -> Iterator[str]:
    """Give the columns that a table with these may have, for a person to choose from: of the report, then by number.

    Of what there may be several of as many as there are, and one more.
    """
    yield from sorted(folded for name in _PLAIN if (folded := fold(name)))
    last = dict.fromkeys(_PARTS, 1)
    for name in names:
        found = _NAME.fullmatch(name)
        if found and found[2] and found[1] in last:
            last[found[1]] = max(last[found[1]], int(found[2]) + 1)
    for number in range(1, max(last.values()) + 1):
        for group, parts in _PARTS.items():
            yield from (f"{group}[{number}].{part}" for part in parts.split() if number <= last[group])


def missing(names: Collection[str]) -> tuple[str, ...]:
    """Return the required columns that are not there."""
    lacking = [name for name in ("valid_from", "status", "decision") if not {name, f"{name}_id"} & set(names)]
    if not any(name.startswith("institution[") for name in names):
        lacking.append("institution[1].deqar_id")
    return tuple(lacking)


def parse_submission(line: int, cells: Mapping[str, str]) -> tuple[Submission | None, list[RowProblem]]:
    """Read one report from its cells by canonical column; None when a problem is fatal."""
    reading = _group(line, cells)
    programmes = tuple(read_programme(reading, number) for number in sorted(reading.groups["programme"]))
    issuers = [_read_institution(reading, number) for number in sorted(reading.groups["institution"])]
    if not issuers:
        message = say("expected at least one provider, got none")
        reading.refuse("institution[1].deqar_id", "", message, say("Give its DEQARINST ID."))
    rows = tuple(_read_accreditation(reading, issuer or ("", ""), programmes, len(issuers)) for issuer in issuers[:1])
    if reading.faults:
        return None, reading.problems
    _note_unrecorded(reading)
    every = tuple(_for_issuer(rows[0], issuer) for issuer in issuers if issuer)
    return Submission(line, every, programmes), reading.problems


def find_institutions(cells: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what the cells of one report name as its providers, without those that cannot be read."""
    reading = _group(0, cells)
    found = (_read_institution(reading, number) for number in sorted(reading.groups["institution"]))
    return [one for one in found if one is not None]


def _group(line: int, cells: Mapping[str, str]) -> Reading:
    reading = Reading(line, cells, [])
    for name, text in cells.items():
        found = _NAME.fullmatch(name)
        if found and found[3] and text.strip():
            part = found[3] + (f"[{found[4]}]" if found[4] else "")
            reading.groups[found[1]][int(found[2] or 1)][part] = clean_text(text)
    return reading


def _for_issuer(row: AccreditationRow, issuer: tuple[str, str]) -> AccreditationRow:
    values = {name: getattr(row, name) for name in AccreditationRow.__dataclass_fields__}
    return AccreditationRow(**{**values, "issuer": issuer})


def _read_accreditation(
    reading: Reading, issuer: tuple[str, str], programmes: tuple[ProgrammeRow, ...], issuers: int
) -> AccreditationRow:
    status = reading.choose("status", _STATUS, say("1 (part of obligatory EQA system) or 2 (voluntary)"))
    kind = _kind(reading, programmes, issuers)
    valid_from, valid_until = _read_period(reading)
    agency = reading.text("agency", "agency_id")
    url, languages = _read_report(reading)
    comment = reading.text("other_comment")
    return AccreditationRow(
        line=reading.line,
        issuer=issuer,
        agency=_name_agency(agency) if agency else None,
        contributing_agencies=tuple(_name_agency(one) for one in _numbered(reading, "contributing_agencies")),
        local_id=reading.text("local_identifier"),
        kind=kind,
        activity=f"{kind.replace('_', '-')}-{status}",
        credential_types=(),
        eqf_levels=tuple(sorted({one.eqf_level for one in programmes if one.eqf_level})),
        isced_f=tuple(dict.fromkeys(one.isced_f for one in programmes)) if all(p.isced_f for p in programmes) else (),
        jurisdictions=tuple(dict.fromkeys(country for one in programmes for country in one.countries)),
        programmes=(),
        decision=_read_decision(reading),
        valid_from=valid_from or date.min,
        valid_until=valid_until,
        report_url=url,
        report_sha256="",
        summary=" ".join(filter(None, (reading.text("summary"), comment)))[:5000],
        original={},
        report_languages=languages,
    )


def _name_agency(text: str) -> tuple[str, str]:
    """DEQAR names an agency by its number there or its acronym."""
    return ("deqar", text) if text.isdecimal() else parse_agency(text)


def _numbered(reading: Reading, name: str) -> list[str]:
    cells = {column: reading.text(column) for column in reading.cells if re.fullmatch(rf"{name}(\[\d+\])?", column)}
    return [part.strip() for text in cells.values() for part in text.split("|") if part.strip()]


def _kind(reading: Reading, programmes: tuple[ProgrammeRow, ...], issuers: int) -> str:
    """Which kind it is follows from what the row holds, as DEQAR's own types of activity do."""
    said = " ".join((reading.text("activity_type"), *_numbered(reading, "activity"))).casefold()
    if not programmes:
        if "programme" in said and "institutional" not in said:
            message = say("expected a programme, for the activity is about one")
            reading.refuse("programme[1].name_primary", "", message, say("Name it."))
        return "institutional"
    if issuers > 1:
        return "joint_programme"
    micro = all(programme.credential_type == "micro-credential" for programme in programmes)
    return "micro_credential" if micro else "programme"


def _read_decision(reading: Reading) -> str:
    text = reading.text("decision", "decision_id")
    try:
        return _DECISIONS.get(text.removesuffix(".0")) or load("decisions").get(text).code
    except UnknownTerm:
        message = say("expected 1 positive, 2 positive with conditions or restrictions, 3 negative or 4 not applicable")
        reading.refuse("decision", text, message, say("Write the number or the words."))
        return ""


def _read_period(reading: Reading) -> tuple[date | None, date | None]:
    """Return the first day and the first day no longer covered; DEQAR's `valid_to` is the last day covered."""
    begin, last = _read_date(reading, "valid_from"), _read_date(reading, "valid_to")
    if begin is None:
        if not reading.text("valid_from"):
            reading.refuse("valid_from", "", say("expected a date, got an empty cell"), say("Fill it in."))
        return None, None
    if reading.text("valid_to"):
        if last is not None and last < begin:
            message = say("expected a day from {day} on", day=Coded(begin.isoformat(), begin))
            reading.refuse("valid_to", reading.text("valid_to"), message, say("Look at both dates."))
        return begin, last + timedelta(days=1) if last else None
    end = _years_later(begin)
    until = Coded(end.isoformat(), end)
    message = say("no end is given: six years were taken, as DEQAR does, until {day}", day=until)
    reading.note("valid_to", "", message)
    return begin, end


def _years_later(begin: date) -> date:
    try:
        return begin.replace(year=begin.year + YEARS)
    except ValueError:
        return date(begin.year + YEARS, 3, 1)


def _read_date(reading: Reading, column: str) -> date | None:
    text, pattern = reading.text(column), reading.text("date_format")
    if not text:
        return None
    try:
        return parse_date(text) if _ISO.fullmatch(text) or not pattern else read_by_format(text, pattern)
    except BadCell as error:
        reading.refuse(column, text, error.message, error.cure)
        return None


def _read_report(reading: Reading) -> tuple[str, tuple[str, ...]]:
    """Return address and languages of the first file; a decision here names one report."""
    files = [reading.groups["file"][number] for number in sorted(reading.groups["file"])]
    located = [one for one in files if one.get("original_location")]
    if not located:
        return "", ()
    try:
        url = parse_website(located[0]["original_location"])
    except BadCell as error:
        reading.refuse("file[1].original_location", located[0]["original_location"], error.message, error.cure)
        return "", ()
    if len(located) > 1:
        told = ", ".join(one["original_location"] for one in located[1:])
        message = say("{number} further files are not recorded: the first one is", number=len(located) - 1)
        reading.note("file[2].original_location", told, message)
    written = (text for name, text in located[0].items() if name.startswith("report_language"))
    languages = [part.strip() for text in written for part in text.split("|")]
    return url, tuple(dict.fromkeys(code.lower() for code in languages if re.fullmatch("[A-Za-z]{2,3}", code)))


def _read_institution(reading: Reading, number: int) -> tuple[str, str] | None:
    """Return the identifier that DEQAR prefers of those given: its own, then ETER's, then any other."""
    cells, column = reading.groups["institution"][number], f"institution[{number}]"
    if deqar_id := cells.get("deqar_id"):
        bare = deqar_id.upper().removeprefix("DEQARINST").removesuffix(".0").lstrip("0")
        return "deqar", f"DEQARINST{bare.rjust(4, '0')}"
    if eter_id := cells.get("eter_id"):
        return "eter", eter_id
    value = cells.get("identifier[1]") or cells.get("identifier")
    if not value:
        message = say("expected an identifier of the provider, got none")
        reading.refuse(f"{column}.deqar_id", "", message, say("Give one of them."))
        return None
    scheme = (cells.get("resource[1]") or cells.get("resource") or "national").casefold()
    try:
        return canonicalise(scheme if scheme in load("identifier-schemes") else "national", value)
    except (UnknownTerm, MalformedIdentifier) as error:
        message = say("expected {expected}", expected=error.expected)
        reading.refuse(f"{column}.identifier[1]", value, message, error.cure)
        return None


def _note_unrecorded(reading: Reading) -> None:
    for column, text in reading.cells.items():
        if text.strip() and re.split(r"[\[.]", column)[0] in UNRECORDED:
            reading.note(column, text, say("this register has no place for it; it is not recorded"))
