"""The form of a decision: an issuer, what was decided, for which scope, from when until when, on what report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from register import vocabularies
from register.desk.days import DayField, day_of, last_day_of, today, until_after
from register.desk.forms import DraftForm, LineField, TextField
from register.desk.reports import ReportForm, initial_report, places_of
from register.desk.scope_form import ScopeForm, initial_limits
from register.moments import parse_moment
from register.records import AgencyRecord
from register.site.names import name_record
from register.site.words import label

_OPTIONAL: Final = ("standard", "status", "summary", "legal_basis", "local_identifier")
STATUSES: Final = (("", _("not stated")), ("obligatory", _("required by law")), ("voluntary", _("voluntary")))


def offer_terms(vocabulary: str, codes: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Return the terms of a vocabulary as choices, all or some."""
    return [(code, label(vocabulary, code)) for code in codes or vocabularies.load(vocabulary).codes()]


class DetailsForm(forms.Form):
    """What a decision says beside its parties, scope and period."""

    standard = LineField(
        label=_("Standard"),
        required=False,
        max_length=300,
        help_text=_("For example: ESG 2015."),
        widget=forms.TextInput,
    )
    status = forms.ChoiceField(label=_("Kind of review"), required=False, choices=STATUSES)
    summary = TextField(
        label=_("Summary"),
        required=False,
        max_length=4_000,
        help_text=_("For everybody and for ever. Name no person."),
    )
    legal_basis = LineField(label=_("Legal basis"), required=False, max_length=300)
    local_identifier = LineField(label=_("Your own reference"), required=False, max_length=100)
    contributing_agencies = forms.MultipleChoiceField(
        label=_("Agencies that contributed"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def offer_agencies(self, agencies: Sequence[AgencyRecord], own: str) -> None:
        """Fill the picker of contributing agencies."""
        field = self.fields["contributing_agencies"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(one.id, name_record(one).text) for one in agencies if one.id != own]

    def details_said(self) -> dict[str, Any]:
        """Return what was filled in."""
        data = self.cleaned_data
        said = {name: data[name] for name in _OPTIONAL if data.get(name)}
        return said | ({"contributing_agencies": among} if (among := data.get("contributing_agencies")) else {})


class DecisionForm(DetailsForm, ReportForm, ScopeForm, DraftForm):
    """A decision on a new accreditation."""

    verb: ClassVar[str] = "grant_accreditation"
    places: ClassVar[Mapping[str, str]] = places_of("report")

    issuer = forms.CharField(
        label=_("Institution"),
        max_length=36,
        error_messages={"required": _("Choose the institution: search for it, then pick it from the list.")},
    )
    agency = forms.ChoiceField(
        label=_("Agency that decided"), error_messages={"required": _("Choose the agency that decided.")}
    )
    kind = forms.ChoiceField(label=_("Kind of accreditation"))
    decision = forms.ChoiceField(label=_("Decision"))
    valid_from = DayField(label=_("Valid from"), error_messages={"required": _("Write the first day of validity.")})
    valid_until = DayField(label=_("Valid until"), required=False, help_text=_("The last day. Empty: without an end."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, vocabulary in (("kind", "accreditation-kinds"), ("decision", "decisions")):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = offer_terms(vocabulary)

    def said(self) -> dict[str, Any]:
        """Return the terms of the grant."""
        data = self.cleaned_data
        said = {name: data[name] for name in ("issuer", "agency", "kind", "decision")}
        said |= {"scope": self.scope_said(), "valid_from": data["valid_from"].isoformat()}
        said |= {"valid_until": until} if (until := until_after(data["valid_until"])) else {}
        said |= {"report": report} if (report := self.report_said()) else {}
        return {**said, **self.details_said()}


def initial_decision(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the terms of a grant as the form takes them."""
    initial = {name: said[name] for name in ("issuer", "agency", "kind", "decision", *_OPTIONAL) if name in said}
    initial |= initial_limits(said.get("scope"))
    initial |= {"contributing_agencies": list(said.get("contributing_agencies") or ())}
    initial |= initial_report(said.get("report"))
    return initial | {
        "valid_from": day_of(_moment(said.get("valid_from"))) or today(),
        "valid_until": last_day_of(_moment(said.get("valid_until"))),
    }


def _moment(text: Any) -> datetime | None:
    return parse_moment(text) if text else None


def initial_of(form: type[forms.Form], sent: Any) -> dict[str, Any]:
    """Return what was sent as a form's beginning, so that it can be shown again without being judged."""
    several = {name for name, field in form.base_fields.items() if isinstance(field, forms.MultipleChoiceField)}
    return {
        name: sent.getlist(name) if name in several else sent.get(name) for name in form.base_fields if name in sent
    }
