"""Elements: which of the 11 mandatory and 5 optional elements of the EU standard a programme states. Pure.

Council Recommendation 2022/C 243/02, Annex I; their names are those of register.credentials.elements, which looks for
the same elements in a credential. Elements about the learner are for each credential to state and never missing here;
country and, unless others award, the awarding body are the issuer's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from register.credentials.elements import list_elements

Kind = Literal["mandatory", "optional"]
State = Literal["stated", "missing", "credential", "issuer"]

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "title": ("titles",),
    "learning_outcomes": ("learning_outcomes",),
    "workload": ("ects", "hours"),
    "level": ("eqf_level", "qf_ehea_cycle", "nqf_level"),
    "assessment_type": ("assessment_type",),
    "participation_form": ("participation",),
    "quality_assurance": ("quality_assurance",),
    "prerequisites": ("prerequisites",),
    "supervision_identity": ("supervision",),
    "stackability": ("stackability",),
}
"""Element → the fields of a programme that state it; one of them is enough."""

_OF_CREDENTIAL: Final = frozenset({"learner", "date_of_issue", "grade", "further_information"})
_OF_ISSUER: Final = frozenset({"issuer_country", "awarding_body"})

_LABELS: Final[Mapping[str, str | Promise]] = {
    "learner": _("Identification of the learner"),
    "title": _("Title of the micro-credential"),
    "issuer_country": _("Country or region of the issuer"),
    "awarding_body": _("Awarding body"),
    "date_of_issue": _("Date of issuing"),
    "learning_outcomes": _("Learning outcomes"),
    "workload": _("Notional workload, in ECTS where possible"),
    "level": _("Level of the learning experience (EQF, QF-EHEA)"),
    "assessment_type": _("Type of assessment"),
    "participation_form": _("Form of participation in the learning activity"),
    "quality_assurance": _("Type of quality assurance that underpins it"),
    "prerequisites": _("Prerequisites needed to enrol"),
    "supervision_identity": _("Supervision and identity verification during assessment"),
    "grade": _("Grade achieved"),
    "stackability": _("Integration and stackability options"),
    "further_information": _("Further information"),
}


@dataclass(frozen=True, slots=True)
class Element:
    """One element and how it stands: stated here, missing, for each credential to state, or the issuer's own."""

    key: str
    kind: Kind
    state: State
    fields: tuple[str, ...] = ()

    @property
    def label(self) -> str | Promise:
        """Its name in the standard, in the reader's language."""
        return _LABELS[self.key]


@dataclass(frozen=True, slots=True)
class Completeness:
    """All elements in the standard's order."""

    elements: tuple[Element, ...]

    @property
    def mandatory(self) -> tuple[Element, ...]:
        """The 11 mandatory elements."""
        return tuple(one for one in self.elements if one.kind == "mandatory")

    @property
    def optional(self) -> tuple[Element, ...]:
        """The 5 optional elements."""
        return tuple(one for one in self.elements if one.kind == "optional")

    @property
    def missing(self) -> tuple[Element, ...]:
        """Mandatory elements that nothing states."""
        return tuple(one for one in self.mandatory if one.state == "missing")

    @property
    def met(self) -> int:
        """How many of the mandatory elements are stated, or will be by each credential."""
        return len(self.mandatory) - len(self.missing)


def look_for_elements(said: Mapping[str, Any]) -> Completeness:
    """Return how the elements stand in a description: fields and values as ProgrammeTerms or a record have them."""
    kinds: tuple[Kind, ...] = ("mandatory", "optional")
    return Completeness(
        tuple(
            Element(one.key, kind, _find_state(one.key, said), FIELDS.get(one.key, ()))
            for kind in kinds
            for one in list_elements("elm")
            if one.kind == kind
        )
    )


def _find_state(key: str, said: Mapping[str, Any]) -> State:
    if key in _OF_CREDENTIAL:
        return "credential"
    if key in _OF_ISSUER:
        return "issuer"
    return "stated" if any(said.get(name) not in (None, "", (), [], {}) for name in FIELDS[key]) else "missing"
