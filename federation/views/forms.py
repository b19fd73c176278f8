"""What an operator fills in: an address, terms, a reason. Each says in words what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from federation.views.words import spell_countries, spell_limit
from register import vocabularies
from register.site.words import label, label_place
from register.texts import check_text

Row = tuple[Any, str]
"""One line of a review: a label and what was chosen."""

_MANY: Final = 12
_MINUTE: Final = 60
_MOST_MINUTES: Final = 366 * 24 * 60


class TextField(forms.CharField):
    """Text of some lines that everybody will read; breaks come from browsers as CR LF and are kept as LF."""

    widget = forms.Textarea(attrs={"rows": 3})

    def to_python(self, value: Any) -> str:
        """Return the text; raises ValidationError for characters that hide or deceive."""
        try:
            return check_text(str(super().to_python(value) or "").replace("\r\n", "\n"))
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class NothingForm(forms.Form):
    """An action that asks for nothing."""

    def values(self) -> dict[str, Any]:
        """Return nothing."""
        return {}

    def review(self) -> list[Row]:
        """Return nothing."""
        return []


class AddressForm(forms.Form):
    """Where the node to be recognised is."""

    url = forms.CharField(
        label=_("Address of the other register"),
        max_length=300,
        help_text=_("For example https://register.de.example. This node asks it who it is; nothing is recorded yet."),
        error_messages={"required": _("Write the address that the other operator gave you.")},
        widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class TermsForm(forms.Form):
    """What is accepted from a peer, and how old its newest checkpoint may be."""

    remit = forms.MultipleChoiceField(
        label=_("Countries for which it is heard"),
        help_text=_("Leave all chosen to hear it for all of its territory. It is never heard beyond that."),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose a country at least. To hear nothing of it, pause or withdraw it.")},
    )
    max_age = forms.IntegerField(
        label=_("Its newest checkpoint may be so many minutes old"),
        required=False,
        min_value=1,
        max_value=_MOST_MINUTES,
        help_text=_("Decisions that rest on an older one read “unchecked”. Empty: this node’s own limit."),
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, territory: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.territory = tuple(territory)
        field = self.fields["remit"]
        assert isinstance(field, forms.MultipleChoiceField)
        named = [(code, label_place(code)) for code in self.territory]
        by_name = sorted(named, key=lambda one: one[1].casefold())
        field.choices = by_name

    @property
    def folded(self) -> str:
        """What is chosen of a long list of countries, which then stays folded; empty for a short one."""
        chosen = self["remit"].value() or ()
        if len(self.territory) <= _MANY:
            return ""
        if {*self.territory} <= {*chosen}:
            return gettext("all its territory")
        return spell_countries([code for code in self.territory if code in chosen], 6)

    @staticmethod
    def show(said: Mapping[str, Any], territory: Sequence[str]) -> dict[str, Any]:
        """Return terms as the fields show them."""
        remit, seconds = said.get("remit"), said.get("max_age_seconds")
        minutes = None if seconds is None else -(-seconds // _MINUTE)
        return {"remit": list(territory if remit is None else remit), "max_age": minutes}

    def values(self) -> dict[str, Any]:
        """Return `remit` (None: all of it) and `max_age_seconds` (None: our own limit)."""
        chosen, minutes = self.cleaned_data["remit"], self.cleaned_data["max_age"]
        every = set(chosen) == set(self.territory)
        return {
            "remit": None if every else [code for code in self.territory if code in chosen],
            "max_age_seconds": None if minutes is None else minutes * _MINUTE,
        }

    def review(self) -> list[Row]:
        """Return what was chosen."""
        values = self.values()
        remit = gettext("all its territory") if values["remit"] is None else spell_countries(values["remit"], 30)
        seconds = values["max_age_seconds"]
        age = gettext("this node’s own limit") if seconds is None else spell_limit(seconds)
        return [(_("Heard for"), remit), (_("Its newest checkpoint may be as old as"), age)]


class ReasonForm(forms.Form):
    """Why; it is shown with the peer."""

    reason = TextField(
        label=_("Reason"),
        max_length=500,
        help_text=_("Everybody can read it. Name no person."),
        error_messages={"required": _("Write why, in a sentence.")},
    )

    def values(self) -> dict[str, Any]:
        """Return the reason."""
        return {"reason": self.cleaned_data["reason"]}

    def review(self) -> list[Row]:
        """Return what was written."""
        return [(_("Reason"), self.cleaned_data["reason"])]


class EndingForm(forms.Form):
    """Why a peer is recognised no longer: a term of the vocabulary, and what there is to add."""

    reason = forms.ChoiceField(
        label=_("Reason"), error_messages={"required": _("Choose a reason.")}, widget=forms.RadioSelect
    )
    note = TextField(
        label=_("What there is to add"),
        required=False,
        max_length=1_000,
        help_text=_("It goes on the ledger, for everybody and for ever. Name no person."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["reason"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(code, label("peer-reasons", code)) for code in vocabularies.load("peer-reasons").codes()]

    def values(self) -> dict[str, Any]:
        """Return the reason's code, and the note where there is one."""
        note = self.cleaned_data["note"]
        return {"reason": self.cleaned_data["reason"]} | ({"note": note} if note else {})

    def review(self) -> list[Row]:
        """Return what was chosen and written."""
        rows: list[Row] = [(_("Reason"), label("peer-reasons", self.cleaned_data["reason"]))]
        return rows + ([(_("To add"), self.cleaned_data["note"])] if self.cleaned_data["note"] else [])
