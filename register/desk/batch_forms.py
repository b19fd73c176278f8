"""Forms about batches: credentials that are sealed, the batch file that becomes a draft, and the one for receipts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from register.access.acting import Acting
from register.credentials import batch_files
from register.credentials.batch_files import Sealed, Terms
from register.credentials.batch_paths import ALGORITHM
from register.credentials.errors import CredentialError
from register.desk.batch_sealing import File, gather
from register.desk.credential_forms import ManyFiles
from register.desk.days import DayField
from register.desk.errors import Malformed
from register.desk.forms import AskingForm, DraftForm
from register.desk.inputs import TermField, spell
from register.desk.terms import read_terms
from register.errors import NotUnderstood
from register.queries.cuts import resolve_cut
from register.queries.filters import Filters
from register.queries.lists import list_programmes
from register.queries.selecting import MOST as MOST_LISTED
from register.records import IssuerRecord
from register.site.names import name_record

VERB: Final = "anchor_batch"


class CredentialsField(forms.Field):
    """Credentials as files; the value is the name and bytes of each."""

    widget = ManyFiles(attrs={"multiple": True})

    def clean(self, value: list[UploadedFile[Any]]) -> list[File]:
        """Return what was sent; raises ValidationError for nothing."""
        if not value:
            raise forms.ValidationError(
                gettext("Choose the files of the credentials, or one ZIP file with all of them.")
            )
        return [(one.name or "", one.read()) for one in value]


class BatchFileField(forms.FileField):
    """A batch file; the value is the batch that was sealed in it."""

    widget = forms.FileInput(attrs={"accept": batch_files.ENDING})

    def clean(self, data: Any, initial: Any = None) -> Sealed:
        """Return the batch; raises ValidationError for what is none, or was altered since it was sealed."""
        try:
            return batch_files.parse(super().clean(data, initial).read())
        except CredentialError as error:
            raise forms.ValidationError(str(error.message)) from None


class SealForm(AskingForm):
    """Credentials of an issuer that become a batch file; the rest is what the entry will say of them."""

    credentials = CredentialsField(
        label=_("Credentials"),
        help_text=_("Signed credentials as files, or one ZIP file with all of them. They are read and not kept."),
    )
    credential_type = TermField(
        "credential-types", label=_("Credential type of all of them"), required=False, ordered=True
    )
    programme = forms.ChoiceField(label=_("Programme"), required=False)
    issued_from = DayField(label=_("First day of issue"), required=False)
    issued_until = DayField(label=_("Last day of issue"), required=False)

    def __init__(self, issuer: IssuerRecord, acting: Acting, *args: Any, **options: Any) -> None:
        self.issuer, self.acting = issuer, acting
        self.sealed: Sealed | None = None
        super().__init__(*args, **options)
        offered = list_programmes(resolve_cut(), Filters(timezone.now(), issuer=issuer.id), limit=MOST_LISTED).items
        choices = [(one.id, str(name_record(one).text)) for one in offered]
        self.fields["programme"].choices = [("", _("not of one programme")), *choices]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Read the credentials and seal them, once everything else is in order."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return given
        try:
            sealed = batch_files.seal(
                Terms(self.issuer.id, settings.ASSAY_ORIGIN, self._said()), *gather(given["credentials"])
            )
            read_terms(VERB, terms_of(sealed, self.acting))
        except NotUnderstood as error:
            self.add_error(error.field or None, error.message)
        except Malformed as error:
            for fault in error.faults:
                self.add_error(fault.field if fault.field in self.fields else None, fault.sentence)
        else:
            self.sealed = sealed
        return given

    def _said(self) -> dict[str, Any]:
        given = self.cleaned_data
        days = {name: spell(given[name]) for name in ("issued_from", "issued_until")}
        said = {"credential_type": given["credential_type"], "programme": given["programme"], **days}
        return {name: value for name, value in said.items() if value}


class AnchorBatch(DraftForm):
    """A batch file whose root is to go on the ledger."""

    verb: ClassVar[str] = VERB
    places: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("root", "count", "credential_type", "programme", "issued_from", "issued_until"), "batch"
    )

    batch = BatchFileField(
        label=_("Batch file"),
        help_text=_("The file that you kept when the credentials were sealed. It is read and not kept."),
    )

    def __init__(self, issuer: IssuerRecord, acting: Acting, *args: Any, **options: Any) -> None:
        self.issuer, self.acting = issuer, acting
        super().__init__(*args, **options)

    def clean_batch(self) -> Sealed:
        """Refuse a batch of another issuer or for another register."""
        return check_own(self.cleaned_data["batch"], self.issuer)

    def said(self) -> dict[str, Any]:
        """Return BatchTerms: root and count, and what the file says beside them."""
        return terms_of(self.cleaned_data["batch"], self.acting)


class ReceiptsForm(AskingForm):
    """A batch file whose receipts are wanted."""

    batch = BatchFileField(label=_("Batch file"), help_text=_("It is read and not kept."))

    def __init__(self, issuer: IssuerRecord, *args: Any, **options: Any) -> None:
        self.issuer = issuer
        super().__init__(*args, **options)

    def clean_batch(self) -> Sealed:
        """Refuse a batch of another issuer or for another register."""
        return check_own(self.cleaned_data["batch"], self.issuer)


def check_own(sealed: Sealed, issuer: IssuerRecord) -> Sealed:
    """Return a batch that is of this issuer and for this register; raises ValidationError for another."""
    if sealed.terms.issuer != issuer.id:
        raise forms.ValidationError(gettext("This batch was sealed for another institution."))
    if sealed.terms.origin != settings.ASSAY_ORIGIN:
        told = gettext("This batch was sealed for another register: %(register)s.")
        raise forms.ValidationError(told % {"register": sealed.terms.origin[:200]})
    return sealed


def terms_of(sealed: Sealed, acting: Acting) -> dict[str, Any]:
    """Return what the entry will say of a batch; of a demonstration, that it is one."""
    told = {"issuer": sealed.terms.issuer, "root": sealed.tree.root.hex(), "count": sealed.tree.count}
    mark = {"demonstration": True} if acting.demonstration else {}
    return {**sealed.terms.said, **told, "tree_algorithm": ALGORITHM, **mark}
