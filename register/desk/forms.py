"""Forms of the desk: what all of them share, and how what was filled in becomes a draft.

A form knows its verb and gives `said()`, the terms as JSON. `DraftForm.keep` saves them as a draft; what the terms
object to is shown beside the field of the same name, or of the name in `places`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from register.access.acting import Acting
from register.desk import drafts
from register.desk.errors import Malformed
from register.desk.models import Draft
from register.texts import check_line, check_text


def start_draft(
    request: HttpRequest,
    acting: Acting,
    verb: str,
    subject: str,
    said: Mapping[str, Any],
    draft_id: UUID | str | None = None,
    version: int | None = None,
) -> HttpResponseRedirect:
    """Keep what was filled in as a draft and lead to its preview; raises as drafts.save."""
    draft = drafts.save(acting, verb, subject, said, draft_id, version)
    return HttpResponseRedirect(path_to_draft(draft), status=303)


def path_to_draft(draft: Draft) -> str:
    """Return the address of a draft's page."""
    return f"/desk/drafts/{draft.pk}"


class LineField(forms.CharField):
    """One line that everybody will read."""

    def to_python(self, value: Any) -> str:
        """Return the line; raises ValidationError for characters that hide or deceive."""
        try:
            return check_line(str(super().to_python(value) or ""))
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class TextField(forms.CharField):
    """Text of some lines that everybody will read; browsers send line breaks as CR LF, which are kept as LF."""

    widget = forms.Textarea(attrs={"rows": 4})

    def to_python(self, value: Any) -> str:
        """Return the text; raises ValidationError for characters that hide or deceive."""
        try:
            return check_text(str(super().to_python(value) or "").replace("\r\n", "\n"))
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class AskingForm(forms.Form):
    """A form whose fields, left empty, say what to do; those that have words of their own keep them."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, field in self.fields.items():
            if field.error_messages.get("required") == forms.Field.default_error_messages["required"]:
                field.error_messages["required"] = str(_what_to_do(name, field))


def _what_to_do(name: str, field: forms.Field) -> str | Promise:
    if name == "reason":
        return _("Choose a reason.")
    if isinstance(field, forms.DateField):
        return _("Write the day from which it holds.")  # a last day may be left out everywhere
    if isinstance(field, forms.FileField):
        return _("Choose a file first.")
    return _("Choose one.") if isinstance(field, forms.ChoiceField) else _("Fill it in.")


class DraftForm(AskingForm):
    """A form whose content becomes a draft of `verb`.

    `places` maps the first part of a term's path to the field that stands for it, where the names differ.
    """

    verb: ClassVar[str]
    places: ClassVar[Mapping[str, str]] = {}

    def terms(self) -> dict[str, Any]:
        """Return all that was filled in as terms have it, empty values among them."""
        return dict(self.cleaned_data)

    def said(self) -> dict[str, Any]:
        """Return the terms as JSON; what was left empty is absent. To be given by each form."""
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "", [])}

    def keep(
        self, acting: Acting, subject: str = "", draft_id: UUID | str | None = None, version: int | None = None
    ) -> Draft | None:
        """Save the content as a draft, or put what is wrong beside the fields and return None."""
        if not self.is_valid():
            return None
        try:
            return drafts.save(acting, self.verb, subject, self.said(), draft_id, version)
        except Malformed as error:
            self.tell(error)
            return None

    def tell(self, error: Malformed) -> None:
        """Put each fault beside the field that it is about."""
        for fault in error.faults:
            self.add_error(self._field_of(fault.field), fault.sentence)

    def _field_of(self, path: str) -> str | None:
        first, _, rest = path.partition(".")
        second = rest.partition(".")[0]
        wished = (self.places.get(path), self.places.get(f"{first}.{second}"), self.places.get(first), second, first)
        return next((name for name in wished if name and name in self.fields), None)


class AmendingForm(DraftForm):
    """New values for a record; only what was changed is said, and why.

    To stand before the form that describes such a thing, whose `terms()` are compared with `before()`.
    """

    note = TextField(label=_("Note"), required=False, max_length=5000, help_text=_("Why; everybody can read it."))

    def __init__(self, record: Any, *args: Any, **options: Any) -> None:
        self.record = record
        super().__init__(*args, **options)
        self.fields["note"] = self.fields.pop("note")  # the last one

    def before(self) -> Mapping[str, Any]:
        """Return the record's values as `terms` gives them. To be given by each form."""
        return {}

    def clean(self) -> dict[str, Any]:
        """Refuse an amendment that changes nothing."""
        told: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not self.changes():
            raise forms.ValidationError(gettext("Nothing has changed. Change what is wrong, or leave this page."))
        return told

    def changes(self) -> dict[str, Any]:
        """Return the terms that differ from the record."""
        before = self.before()
        return {name: value for name, value in self.terms().items() if value != before[name]}

    def said(self) -> dict[str, Any]:
        """Return what changes, and why."""
        note = self.cleaned_data["note"]
        return {**self.changes(), **({"note": note} if note else {})}
