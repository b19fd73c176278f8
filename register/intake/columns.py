"""Columns: what the tables of decisions and of issuers may hold, and which of a file's columns is which. Pure.

A header is recognised by its canonical name or an alias, in several languages; one that merely looks like a name is
proposed as doubtful, and a person confirms it. What is not recognised is never passed over in silence: a limit that was
ignored would widen a scope.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from register.intake import deqar
from register.intake.sheets import fold_header
from register.vocabularies import load

ACCREDITATIONS: Final = "accreditations"
ISSUERS: Final = "issuers"
DEQAR: Final = "deqar"
KINDS: Final = (ACCREDITATIONS, ISSUERS, DEQAR)

IGNORED: Final = "-"
"""Where a person said that a column is to be left out."""

ANNOTATIONS: Final = ("assay_status", "assay_remarks")
"""What is written beside the columns of a file when it is given back."""


class Column(NamedTuple):
    """One column: its canonical name, what it is called, how its cells are written, other names of it."""

    name: str
    title: str
    hint: str
    required: bool = False
    aliases: str = ""


_DECISIONS: Final = (
    Column("issuer", "Issuer", "ror:04dkp9463, a PIC, OID or Erasmus code, or its address here", True,
           "institution hei university higher_education_institution einrichtung hochschule etablissement établissement "
           "institución institucion istituzione instelling uczelnia ίδρυμα provider"),
    Column("kind", "Kind of accreditation", "institutional, programme, joint programme, micro-credential", True,
           "accreditation_kind art type_of_accreditation nature tipo rodzaj soort είδος"),
    Column("valid_from", "Valid from", "2024-01-31", True,
           "from start_date start begin gültig_ab valable_du válido_desde valido_dal geldig_vanaf ważne_od"),
    Column("valid_until", "First day no longer covered", "2030-01-31; empty: open", False, "until end_date_exclusive"),
    Column("valid_to", "Last day covered", "2030-01-30; empty: open", False,
           "to end end_date expires gültig_bis valable_jusqu'au válido_hasta valido_fino_al geldig_tot ważne_do"),
    Column("agency", "Agency", "its acronym, name or identifier; empty: your own", False,
           "qa_agency quality_assurance_agency agentur agence agencia agenzia agentschap"),
    Column("contributing_agencies", "Contributing agencies", "several separated by |", False, "contributing_agency"),
    Column("local_id", "Your own number", "at most 500 characters", False,
           "local_identifier reference file_number aktenzeichen number id"),
    Column("activity", "Activity", "institutional-obligatory, programme-voluntary, …", False, "esg_activity"),
    Column("credential_types", "Credential types", "bachelor-degree | master-degree; empty: no limit", False,
           "credential_type type_of_credential"),
    Column("eqf_levels", "EQF levels", "6 | 7, or first cycle; empty: no limit", False,
           "eqf eqf_level levels level niveau nivel livello poziom επίπεδο eqr_niveau"),
    Column("isced_f", "Fields (ISCED-F)", "061 | 0613; empty: no limit", False,
           "isced fields field field_of_study isced_f_2013 fachrichtung domaine campo"),
    Column("jurisdictions", "Countries or regions covered", "NL | BE; empty: the issuer’s own", False,
           "jurisdiction countries country_of_validity"),
    Column("programmes", "Programmes", "ids of programmes recorded here, separated by |", False, "programme program"),
    Column("decision", "Decision", "positive, positive with conditions, negative, not applicable", False,
           "outcome result entscheidung décision decisión decisione besluit decyzja απόφαση"),
    Column("report_url", "Address of the report", "https://…", False, "report url link report_link bericht rapport"),
    Column("report_sha256", "SHA-256 of the report", "64 hexadecimal digits", False, "sha256 report_hash hash"),
    Column("summary", "Summary", "a few sentences", False, "abstract zusammenfassung résumé resumen"),
)  # fmt: skip
_ISSUERS: Final = (
    Column("country", "Country", "NL, NLD or the Netherlands", True, "country_code land pays país pais paese kraj"),
    Column("name", "Name, language not stated", "as the institution writes it", False, "legal_name title"),
    *(Column(f"name_{code}", f"Name in {language}", "", False) for code, language in (
        ("en", "English"), ("fr", "French"), ("de", "German"), ("es", "Spanish"), ("it", "Italian"), ("nl", "Dutch"),
        ("pl", "Polish"), ("el", "Greek"))),
    Column("city", "City", "", False, "town stadt ville ciudad città miasto"),
    Column("street", "Street", "", False, "address"),
    Column("postcode", "Postcode", "", False, "post_code zip plz"),
    Column("website", "Website", "https://www.university.example", False, "url homepage web"),
    Column("provider_type", "Type of provider", "1 formal education, 2 other provider", False, "type"),
)  # fmt: skip


def columns_of(kind: str) -> tuple[Column, ...]:
    """Return the columns that a table of this kind may hold; those of DEQAR are countless (see `deqar`)."""
    if kind == ISSUERS:
        schemes = load("identifier-schemes")
        return (*_ISSUERS, *(Column(one.code, one.label(), "", False, f"{one.code}_id") for one in schemes))
    return _DECISIONS if kind == ACCREDITATIONS else ()


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a header says: the kind of table, and the canonical name for each of its columns ("" where unknown).

    `doubtful` are places whose name was guessed by likeness, `missing` the required columns that nothing was found for.
    """

    kind: str
    names: tuple[str, ...]
    doubtful: tuple[int, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Tell whether nothing is left for a person to say."""
        return not self.doubtful and not self.missing and all(self.names)


def recognise(header: Sequence[str], kind: str = "") -> Recognised:
    """Recognise the columns of a file, as the kind that is given or, without one, as the one it looks like."""
    kind = kind or _guess_kind(header)
    if kind == DEQAR:
        folded = tuple(_own_mark(cell) or deqar.fold(cell) or "" for cell in header)
        return Recognised(kind, folded, (), _missing(kind, folded))
    aliases = _aliases(kind)
    names = [_own_mark(cell) or aliases.get(fold_header(cell), "") or _language_name(kind, cell) for cell in header]
    doubtful = []
    for place, cell in enumerate(header):
        near = [] if names[place] or not cell else difflib.get_close_matches(fold_header(cell), aliases, 1, 0.8)
        if near and aliases[near[0]] not in names:
            names[place] = aliases[near[0]]
            doubtful.append(place)
    unique = tuple(
        name if name and (name == IGNORED or names.index(name) == place) else "" for place, name in enumerate(names)
    )
    return Recognised(kind, unique, tuple(doubtful), _missing(kind, unique))


def check_mapping(kind: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return what is wrong with a mapping that a person made: `open:PLACE`, `missing:COLUMN`, `twice:COLUMN`."""
    chosen = [name for name in names if name and name != IGNORED]
    twice = dict.fromkeys(name for name in chosen if chosen.count(name) > 1)
    unsaid = (f"open:{place}" for place, name in enumerate(names) if not name)
    return (*unsaid, *(f"missing:{name}" for name in _missing(kind, chosen)), *(f"twice:{name}" for name in twice))


def _own_mark(cell: str) -> str:
    """Leave out the columns that an annotated file has beside its own."""
    return IGNORED if fold_header(cell) in ANNOTATIONS else ""


def _missing(kind: str, names: Iterable[str]) -> tuple[str, ...]:
    have = set(names)
    if kind == DEQAR:
        return deqar.missing(have)
    missing = [column.name for column in columns_of(kind) if column.required and column.name not in have]
    if kind == ISSUERS and not any(re.fullmatch("name(_[a-z]{2,3})?", name) for name in have):
        missing.append("name")
    return tuple(missing)


def _aliases(kind: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for column in columns_of(kind):
        for alias in (column.name, column.title, *column.aliases.split()):
            found.setdefault(fold_header(alias), column.name)
    return found


def _language_name(kind: str, cell: str) -> str:
    name = fold_header(cell)
    return name if kind == ISSUERS and re.fullmatch("name_[a-z]{2,3}", name) else ""


def _guess_kind(header: Sequence[str]) -> str:
    folded = [fold_header(cell) for cell in header]
    if any("[" in cell for cell in header) or {"date_format", "valid_to"} <= set(folded):
        return DEQAR
    score = {kind: sum(name in _aliases(kind) for name in folded) for kind in (ACCREDITATIONS, ISSUERS)}
    named = any(re.fullmatch("name(_[a-z]{2,3})?|legal_name", name) for name in folded)
    return ISSUERS if named and score[ISSUERS] >= score[ACCREDITATIONS] else ACCREDITATIONS
