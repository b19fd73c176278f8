"""Forms about issuers: registering, amending, closing, relating to another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final
from uuid import UUID

from django import forms
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from register import vocabularies
from register.access.acting import Acting
from register.desk.change_forms import TakeBackForm
from register.desk.days import DayField, until_after
from register.desk.forms import AmendingForm, DraftForm, LineField, TextField
from register.desk.inputs import (
    PROVIDER_TYPES,
    IssuerField,
    TermField,
    list_terms,
    name_issuer,
    read_day,
    read_last_day,
    spell,
)
from register.desk.issuer_search import LONGEST, read_identifier
from register.desk.models import Draft
from register.desk.namings import find_naming
from register.desk.organisation_forms import (
    NewOrganisationForm,
    OrganisationForm,
    ask_identifiers,
    ask_names,
    ask_website,
    keep_identifiers,
)
from register.desk.rows import Column, RowsField
from register.queries.cuts import resolve_cut
from register.queries.single import find_records
from register.records import IssuerRecord, dump_mapping


def _list_provider_types() -> list[tuple[str, str | Promise]]:
    return [(str(code), words) for code, words in PROVIDER_TYPES.items()]


class IssuerDetails(OrganisationForm):
    """What describes an issuer."""

    names = ask_names()
    acronym = LineField(label=_("Acronym"), required=False, max_length=60)
    country = TermField("countries", ordered=True, label=_("Country"))
    provider_type = forms.ChoiceField(
        label=_("Type of provider"), choices=_list_provider_types, widget=forms.RadioSelect, initial="1"
    )
    website = ask_website(_("Such as https://www.university.example"))
    identifiers = ask_identifiers(
        _("ROR, PIC, Erasmus code, VAT number and others: the more, the surer it is told from others.")
    )
    sites = RowsField(
        Column("site", _("Place")),
        label=_("Sites"),
        required=False,
        help_text=_("Towns or campuses, where it has several."),
        more=_("More sites"),
    )

    def terms(self) -> dict[str, Any]:
        """Return all that was filled in as IssuerTerms have it, empty values among them."""
        told = self.cleaned_data
        return {
            **self.describe(),
            "provider_type": int(told["provider_type"]),
            "sites": [row["site"] for row in told["sites"]],
        }


class NewIssuer(NewOrganisationForm, IssuerDetails):
    """An issuer to be registered."""

    verb: ClassVar[str] = "register_issuer"

    denied: tuple[str, ...] = ()

    def keep(
        self, acting: Acting, subject: str = "", draft_id: UUID | str | None = None, version: int | None = None
    ) -> Draft | None:
        """Save the content as a draft, with the look-alikes that it was said to be none of (`denied`)."""
        with transaction.atomic():
            draft = super().keep(acting, subject, draft_id, version)
            if draft is not None:
                draft.denied = list(self.denied)
                draft.save(update_fields=["denied"])
        return draft


class AmendIssuer(AmendingForm, IssuerDetails):
    """New values for an issuer."""

    verb: ClassVar[str] = "amend_issuer"

    never_right = forms.BooleanField(
        label=_("The name on record was never right"),
        required=False,
        help_text=_(
            "A spelling mistake, for example. It is then not remembered as a former name, "
            "and what is changed here replaces the entry that said it."
        ),
    )
    effective_from = DayField(
        label=_("The new name holds from"),
        required=False,
        help_text=_("Only for a change of name; left empty, it holds from the day of recording."),
    )
    field_order = ("names", "never_right", "effective_from")

    def before(self) -> Mapping[str, Any]:
        """Return the record's values."""
        return terms_of(self.record)

    def terms(self) -> dict[str, Any]:
        """Return all that was filled in; identifiers that stay keep what the record says of them."""
        return keep_identifiers(super().terms(), self.before()["identifiers"])

    def clean(self) -> dict[str, Any]:
        """Refuse a correction of the name that leaves it, dates it, or does not say why."""
        told = super().clean()
        if told.get("never_right") and not self.errors:
            if "names" not in self.changes():
                self.add_error(
                    "never_right", gettext("The names are as they were. Change the one that was never right.")
                )
            if told["effective_from"]:
                self.add_error(
                    "effective_from", gettext("Leave this empty: a name that was never right held on no day.")
                )
            if not told["note"]:
                self.add_error("note", gettext("Write why, so that everybody can follow the correction."))
        return told

    def said(self) -> dict[str, Any]:
        """Return what changes, from when or in place of which entry, and why."""
        if self.cleaned_data["never_right"]:
            return {"corrects": find_naming(self.record), **super().said()}
        since = spell(self.cleaned_data["effective_from"])
        return {**super().said(), **({"effective_from": since} if since else {})}


def terms_of(record: IssuerRecord) -> dict[str, Any]:
    """Return a record's values as IssuerDetails.terms gives them."""
    told = dump_mapping("issuer", record)
    names = ("names", "acronym", "country", "provider_type", "website")
    return {
        **{name: told.get(name) for name in names},
        "identifiers": told.get("identifiers", []),
        "sites": list(told.get("sites", [])),
    }


