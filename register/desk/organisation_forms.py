"""What the forms about issuers and about agencies have in common: both are organisations with names and identifiers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import TypeAdapter, ValidationError

from register.access.acting import Acting
from register.desk.forms import DraftForm, LineField
from register.desk.inputs import list_languages, list_terms, read_pairs
from register.desk.look_alikes import Candidate
from register.desk.rows import Column, RowsField
from register.values import Claim

_CLAIMS: Final[TypeAdapter[Any]] = TypeAdapter(Claim)
_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})


def ask_names() -> RowsField:
    """Make the field of its names."""
    return RowsField(
        Column("language", _("Language"), "choice", list_languages),
        Column("name", _("Name")),
        label=_("Names"),
        help_text=_("In its own language first, as it stands in its statutes; then in others that it uses itself."),
        more=_("More names"),
    )


def ask_website(example: Any) -> LineField:
    """Make the field of its website."""
    wide = forms.TextInput(attrs={"class": "wide"})
    return LineField(label=_("Website"), required=False, help_text=example, max_length=500, widget=wide)


def ask_identifiers(hint: Any) -> RowsField:
    """Make the field of its identifiers."""
    return RowsField(
        Column("scheme", _("Scheme"), "choice", lambda: list_terms("identifier-schemes")),
        Column("value", _("Identifier")),
        label=_("Identifiers"),
        required=False,
        help_text=hint,
        more=_("More identifiers"),
    )


class OrganisationForm(DraftForm):
    """What describes an organisation; whoever inherits it has the fields that `describe` reads."""

    def describe(self) -> dict[str, Any]:
        """Return what was filled in as IssuerTerms and AgencyTerms have it alike, empty values among them."""
        told = self.cleaned_data
        return {
            "names": read_pairs(told["names"], "language", "name"),
            "acronym": told["acronym"] or None,
            "country": told["country"],
            "website": told["website"] or None,
            "identifiers": [{"scheme": row["scheme"], "value": row["value"]} for row in told["identifiers"]],
        }

    def clean_names(self) -> list[dict[str, str]]:
        """Refuse two names in one language: a record holds one of each."""
        rows: list[dict[str, str]] = self.cleaned_data["names"]
        if len({row["language"] for row in rows}) < len(rows):
            raise forms.ValidationError(gettext("Two names are in the same language. Keep the official one."))
        return rows


class NewOrganisationForm(OrganisationForm):
    """An organisation that is not on record yet, as far as this register knows."""

    def __init__(self, *args: Any, acting: Acting, **options: Any) -> None:
        self.acting = acting
        super().__init__(*args, **options)

    def said(self) -> dict[str, Any]:
        """Return its terms; of a demonstration, they say so."""
        mark = {"demonstration": True} if self.acting.demonstration else {}
        return {**{name: value for name, value in self.terms().items() if value not in _EMPTY}, **mark}

    def candidate(self) -> Candidate:
        """Return what look-alikes are looked for by; identifiers that cannot be read are left out."""
        terms = self.terms()
        return Candidate(
            names=tuple(terms["names"].values()),
            country=terms["country"],
            acronym=terms["acronym"] or "",
            website=terms["website"] or "",
            identifiers=frozenset(_canonical(terms["identifiers"])),
        )


def keep_identifiers(terms: dict[str, Any], held: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return terms whose identifiers that stay keep what the record says of them beside scheme and value."""
    known = {(claim["scheme"], claim["value"]): claim for claim in held}
    return {**terms, "identifiers": [known.get((one["scheme"], one["value"]), one) for one in terms["identifiers"]]}


def _canonical(claims: Iterable[Mapping[str, str]]) -> list[tuple[str, str]]:
    found = []
    for claim in claims:
        try:
            read = _CLAIMS.validate_python(dict(claim))
        except ValidationError:
            continue  # the terms say what is wrong with it, beside its field
        found.append((read.scheme, read.value))
    return found
