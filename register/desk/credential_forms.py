"""Forms about credentials: revoked, suspended, reinstated, by commitment or by the receipts kept beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from register.credentials.receipts import LARGEST
from register.desk.commitments_told import Told, read_lines, read_receipts
from register.desk.days import DayField
from register.desk.forms import DraftForm
from register.desk.inputs import TermField, read_day, spell
from register.errors import NotUnderstood
from register.payloads.credentials import MOST_COMMITMENTS
from register.records import IssuerRecord

_UNDOING: Final = ("review_closed", "appeal_upheld", "administrative_error", "decision_annulled")


class ManyFiles(forms.FileInput):
    """Files, several at once."""

    allow_multiple_selected = True

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> list[UploadedFile[Any]]:
        """Return all files that were sent."""
        return list(files.getlist(name)) if isinstance(files, MultiValueDict) else []


class ReceiptsField(forms.Field):
    """Receipts as files; the value is the name and bytes of each."""

    widget = ManyFiles(attrs={"multiple": True, "accept": ".json,application/json"})

    def clean(self, value: list[UploadedFile[Any]]) -> list[tuple[str, bytes]]:
        """Return what was sent; raises ValidationError for too many files, or one too large to be a receipt."""
        if len(value or ()) > MOST_COMMITMENTS:
            raise forms.ValidationError(gettext("At most %(most)d at a time.") % {"most": MOST_COMMITMENTS})
        for one in value or ():
            if (one.size or 0) > LARGEST:
                raise forms.ValidationError(gettext("%(file)s is too large to be a receipt.") % {"file": one.name})
        return [(one.name or "", one.read()) for one in value or ()]


class WithdrawalForm(DraftForm):
    """Credentials of an issuer, told by commitment or receipt, and what becomes of them."""

    places: ClassVar[Mapping[str, str]] = {"status": "commitments"}

    receipts = ReceiptsField(
        label=_("Receipts"),
        required=False,
        help_text=_("The .receipt.json files kept beside the credentials. They are read, checked and not kept."),
    )
    commitments = forms.CharField(
        label=_("Or commitments"),
        required=False,
        max_length=30_000,
        widget=forms.Textarea(attrs={"rows": 5, "class": "mono", "spellcheck": "false"}),
        help_text=_("One in each line: 64 hexadecimal digits; behind them, if known, list number and place."),
    )
    reason = TermField("credential-reasons", label=_("Reason"))
    effective_from = DayField(
        label=_("With effect from"), required=False, help_text=_("Left empty: from the moment of recording.")
    )

    def __init__(self, issuer: IssuerRecord, *args: Any, **options: Any) -> None:
        self.issuer = issuer
        self.told = Told(())
        super().__init__(*args, **options)

    def clean(self) -> dict[str, Any]:
        """Read what was told, one way or the other."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        try:
            self.told = self._read(given)
        except NotUnderstood as error:
            self.add_error(error.field, error.message)
            return given
        if not self.told.commitments and not self.errors:
            self.add_error("receipts", gettext("Say which credentials: hand in their receipts, or their commitments."))
        return given

    def _read(self, given: Mapping[str, Any]) -> Told:
        files, text = given.get("receipts") or [], given.get("commitments") or ""
        if files and text.strip():
            raise NotUnderstood("invalid", "commitments", gettext("Hand in receipts or commitments, not both at once."))
        return read_receipts(self.issuer.id, files) if files else read_lines(text)

    def said(self) -> dict[str, Any]:
        """Return WithdrawalTerms."""
        given, told = self.cleaned_data, self.told
        said: dict[str, Any] = {
            "issuer": self.issuer.id,
            "commitments": list(told.commitments),
            "reason": given["reason"],
            "effective_from": spell(given["effective_from"]),
            "batch": told.batch,
            "status": [{"list": number, "index": place} for number, place in told.places] or None,
        }
        return {name: value for name, value in said.items() if value is not None}

    @staticmethod
    def show(said: Mapping[str, Any]) -> dict[str, Any]:
        """Return WithdrawalTerms as the fields show them."""
        places = said.get("status") or [{} for _one in said.get("commitments", ())]
        pairs = zip(said.get("commitments", ()), places, strict=True)
        lines = [" ".join(map(str, (commitment, *place.values()))) for commitment, place in pairs]
        return {**said, "commitments": "\n".join(lines), "effective_from": read_day(said.get("effective_from"))}


class RevokeCredentials(WithdrawalForm):
    """Credentials that are revoked for good."""

    verb: ClassVar[str] = "revoke_credentials"


class SuspendCredentials(WithdrawalForm):
    """Credentials that do not count until they are reinstated."""

    verb: ClassVar[str] = "suspend_credentials"


class ReinstateCredentials(WithdrawalForm):
    """Credentials that count again."""

    verb: ClassVar[str] = "reinstate_credentials"
    reason = TermField(
        "credential-reasons",
        only=_UNDOING,
        label=_("Reason"),
        help_text=_("A revocation is taken back on appeal, annulment or administrative error only."),
    )


ACTS: Final[Mapping[str, type[WithdrawalForm]]] = {
    "revoke": RevokeCredentials,
    "suspend": SuspendCredentials,
    "reinstate": ReinstateCredentials,
}
"""Last part of the address → the form."""
