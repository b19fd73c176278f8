"""Forms about programmes and micro-credentials: described once, amended, closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, NamedTuple

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from register.access.acting import Acting
from register.desk.change_forms import TakeBackForm
from register.desk.days import DayField, until_after
from register.desk.elements import FIELDS, Completeness, look_for_elements
from register.desk.forms import AmendingForm, DraftForm, LineField
from register.desk.inputs import (
    TermField,
    find_one_issuer,
    list_fields,
    list_languages,
    list_sorted,
    name_issuer,
    read_day,
    read_last_day,
    read_pairs,
    spell,
)
from register.desk.issuer_forms import EndingForm
from register.desk.rows import Choices, Column, RowsField
from register.queries.cuts import resolve_cut
from register.queries.single import find_records
from register.records import ProgrammeRecord, dump_mapping

_WIDE: Final = forms.TextInput(attrs={"class": "wide"})
_LANGUAGE: Final = Column("language", _("Language"), "choice", list_languages)


def _list_levels() -> Choices:
    return [(str(level), gettext("EQF level %(level)d") % {"level": level}) for level in range(1, 9)]


def _choose(choices: Any, **options: Any) -> forms.ChoiceField:
    return forms.ChoiceField(choices=lambda: [("", _("choose")), *choices()], required=False, **options)


class Part(NamedTuple):
    """A part of a long form: its heading, its lines of fields, and whether it is folded until somebody needs it."""

    heading: str | Promise
    lines: Sequence[Sequence[forms.BoundField]]
    folded: bool
    opened: bool


_PARTS: Final[Sequence[tuple[str | Promise, str, bool]]] = (
    (_("What it is"), "titles / credential_type / isced_f / valid_from last_day", False),
    ("", "learning_outcomes", False),
    (_("Workload and level"), "ects hours / eqf_level", False),
    (_("How it is taught, assessed and assured"), "participation assessment_type / quality_assurance", False),
    (
        _("More: prerequisites, supervision, stackability, other levels, joint award, identifiers"),
        "prerequisites / supervision / stackability / qf_ehea_cycle nqf_level / awarding_bodies / identifiers",
        True,
    ),
)
"""Heading, names of the fields line by line, and whether it is folded."""


class ProgrammeDetails(DraftForm):
    """What describes a programme: all elements of the EU standard that are not about the learner."""

    places: ClassVar[Mapping[str, str]] = {"valid_until": "last_day"}

    titles = RowsField(
        _LANGUAGE,
        Column("title", _("Title")),
        label=_("Title"),
        help_text=_("As it will stand on the credential; first in the language of the programme."),
        more=_("More titles"),
    )
    credential_type = TermField("credential-types", label=_("Type of credential"), required=False)
    learning_outcomes = RowsField(
        Column(
            "part", _("Which"), "choice", lambda: [("same", gettext("the same, translated"))], False, _("an outcome")
        ),
        _LANGUAGE,
        Column("text", _("What the learner knows, understands and is able to do"), "text"),
        Column("esco", _("ESCO addresses"), required=False),
        label=_("Learning outcomes"),
        required=False,
        help_text=_("One in each row. ESCO addresses, where there are any, with blanks between them."),
        more=_("More outcomes"),
    )
    ects = LineField(label=_("Workload in ECTS"), required=False, max_length=8, help_text=_("Such as 5 or 7.5."))
    hours = forms.IntegerField(label=_("Workload in hours"), required=False, min_value=0, max_value=100_000)
    eqf_level = _choose(_list_levels, label=_("Level (EQF)"))
    qf_ehea_cycle = LineField(
        label=_("Cycle (QF-EHEA)"),
        required=False,
        max_length=100,
        help_text=_("Such as short, first, second or third."),
    )
    nqf_level = LineField(label=_("Level of the national framework"), required=False, max_length=200)
    isced_f = RowsField(
        Column("field", _("Field of study"), "choice", list_fields),
        label=_("Fields of study (ISCED-F)"),
        required=False,
        more=_("More fields"),
    )
    assessment_type = TermField("assessment-types", ordered=True, label=_("Type of assessment"), required=False)
    participation = TermField("modes", label=_("Form of participation"), required=False)
    quality_assurance = LineField(
        label=_("Quality assurance that underpins it"),
        required=False,
        max_length=500,
        widget=_WIDE,
        help_text=_("Such as: institutional accreditation; internal quality assurance by the ESG, part 1."),
    )
    prerequisites = RowsField(
        _LANGUAGE,
        Column("text", _("What is needed to enrol"), "text"),
        label=_("Prerequisites"),
        required=False,
        more=_("In another language"),
    )
    supervision = TermField("supervision", label=_("Supervision and identity check"), required=False)
    stackability = TermField("stackability", label=_("Stackability"), required=False)
    awarding_bodies = RowsField(
        Column("body", _("Institution")),
        label=_("Awarded together with, or by"),
        required=False,
        help_text=_("Of joint programmes: all that award it. Left empty: the issuer awards it alone."),
        more=_("More institutions"),
    )
    identifiers = RowsField(
        Column("scheme", _("Scheme"), "choice", lambda: list_sorted("identifier-schemes")),
        Column("value", _("Identifier")),
        label=_("Identifiers"),
        required=False,
        more=_("More identifiers"),
    )
    valid_from = DayField(label=_("Offered from"))
    last_day = DayField(label=_("Last day"), required=False, help_text=_("Left empty: it goes on."))

    def terms(self) -> dict[str, Any]:
        """Return all that was filled in as ProgrammeFields have it, empty values among them."""
        told = self.cleaned_data
        plain = ("credential_type", "qf_ehea_cycle", "nqf_level", "assessment_type", "participation")
        more = ("quality_assurance", "supervision", "stackability")
        return {
            **{name: told[name] or None for name in (*plain, *more)},
            "titles": read_pairs(told["titles"], "language", "title"),
            "learning_outcomes": read_outcomes(told["learning_outcomes"]),
            "ects": told["ects"].replace(",", ".") or None,
            "hours": told["hours"],
            "eqf_level": int(told["eqf_level"]) if told["eqf_level"] else None,
            "isced_f": [row["field"] for row in told["isced_f"]],
            "prerequisites": read_pairs(told["prerequisites"], "language", "text") or None,
            "awarding_bodies": told["awarding_bodies"],
            "identifiers": [{"scheme": row["scheme"], "value": row["value"]} for row in told["identifiers"]],
            "valid_from": spell(told["valid_from"]),
            "valid_until": until_after(told["last_day"]),
        }

    def clean_awarding_bodies(self) -> list[str]:
        """Return the ids of the institutions named."""
        return [
            find_one_issuer(row["body"].rpartition("(")[2].rstrip(")")).id
            for row in self.cleaned_data["awarding_bodies"]
        ]

    def clean_learning_outcomes(self) -> list[dict[str, str]]:
        """Refuse a translation of nothing."""
        rows: list[dict[str, str]] = self.cleaned_data["learning_outcomes"]
        if rows and rows[0]["part"]:
            raise forms.ValidationError(gettext("The first row has no outcome above it that it could translate."))
        return rows

    @property
    def parts(self) -> list[Part]:
        """The form in parts; a folded one is open where something of it is filled in or wrong."""
        found = []
        for heading, names, folded in _PARTS:
            lines = [[self[name] for name in line.split()] for line in names.split("/")]
            filled = any(field.value() or field.errors for line in lines for field in line)
            found.append(Part(heading, lines, folded, folded and filled))
        named = {name for _heading, names, _folded in _PARTS for name in names.replace("/", " ").split()}
        rest = [[self[name]] for name in self.fields if name not in named]
        return [*found, Part(_("Why"), rest, False, False)] if rest else found

    @property
    def elements(self) -> Completeness:
        """How the elements of the EU standard stand in what is filled in now."""
        names = {name for names in FIELDS.values() for name in names}
        return look_for_elements({name: self[name].value() for name in names})


def read_outcomes(rows: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Return rows as learning outcomes; a row that translates the one above joins it."""
    found: list[dict[str, Any]] = []
    for row in rows:
        if row["part"] and found:
            found[-1]["text"][row["language"]] = row["text"]
            found[-1].setdefault("esco", []).extend(row["esco"].split())
        else:
            found.append({"text": {row["language"]: row["text"]}, "esco": row["esco"].split()})
    return [{name: value for name, value in one.items() if value} for one in found]


