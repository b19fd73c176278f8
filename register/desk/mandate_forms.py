"""Forms about mandates: an awarding body lets another organisation seal for it, and takes that back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from register.desk.days import DayField, until_after
from register.desk.forms import DraftForm
from register.desk.inputs import IssuerField, name_issuer, read_day, read_last_day, spell
from register.desk.issuer_forms import EndingForm
from register.desk.scope_form import ScopeForm
from register.queries.cuts import resolve_cut
from register.queries.filters import Filters
from register.queries.lists import list_programmes
from register.queries.selecting import MOST
from register.queries.single import find_records
from register.records import IssuerRecord
from register.scope import UNRESTRICTED


class GrantMandate(DraftForm, ScopeForm):
    """Who may seal, for what, and how long."""

    verb: ClassVar[str] = "grant_mandate"
    places: ClassVar[Mapping[str, str]] = {"valid_until": "last_day"}
    field_order = ("sealer", "valid_from", "last_day")

    sealer = IssuerField(
        label=_("Who may seal"), help_text=_("Its name, acronym, address in this register or any identifier.")
    )
    valid_from = DayField(label=pgettext_lazy("first day", "From"))
    last_day = DayField(label=_("Last day"), required=False, help_text=_("Left empty: until it is revoked."))

    def __init__(self, issuer: IssuerRecord, territory: tuple[str, ...], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.issuer = issuer
        self.fields["eqf_levels"].help_text = _("Choose none for every level.")
        filters = Filters(timezone.now(), issuer=issuer.id)
        self.offer(UNRESTRICTED, territory, list_programmes(resolve_cut(), filters, limit=MOST).items)

    def clean_sealer(self) -> IssuerRecord:
        """Refuse a mandate to oneself."""
        sealer: IssuerRecord = self.cleaned_data["sealer"]
        if sealer.id == self.issuer.id:
            raise forms.ValidationError(gettext("An institution needs no mandate of its own. Choose another one."))
        return sealer

    def said(self) -> dict[str, Any]:
        """Return MandateTerms."""
        told, scope = self.cleaned_data, self.scope_said()
        until = until_after(told["last_day"])
        said = {"valid_from": spell(told["valid_from"]), "valid_until": until, "scope": scope or None}
        parties = {"awarding_body": self.issuer.id, "sealer": told["sealer"].id}
        return {**parties, **{name: value for name, value in said.items() if value is not None}}

    @staticmethod
    def show(said: Mapping[str, Any]) -> dict[str, Any]:
        """Return MandateTerms as the fields show them."""
        found = find_records("issuer", [said.get("sealer", "")], resolve_cut())
        days = {"valid_from": read_day(said.get("valid_from")), "last_day": read_last_day(said.get("valid_until"))}
        scope = {name: [str(one) for one in chosen] for name, chosen in said.get("scope", {}).items()}
        return {"sealer": "".join(map(name_issuer, found.values())), **days, **scope}


class RevokeMandate(EndingForm):
    """The end of a mandate."""

    verb: ClassVar[str] = "revoke_mandate"
