"""Forms about keys: offering one, answering the challenge, saying what was seen on paper, revoking."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Final

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from register.access.acting import Acting
from register.access.roles import ISSUER
from register.desk.days import DayField, until_after
from register.desk.forms import AskingForm, DraftForm, LineField, TextField
from register.desk.inputs import TermField, read_day, read_last_day, spell
from register.desk.offered_keys import LARGEST_MATERIAL

KINDS: Final = (
    ("did", _("A DID: did:web, did:key or did:jwk")),
    ("jwk", _("A public key: as JWK, in PEM or as Multikey")),
    ("x5t", _("A certificate: in PEM or DER")),
    ("eidas", _("The organisation identifier in a certificate of a trusted authority (eIDAS seal)")),
)
BY_SIGNATURE: Final = "signature"
ON_PAPER: Final = "paper"
_WAYS: Final = (
    (BY_SIGNATURE, _("By a signature: you get a challenge, whoever holds the key signs it")),
    (ON_PAPER, _("On paper: you have seen a document that says whose key it is")),
)


class OfferKey(DraftForm):
    """A key to be bound to an issuer, for a period; officers of an issuer prove control by signature alone."""

    verb: ClassVar[str] = "bind_key"
    places: ClassVar[Mapping[str, str]] = {"value": "material", "valid_until": "last_day", "proof": "paper"}

    kind = forms.ChoiceField(label=_("What is to be bound"), choices=KINDS, widget=forms.RadioSelect, initial="did")
    material = TextField(
        label=_("The DID, public key or certificate"),
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false", "class": "mono"}),
        help_text=_("Paste it, or choose its file below. Never a private key."),
        error_messages={"required": _("Hand in the key: paste it, or choose its file.")},
    )
    file = forms.FileField(label=_("Or its file"), required=False)
    valid_from = DayField(label=_("It signs from"))
    last_day = DayField(label=_("Last day"), required=False, help_text=_("Left empty: until it is revoked."))
    way = forms.ChoiceField(
        label=_("How control is shown"), choices=_WAYS, widget=forms.RadioSelect, initial="signature"
    )
    paper = LineField(
        label=_("What you have seen"),
        required=False,
        max_length=400,
        widget=forms.TextInput(attrs={"class": "wide"}),
        help_text=_("On paper only; goes on record. Such as: letter of the rector, 3 March 2026, our reference 42."),
    )

    def __init__(self, *args: Any, acting: Acting, **options: Any) -> None:
        super().__init__(*args, **options)
        self.acting = acting
        self.fields["material"].required = "file" not in self.files
        if acting.role == ISSUER:
            del self.fields["way"], self.fields["paper"]

    @property
    def on_paper(self) -> bool:
        """Tell whether control was shown on paper."""
        return self.cleaned_data.get("way") == ON_PAPER

    def read_material(self) -> bytes:
        """Return what was handed in, pasted or as a file."""
        sent = self.cleaned_data["file"]
        data: bytes = sent.read() if sent else self.cleaned_data["material"].encode()
        return data

    def clean(self) -> dict[str, Any]:
        """Ask for what the chosen way needs."""
        told: dict[str, Any] = super().clean() or self.cleaned_data
        sent = told.get("file")
        if sent is not None and sent.size > LARGEST_MATERIAL:
            self.add_error("file", gettext("This file is too large to be a key or certificate."))
        if told.get("way") == ON_PAPER and not told.get("paper"):
            self.add_error("paper", gettext("Say what you have seen: everybody will read on what the binding rests."))
        return told

    def said_of(self, kind: str, value: str, proof: str) -> dict[str, Any]:
        """Return KeyTerms; of a demonstration, they say so."""
        told = self.cleaned_data
        until = until_after(told["last_day"])
        mark = {"demonstration": True} if self.acting.demonstration else {}
        said = {"kind": kind, "value": value, "valid_from": spell(told["valid_from"]), "valid_until": until}
        return {**{name: one for name, one in said.items() if one is not None}, "proof": proof, **mark}

    @staticmethod
    def show(said: Mapping[str, Any]) -> dict[str, Any]:
        """Return KeyTerms as the fields show them; proof and key have to be handed in anew."""
        days = {"valid_from": read_day(said.get("valid_from")) or date.today()}
        return {**said, **days, "material": said.get("value", ""), "last_day": read_last_day(said.get("valid_until"))}


class AnswerChallenge(AskingForm):
    """What comes back from whoever holds the key; the offer is carried along, and read anew."""

    challenge = forms.CharField(widget=forms.HiddenInput, max_length=4000)
    carried = forms.CharField(widget=forms.HiddenInput, max_length=2 * LARGEST_MATERIAL)
    kind = forms.ChoiceField(choices=KINDS, widget=forms.HiddenInput)
    valid_from = DayField()
    last_day = DayField(required=False)
    signature = forms.CharField(
        label=_("The signature"),
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "class": "mono", "autocomplete": "off"}),
        help_text=_("As JWS, base64 or hexadecimal digits; or choose the file below."),
    )
    signature_file = forms.FileField(label=_("Or its file"), required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["signature"].required = "signature_file" not in self.files
        for name in ("valid_from", "last_day"):
            self.fields[name].widget = forms.HiddenInput()

    def clean_carried(self) -> bytes:
        """Return the key as it was handed in first."""
        try:
            return base64.b64decode(self.cleaned_data["carried"], validate=True)
        except binascii.Error:
            raise forms.ValidationError(gettext("The key was lost on the way. Begin again.")) from None

    def read_signature(self) -> bytes:
        """Return the signature, pasted or as a file."""
        sent = self.cleaned_data["signature_file"]
        data: bytes = sent.read(2 * LARGEST_MATERIAL) if sent else self.cleaned_data["signature"].encode()
        return data


class RevokeKey(DraftForm):
    """The end of a key."""

    verb: ClassVar[str] = "revoke_key"

    reason = TermField("key-reasons", label=_("Reason"))
    effective_from = DayField(
        label=_("It no longer signs from"), required=False, help_text=_("Left empty: from the moment of recording.")
    )
    since = DayField(
        label=_("In other hands since"),
        required=False,
        help_text=_(
            "For a compromised key: the first day on which somebody else may have held it. What it signed from then on "
            "counts no longer, save what was anchored before."
        ),
    )
    note = TextField(label=_("Note"), required=False, max_length=5000, help_text=_("Everybody can read it."))

    def clean(self) -> dict[str, Any]:
        """Ask for `since` exactly where the key is compromised."""
        told: dict[str, Any] = super().clean() or self.cleaned_data
        compromised = told.get("reason") == "compromised"
        if compromised and not told.get("since") and "since" not in self.errors:
            self.add_error("since", gettext("Say since when somebody else may have held the key."))
        if not compromised and told.get("since"):
            self.add_error("since", gettext("Leave this empty, or choose “compromised” as the reason."))
        return told

    def said(self) -> dict[str, Any]:
        """Return KeyRevocationTerms."""
        told = self.cleaned_data
        days = {name: spell(told[name]) for name in ("effective_from", "since") if told[name]}
        return super().said() | days

    @staticmethod
    def show(said: Mapping[str, Any]) -> dict[str, Any]:
        """Return KeyRevocationTerms as the fields show them."""
        return {**said, **{name: read_day(said.get(name)) for name in ("effective_from", "since")}}