def show_programme(terms: Mapping[str, Any]) -> dict[str, Any]:
    """Return terms as the fields of ProgrammeDetails show them."""
    bodies = find_records("issuer", list(terms.get("awarding_bodies") or ()), resolve_cut())
    return {
        **terms,
        "titles": [{"language": language, "title": title} for language, title in terms.get("titles", {}).items()],
        "learning_outcomes": [row for one in terms.get("learning_outcomes") or () for row in _show_outcome(one)],
        "isced_f": [{"field": code} for code in terms.get("isced_f") or ()],
        "prerequisites": [
            {"language": language, "text": text} for language, text in (terms.get("prerequisites") or {}).items()
        ],
        "awarding_bodies": [{"body": name_issuer(one)} for one in bodies.values()],
        "valid_from": read_day(terms.get("valid_from")),
        "last_day": read_last_day(terms.get("valid_until")),
    }


def _show_outcome(outcome: Mapping[str, Any]) -> list[dict[str, str]]:
    rows = [
        {"part": "same" if number else "", "language": language, "text": text, "esco": ""}
        for number, (language, text) in enumerate(outcome["text"].items())
    ]
    rows[0]["esco"] = " ".join(outcome.get("esco", ()))
    return rows


class NewProgramme(ProgrammeDetails):
    """A programme to be described."""

    verb: ClassVar[str] = "register_programme"

    def __init__(self, issuer: str, *args: Any, acting: Acting, **options: Any) -> None:
        self.issuer, self.acting = issuer, acting
        super().__init__(*args, **options)

    def said(self) -> dict[str, Any]:
        """Return ProgrammeTerms; of a demonstration, they say so."""
        mark = {"demonstration": True} if self.acting.demonstration else {}
        told = {name: value for name, value in self.terms().items() if value not in (None, [], {})}
        return {"issuer": self.issuer, **told, **mark}


