"""Forms that change an accreditation: amend, correct, take an ending back, suspend, reinstate, revoke.

An amendment says only what changes: what the form holds is compared with what is on record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from register.desk.days import DayField, day_of, last_day_of, today, until_after
from register.desk.decision_form import DetailsForm, initial_decision, offer_terms
from register.desk.forms import DraftForm, LineField, TextField
from register.desk.reports import ReportForm, held_report, places_of
from register.desk.scope_form import ScopeForm, has_changed, held_limits
from register.moments import parse_moment
from register.records import AccreditationRecord
from register.scope import Scope

UNDOING: Final = ("appeal_upheld", "administrative_error", "decision_annulled")
"""Reasons for which an ending may be taken back (register/rules)."""

_FOR_EVERYBODY: Final = _("For everybody and for ever. Name no person.")


class ReasonForm(DraftForm):
    """Why, in a term of the vocabulary and in words."""

    reason = forms.ChoiceField(label=_("Reason"), error_messages={"required": _("Choose a reason.")})
    note = TextField(label=_("In words"), required=False, max_length=2_000, help_text=_FOR_EVERYBODY)

    reasons: ClassVar[Sequence[str]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["reason"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("choose")), *offer_terms("reasons", self.reasons)]

    def reason_said(self) -> dict[str, Any]:
        """Return reason and note where given."""
        return {name: self.cleaned_data[name] for name in ("reason", "note") if self.cleaned_data.get(name)}


class EndingForm(ReasonForm):
    """From when on something ends, or rests, and why."""

    effective_from = DayField(
        label=_("With effect from"),
        help_text=_("The first day on which it holds; it may lie in the past or in the future."),
        error_messages={"required": _("Write the day from which it holds.")},
    )
    legal_basis = LineField(label=_("Legal basis"), required=False, max_length=300)

    field_order = ("effective_from", "reason", "note", "legal_basis")

    def said(self) -> dict[str, Any]:
        """Return the terms of the ending."""
        data = self.cleaned_data
        basis = {"legal_basis": data["legal_basis"]} if data["legal_basis"] else {}
        return {"effective_from": data["effective_from"].isoformat(), **self.reason_said(), **basis}


class SuspendForm(EndingForm):
    """Suspend until it is reinstated."""

    verb = "suspend_accreditation"


class RevokeForm(EndingForm):
    """Revoke for good."""

    verb = "revoke_accreditation"


class ReinstateForm(EndingForm):
    """Lift a suspension."""

    verb = "reinstate_accreditation"
    reasons = ("deficiencies_remedied", *UNDOING, "unspecified")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = False


class TermsForm(DetailsForm, ReportForm, ScopeForm, ReasonForm):
    """New values of an accreditation; `held` is what is on record, in the words of `held_terms`."""

    verb: ClassVar[str] = "amend_accreditation"
    places: ClassVar[Mapping[str, str]] = places_of("report")

    kind = forms.ChoiceField(label=_("Kind of accreditation"))
    decision = forms.ChoiceField(label=_("Decision"))
    valid_from = DayField(label=_("Valid from"), error_messages={"required": _("Write the first day of validity.")})
    valid_until = DayField(label=_("Valid until"), required=False, help_text=_("The last day. Empty: without an end."))

    def __init__(self, *args: Any, held: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.held = held
        self.fields["reason"].required = False
        for name, vocabulary in (("kind", "accreditation-kinds"), ("decision", "decisions")):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = offer_terms(vocabulary)

    def wanted(self) -> dict[str, Any]:
        """Return all values that the form holds."""
        data = self.cleaned_data
        return {
            "kind": data["kind"],
            "decision": data["decision"],
            "scope": self.scope_said(),
            "valid_from": data["valid_from"].isoformat(),
            "valid_until": until_after(data["valid_until"]),
            "report": self.report_said(),
            **self.details_said(),
        }

    def changed(self) -> dict[str, Any]:
        """Return the values that are not those on record; null where one is emptied."""
        wanted = self.wanted()
        names = dict.fromkeys([*wanted, *self.held])
        return {name: wanted.get(name) for name in names if has_changed(name, wanted.get(name), self.held.get(name))}

    def clean(self) -> dict[str, Any] | None:
        """Refuse an amendment that changes nothing."""
        data = super().clean()
        if not self.errors and not self.changed():
            raise forms.ValidationError(gettext("Nothing is changed yet: change a value, or leave the page."))
        return data


class AmendForm(TermsForm):
    """An amendment; a new scope holds from a day on."""

    effective_from = DayField(
        label=_("A new scope holds from"),
        required=False,
        help_text=_("Empty: from the day on which it is recorded. Other values hold for the whole period."),
    )

    def said(self) -> dict[str, Any]:
        """Return what changes, and from when on."""
        day = self.cleaned_data["effective_from"]
        return {**self.changed(), **self.reason_said(), **({"effective_from": day.isoformat()} if day else {})}


class CorrectForm(TermsForm):
    """A correction of what an earlier entry said: it replaces it, from the same day on."""

    def __init__(self, *args: Any, entry: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entry = entry
        self.fields["reason"].required = True
        self.fields["note"].label = _("Because …")

    def said(self) -> dict[str, Any]:
        """Return what changes and which entry it replaces."""
        return {"corrects": self.entry, **self.changed(), **self.reason_said()}


class TakeBackForm(ReasonForm):
    """A correction that takes a suspension, reinstatement or revocation back."""

    verb = "amend_accreditation"
    reasons = UNDOING

    def __init__(self, *args: Any, entry: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entry = entry
        self.fields["note"].label = _("Because …")

    def said(self) -> dict[str, Any]:
        """Return which entry is taken back, and why."""
        return {"corrects": self.entry, **self.reason_said()}


def held_terms(record: AccreditationRecord, scope: Scope | None = None) -> dict[str, Any]:
    """Return what is on record as the form would say it, with the scope of one entry where that is meant."""
    start = day_of(record.valid.valid_from)
    return {
        "kind": record.kind,
        "decision": record.decision,
        "scope": held_limits(record.scope if scope is None else scope),
        "valid_from": start.isoformat() if start else None,
        "valid_until": until_after(last_day_of(record.valid.valid_until)),
        "report": held_report(record.report),
        "standard": record.standard,
        "status": record.status,
        "summary": record.summary,
        "legal_basis": record.legal_basis,
        "local_identifier": record.local_identifier,
        "contributing_agencies": list(record.contributing_agencies),
    }


def initial_changes(held: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the form of an amendment begins with: what is on record, or what a draft says of it."""
    told = {**held, **said}
    day = day_of(parse_moment(said["effective_from"])) if said.get("effective_from") else None
    reasons = {name: said[name] for name in ("reason", "note") if said.get(name)}
    kept = {name: value for name, value in told.items() if value is not None}
    return {**initial_decision(kept), **reasons, "effective_from": day}


def initial_ending(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the form of an ending begins with: today, or what a draft says."""
    day = day_of(parse_moment(said["effective_from"])) if said.get("effective_from") else today()
    return {**said, "effective_from": day}