def begin_issuer(text: str) -> dict[str, Any]:
    """Return terms to begin a new issuer with, from what somebody looked for in vain: an identifier, or a name.

    In which language the name is, they say.
    """
    found = read_identifier(text) if text else None
    if found is not None and found.scheme in vocabularies.load("identifier-schemes").codes():
        return {"identifiers": [{"scheme": found.scheme, "value": found.value}]}
    name = " ".join(text.replace("\0", "").split())[:LONGEST]
    return {"names": {"": name}} if name else {}


def show_issuer(terms: Mapping[str, Any]) -> dict[str, Any]:
    """Return terms as the fields of IssuerDetails show them."""
    return {
        **terms,
        "names": [{"language": language, "name": name} for language, name in terms.get("names", {}).items()],
        "provider_type": str(terms.get("provider_type", 1)),
        "sites": [{"site": site} for site in terms.get("sites") or ()],
        "effective_from": read_day(terms.get("effective_from")),
        "never_right": terms.get("corrects") is not None,
    }


class EndingForm(DraftForm):
    """The end of something: from when, why, on what basis."""

    effective_from = DayField(label=_("With effect from"), help_text=_("The first day on which it no longer holds."))
    reason = TermField("reasons", label=_("Reason"))
    note = TextField(label=_("Note"), required=False, help_text=_("Everybody can read it."), max_length=5000)
    legal_basis = LineField(label=_("Legal basis"), required=False, max_length=500)

    def said(self) -> dict[str, Any]:
        """Return EndingTerms."""
        return super().said() | {"effective_from": spell(self.cleaned_data["effective_from"])}

    @staticmethod
    def show(said: Mapping[str, Any]) -> dict[str, Any]:
        """Return EndingTerms as the fields show them."""
        return {**said, "effective_from": read_day(said.get("effective_from"))}


class CloseIssuer(EndingForm):
    """An issuer that has closed."""

    verb: ClassVar[str] = "close_issuer"


class ReopenIssuer(TakeBackForm):
    """A correction of the entry that closed an issuer: it is taken back as if it had not been said."""

    verb: ClassVar[str] = "amend_issuer"


PASSING_ON: Final = (
    ("", _("As is usual for this relation: in a merger, absorption or succession they do, otherwise they do not")),
    ("yes", _("They pass on")),
    ("no", _("They do not pass on")),
)


class RelateIssuer(DraftForm):
    """How an issuer relates to another one."""

    verb: ClassVar[str] = "relate_issuer"

    relation = forms.ChoiceField(label=_("Relation"), widget=forms.RadioSelect, choices=lambda: list_terms("relations"))
    other = IssuerField(
        label=_("The other issuer"), help_text=_("Its name, acronym, address in this register or any identifier.")
    )
    valid_from = DayField(label=pgettext_lazy("first day", "From"))
    last_day = DayField(label=_("Last day"), required=False, help_text=_("Left empty: it lasts."))
    pass_on = forms.ChoiceField(
        label=_("Accreditations of the one it came from"), required=False, widget=forms.RadioSelect, choices=PASSING_ON
    )
    note = TextField(label=_("Note"), required=False, help_text=_("Everybody can read it."), max_length=5000)
    places: ClassVar[Mapping[str, str]] = {"valid_until": "last_day", "accreditations_pass_on": "pass_on"}

    def __init__(self, issuer: str, *args: Any, **options: Any) -> None:
        self.issuer = issuer
        super().__init__(*args, **options)

    def clean_other(self) -> IssuerRecord:
        """Refuse a relation of an issuer with itself."""
        other: IssuerRecord = self.cleaned_data["other"]
        if other.id == self.issuer:
            raise forms.ValidationError(gettext("This is the issuer itself. Choose another one."))
        return other

    def said(self) -> dict[str, Any]:
        """Return RelationTerms."""
        told = self.cleaned_data
        said: dict[str, Any] = {
            "relation": told["relation"],
            "other": told["other"].id,
            "valid_from": spell(told["valid_from"]),
            "valid_until": until_after(told["last_day"]),
            "note": told["note"] or None,
        }
        if told["pass_on"]:
            said["accreditations_pass_on"] = told["pass_on"] == "yes"
        return {name: value for name, value in said.items() if value is not None}

    @staticmethod
    def show(said: Mapping[str, Any]) -> dict[str, Any]:
        """Return RelationTerms as the fields show them."""
        passes = said.get("accreditations_pass_on")
        found = find_records("issuer", [said.get("other", "")], resolve_cut())
        return {
            **said,
            "other": "".join(map(name_issuer, found.values())),
            "valid_from": read_day(said.get("valid_from")),
            "last_day": read_last_day(said.get("valid_until")),
            "pass_on": "" if passes is None else "yes" if passes else "no",
        }