class AmendProgramme(AmendingForm, ProgrammeDetails):
    """New values for a programme."""

    verb: ClassVar[str] = "amend_programme"

    def before(self) -> Mapping[str, Any]:
        """Return the record's values."""
        return terms_of(self.record)


def terms_of(record: ProgrammeRecord) -> dict[str, Any]:
    """Return a record's values as ProgrammeDetails.terms gives them."""
    told = dump_mapping("programme", record)
    lists = ("learning_outcomes", "isced_f", "awarding_bodies", "identifiers")
    texts = ("titles", "credential_type", "eqf_level", "qf_ehea_cycle", "nqf_level", "ects", "hours", "assessment_type")
    more = ("supervision", "quality_assurance", "participation", "prerequisites", "stackability")
    ends = {name: told.get("valid", {}).get(name) for name in ("valid_from", "valid_until")}
    found = {
        **{name: told.get(name) for name in (*texts, *more)},
        **{name: told.get(name, []) for name in lists},
        **ends,
    }
    found["learning_outcomes"] = [
        {key: value for key, value in one.items() if value} for one in found["learning_outcomes"]
    ]
    return found


class CloseProgramme(EndingForm):
    """A programme that has ended."""

    verb: ClassVar[str] = "close_programme"


class ReopenProgramme(TakeBackForm):
    """A correction of the entry that ended a programme: it is taken back as if it had not been said."""

    verb: ClassVar[str] = "amend_programme"
