"""Programmes of DEQAR's table: `programme[n]`, its level, field, credits and what it leads to. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from register.intake.deqar_cells import Reading
from register.sentences import say
from register.vocabularies import UnknownTerm, load, parse_isced_f

_LEVELS: Final = {
    "0": 5,
    "1": 6,
    "2": 7,
    "3": 8,
    "short cycle": 5,
    "first cycle": 6,
    "second cycle": 7,
    "third cycle": 8,
}
_YES: Final = {"1": True, "yes": True, "true": True, "y": True, "2": False, "no": False, "false": False, "n": False}
_TYPES: Final = {5: "short-cycle-degree", 6: "bachelor-degree", 7: "master-degree", 8: "doctoral-degree"}


@dataclass(frozen=True, slots=True)
class ProgrammeRow:
    """A programme as DEQAR describes it; `degree` tells whether it leads to a full degree, None where not said."""

    titles: tuple[str, ...]
    qualification: str
    degree: bool | None
    eqf_level: int | None
    nqf_level: str
    isced_f: str
    ects: str
    assessment: str
    outcomes: str
    esco: tuple[str, ...]
    countries: tuple[str, ...]
    local_id: str

    @property
    def credential_type(self) -> str | None:
        """The type it leads to: a degree by its level; a micro-credential when below 60 ECTS, as DEQAR shows it."""
        if self.degree is False:
            return "micro-credential" if self.ects and float(self.ects) < 60 else None
        return _TYPES.get(self.eqf_level or 0) if self.degree else None


def read_programme(reading: Reading, number: int) -> ProgrammeRow:
    """Read one programme; faults are reported to the row."""
    cells, column = reading.groups["programme"][number], f"programme[{number}]"
    title = cells.get("name_primary", "")
    if not title:
        message = say("expected the programme's name, got an empty cell")
        reading.refuse(f"{column}.name_primary", "", message, say("Fill it in."))
    level = _level(reading, column, cells.get("qf_ehea_level", ""))
    degree = _YES.get(cells.get("degree_outcome", "").casefold().removesuffix(".0"))
    others = (text for name, text in cells.items() if name.startswith("name_alternative"))
    return ProgrammeRow(
        titles=tuple(filter(None, (title, *others))),
        qualification=cells.get("qualification_primary", ""),
        degree=degree,
        eqf_level=level,
        nqf_level=cells.get("nqf_level", "")[:500],
        isced_f=_field(reading, column, cells.get("field_study", "")),
        ects=_ects(reading, column, cells.get("workload_ects", "")),
        assessment=cells.get("assessment_certification", ""),
        outcomes=cells.get("learning_outcome_description", "")[:500],
        esco=_esco(cells),
        countries=_countries(reading, column, cells),
        local_id=cells.get("identifier[1]", cells.get("identifier", "")),
    )  # fmt: skip


def _esco(cells: Mapping[str, str]) -> tuple[str, ...]:
    texts = (text for name, text in cells.items() if re.fullmatch(r"learning_outcomes?(\[\d+\])?", name))
    return tuple(part.strip() for text in texts for part in text.split("|") if part.strip().startswith("http"))


def _level(reading: Reading, column: str, text: str) -> int | None:
    if not text:
        return None
    found = _LEVELS.get(text.casefold().removesuffix(".0"))
    if found is None:
        message = say("expected 0 to 3, or short, first, second or third cycle")
        cure = say("DEQAR's levels are those of the QF-EHEA.")
        reading.refuse(f"{column}.qf_ehea_level", text, message, cure)
    return found


def _ects(reading: Reading, column: str, text: str) -> str:
    """Read credits, with a decimal point or a decimal comma."""
    number = re.fullmatch(r"([0-9]{1,4})(?:[.,]([0-9]{1,2})0*)?", text.casefold().removesuffix("ects").strip())
    if text and number is None:
        message = say("expected a number of credits, got {got}", got=repr(text[:40]))
        reading.refuse(f"{column}.workload_ects", text, message, say("Such as 7.5."))
    if number is None:
        return ""
    decimals = (number[2] or "").rstrip("0")
    return number[1] + (f".{decimals}" if decimals else "")


def _field(reading: Reading, column: str, text: str) -> str:
    code = re.sub(r"^https?://data\.europa\.eu/(esco|snb)/isced-f/", "", text)
    if not code:
        return ""
    try:
        return parse_isced_f(code)
    except UnknownTerm as error:
        message = say("expected {expected}", expected=error.expected)
        reading.refuse(f"{column}.field_study", text, message, error.cure)
        return ""


def _countries(reading: Reading, column: str, cells: Mapping[str, str]) -> tuple[str, ...]:
    found = []
    for name, text in cells.items():
        if name.partition("[")[0] == "country":
            try:
                found.append(load("countries").get(text).code)
            except UnknownTerm as error:
                message = say("expected {expected}", expected=error.expected)
                reading.refuse(f"{column}.{name}", text, message, error.cure)
    return tuple(dict.fromkeys(found))
