"""Forms about agencies: recognising one, amending its recognition, withdrawing it, taking a withdrawal back.

An amendment says only what changes: what the form holds is compared with what is on record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from register.desk.change_forms import ReasonForm, TakeBackForm
from register.desk.days import DayField, day_of, last_day_of, until_after
from register.desk.forms import LineField, TextField
from register.desk.inputs import TermField, read_day, read_last_day, spell
from register.desk.issuer_forms import EndingForm
from register.desk.organisation_forms import (
    NewOrganisationForm,
    OrganisationForm,
    ask_identifiers,
    ask_names,
    ask_website,
    keep_identifiers,
)
from register.desk.reports import ReportForm, held_report, initial_report, places_of
from register.desk.scope_form import ScopeForm, has_changed, held_limits, initial_limits
from register.records import AgencyRecord, dump_mapping
from register.scope import UNRESTRICTED, Scope

_WHO: Final = frozenset({"names", "acronym", "country", "website", "identifiers"})
_PERIOD: Final = frozenset({"valid_from", "valid_until"})
_BASIS: Final = frozenset({"report_url", "report_file", "report_sha256", "report_languages"})
_WHY: Final = frozenset({"reason", "note", "__all__"})


class AgencyDetails(ReportForm, ScopeForm, OrganisationForm):
    """What describes an agency: who it is, for what and how long it is recognised, by which decision."""

    places: ClassVar[Mapping[str, str]] = places_of("decision_document")
    folded: ClassVar[bool] = False

    names = ask_names()
    acronym = LineField(label=_("Acronym"), required=False, max_length=60)
    country = TermField("countries", ordered=True, label=_("Country"))
    website = ask_website(_("Such as https://www.agency.example"))
    identifiers = ask_identifiers(
        _("Its number in EQAR, VAT number and others: the more, the surer it is told from others.")
    )
    valid_from = DayField(
        label=_("Recognised from"),
        help_text=_("The day since which it is registered, such as in EQAR; it may lie in the past."),
        error_messages={"required": _("Write the first day of its recognition.")},
    )
    valid_until = DayField(
        label=_("Recognised until"), required=False, help_text=_("The last day. Empty: without an end.")
    )

    def __init__(self, *args: Any, places: Sequence[str] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["eqf_levels"].help_text = _("Choose none for every level.")
        self.fields["report_url"].label = _("Address of the decision to recognise it")
        self.fields["report_file"].label = _("The decision as PDF")
        self.offer(UNRESTRICTED, places, ())

    @property
    def opened(self) -> set[str]:
        """The parts in which something has to be mended, of `who`, `scope`, `basis`; the others stay folded."""
        wrong = frozenset(self.errors)
        parts = {"who": wrong & _WHO, "basis": wrong & _BASIS, "scope": wrong - _WHO - _BASIS - _PERIOD - _WHY}
        return {part for part, fields in parts.items() if fields}

    def terms(self) -> dict[str, Any]:
        """Return all that was filled in as AgencyTerms have it, empty values among them."""
        told = self.cleaned_data
        return {
            **self.describe(),
            "scope": self.scope_said(),
            "valid_from": spell(told["valid_from"]),
            "valid_until": until_after(told["valid_until"]),
            "decision_document": self.report_said(),
        }


class NewAgency(NewOrganisationForm, AgencyDetails):
    """An agency to be recognised."""

    verb: ClassVar[str] = "recognise_agency"


class ChangedAgency(AgencyDetails):
    """New values for an agency; only what differs from what is `held` is said."""

    verb: ClassVar[str] = "amend_agency"
    # Most of what is on record stays as it is: what somebody came to change is unfolded.
    folded: ClassVar[bool] = True

    def __init__(self, held: Mapping[str, Any], *args: Any, **options: Any) -> None:
        self.held = held
        super().__init__(*args, **options)

    def clean(self) -> dict[str, Any] | None:
        """Refuse an amendment that changes nothing."""
        told = super().clean()
        if not self.errors and not self.changes():
            raise forms.ValidationError(gettext("Nothing has changed. Change what is wrong, or leave this page."))
        return told

    def changes(self) -> dict[str, Any]:
        """Return the terms that differ from the record; identifiers that stay keep what the record says of them."""
        terms = keep_identifiers(self.terms(), self.held["identifiers"])
        return {name: value for name, value in terms.items() if has_changed(name, value, self.held[name])}


class AmendAgency(ChangedAgency):
    """An amendment; a new scope holds from a day on."""

    effective_from = DayField(
        label=_("A new scope holds from"),
        required=False,
        help_text=_("Empty: from the day on which it is recorded. Other values hold for the whole period."),
    )
    note = TextField(label=_("Note"), required=False, max_length=5000, help_text=_("Why; everybody can read it."))

    def said(self) -> dict[str, Any]:
        """Return what changes, from when and why."""
        told = self.cleaned_data
        about = {"effective_from": spell(told["effective_from"]), "note": told["note"] or None}
        return {**self.changes(), **{name: value for name, value in about.items() if value}}


class CorrectAgency(ChangedAgency, ReasonForm):
    """A correction of what an entry said of an agency: it replaces it, from the same day on.

    `scoped` is whether the entry said a scope that still holds: that alone can be corrected.
    """

    def __init__(self, *args: Any, entry: int, scoped: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        self.entry, self.scoped = entry, scoped
        self.fields["note"].label = _("Because …")

    def changes(self) -> dict[str, Any]:
        """Return what is to replace what the entry said."""
        return {name: value for name, value in super().changes().items() if name != "scope" or self.scoped}

    def said(self) -> dict[str, Any]:
        """Return what changes, which entry it replaces, and why."""
        return {"corrects": self.entry, **self.changes(), **self.reason_said()}


class WithdrawAgency(EndingForm):
    """The end of an agency's recognition."""

    verb: ClassVar[str] = "withdraw_agency"


class TakeBackWithdrawal(TakeBackForm):
    """A correction of the entry that withdrew a recognition: it is taken back as if it had not been said."""

    verb: ClassVar[str] = "amend_agency"


def terms_of(record: AgencyRecord, scope: Scope | None = None) -> dict[str, Any]:
    """Return a record's values as AgencyDetails.terms gives them, with the scope of one entry where that is meant."""
    told = dump_mapping("agency", record)
    return {
        **{name: told.get(name) for name in ("names", "acronym", "country", "website")},
        "identifiers": told.get("identifiers", []),
        "scope": held_limits(record.scope if scope is None else scope),
        "valid_from": spell(day_of(record.valid.valid_from)),
        "valid_until": until_after(last_day_of(record.valid.valid_until)),
        "decision_document": held_report(record.decision_document),
    }


def show_agency(terms: Mapping[str, Any]) -> dict[str, Any]:
    """Return terms as the fields of AgencyDetails show them."""
    return {
        **terms,
        "names": [{"language": language, "name": name} for language, name in (terms.get("names") or {}).items()],
        **initial_limits(terms.get("scope")),
        "valid_from": read_day(terms.get("valid_from")),
        "valid_until": read_last_day(terms.get("valid_until")),
        "effective_from": read_day(terms.get("effective_from")),
        **initial_report(terms.get("decision_document")),
    }
