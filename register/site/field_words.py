"""Fields of terms and records in words: what each value that an entry states, or changes, is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

FIELDS: Final[Mapping[str, str | Promise]] = {
    "kind": _("Kind"),
    "scope": _("Scope"),
    "decision": _("Decision"),
    "valid_from": _("Valid from"),
    "valid_until": _("Valid until"),
    "report": _("Report"),
    "decision_document": _("Decision to recognise it"),
    "summary": _("Summary"),
    "standard": _("Standard"),
    "status": _("Kind of review"),
    "legal_basis": _("Legal basis"),
    "local_identifier": _("Reference of the agency"),
    "contributing_agencies": _("Agencies that contributed"),
    "names": _("Names"),
    "titles": _("Titles"),
    "country": _("Country"),
    "website": _("Website"),
    "identifiers": _("Identifiers"),
    "acronym": _("Acronym"),
    "sites": _("Sites"),
    "provider_type": _("Type of provider"),
    "credential_type": _("Type of credential"),
    "isced_f": _("Fields of study (ISCED-F)"),
    "learning_outcomes": _("Learning outcomes"),
    "ects": _("Workload in ECTS"),
    "hours": _("Workload in hours"),
    "eqf_level": _("Level (EQF)"),
    "qf_ehea_cycle": _("Cycle (QF-EHEA)"),
    "nqf_level": _("Level of the national framework"),
    "assessment_type": _("Type of assessment"),
    "participation": _("Form of participation"),
    "quality_assurance": _("Quality assurance that underpins it"),
    "prerequisites": _("Prerequisites"),
    "supervision": _("Supervision and identity check"),
    "stackability": _("Stackability"),
    "awarding_bodies": _("Awarded together with, or by"),
    "accreditations_pass_on": _("Accreditations of the one it came from"),
    "issued_from": _("First day of issue"),
    "issued_until": _("Last day of issue"),
}
"""Field of terms → what it is called; the order in which they are told."""
