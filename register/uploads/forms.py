"""Forms of bulk intake: a file, what its columns mean, one row, a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, islice
from typing import Any, Final

from django import forms
from django.conf import settings
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from register.intake import deqar
from register.intake.columns import ACCREDITATIONS, DEQAR, IGNORED, KINDS
from register.intake.rows import RowProblem
from register.records import AgencyRecord
from register.site.names import name_record
from register.site.words import label
from register.texts import check_text
from register.uploads.sources import spell_forms
from register.uploads.words import KINDS as KIND_WORDS
from register.uploads.words import choices_of, name_column
from register.vocabularies import load

TERMS: Final[Mapping[str, str]] = {
    "kind": "accreditation-kinds",
    "activity": "esg-activities",
    "decision": "decisions",
    "credential_types": "credential-types",
}
"""Columns of decisions with a short closed list, and its name; some cells hold several of it."""

Choices = list[tuple[str, Any]]

_MOST_OPTIONS: Final = 50_000
"""Of a page on which each column of a file is chosen from DEQAR's, whose number has no end."""
_LEAST_OFFERED: Final = 60


class HandInForm(forms.Form):
    """A file; operators also say for which agency its rows are where they name none."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV, Excel (XLSX), OpenDocument (ODS) or JSON; DEQAR’s submission table as it is."),
        error_messages={"required": _("Choose a file first."), "empty": _("The file is empty.")},
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx,.ods,.json"}),
    )
    agency = forms.ChoiceField(
        label=_("Agency for rows that name none"), required=False, help_text=_("Leave it open if each row names one.")
    )

    def __init__(self, *args: Any, agencies: Sequence[AgencyRecord] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = gettext("At most %(most)d MB.") % {"most": settings.ASSAY_MAX_UPLOAD_BYTES // 2**20}
        self.fields["file"].help_text = f"{self.fields['file'].help_text} {most}"
        if agencies is None:
            del self.fields["agency"]
        else:
            named = [(one.id, str(name_record(one))) for one in agencies]
            self.fields["agency"].choices = [("", pgettext_lazy("agency", "none")), *named]  # type: ignore[attr-defined]


class KindForm(forms.Form):
    """What the rows of a file are."""

    kind = forms.ChoiceField(label=_("What its rows are"), choices=[(kind, KIND_WORDS[kind]) for kind in KINDS])


class MappingForm(forms.Form):
    """What each column of a file means: a field for each, named by its place."""

    def __init__(self, *args: Any, kind: str, header: Sequence[str], names: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = _offer(kind, names)
        codes = {code for choices in offered.values() for code, _words in choices} | {"", IGNORED}
        first = [("", _("choose …")), (IGNORED, _("leave this column out")), *offered.pop("")]
        for place, cell in enumerate(header):
            name = names[place] if place < len(names) else ""
            own = [] if name in codes else [(name, name_column(kind, name))]
            self.fields[f"column-{place}"] = forms.ChoiceField(
                label=cell.strip()[:80] or _("column without a name"),
                choices=[*first, *own, *offered.items()],
                required=False,
                initial=name,
            )

    def chosen(self) -> list[str]:
        """Return the canonical name for each column; "" where nothing was chosen."""
        return [self.cleaned_data[name] for name in self.fields]


def _offer(kind: str, names: Sequence[str]) -> dict[str, Choices]:
    """Return the columns to choose from by what they belong to, such as `institution[1]`; "" for the row itself.

    Those that are needed, and with DEQAR's not there yet, are marked.
    """
    if kind != DEQAR:
        return {"": [(name, f"{words} *" if needed else words) for name, words, needed in choices_of(kind)]}
    known = [name for name in names if name and name != IGNORED]
    lacking = deqar.missing(known)
    most = max(_LEAST_OFFERED, _MOST_OPTIONS // max(1, len(names)))
    offered: dict[str, Choices] = {"": []}
    for name in dict.fromkeys(islice(chain(lacking, deqar.list_columns(known), known), most)):
        group, part, _rest = name.partition(".")
        words = f"{name} *" if name in lacking else name
        offered.setdefault(group if part else "", []).append((name, words))
    return offered


class RowForm(forms.Form):
    """One row to be mended: a field for each column that counts, with what is wrong beside it."""

    def __init__(
        self,
        *args: Any,
        kind: str,
        names: Sequence[str],
        cells: Sequence[str],
        problems: Sequence[RowProblem] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._cells, self._places = list(cells), {}
        for place, name in enumerate(names):
            if name and name != IGNORED:
                self._places[name] = place
                cell = cells[place] if place < len(cells) else ""
                self.fields[f"cell-{place}"] = forms.CharField(
                    label=name_column(kind, name),
                    required=False,
                    initial=cell,
                    strip=False,
                    max_length=32_767,
                    widget=_widget(kind, name, cell),
                )

    def place_of(self, column: str) -> str | None:
        """Return the field for a column that a problem names, None where it names no single one."""
        place = next((self._places[one] for one in spell_forms(column) if one in self._places), None)
        return None if place is None else f"cell-{place}"

    def mended(self) -> list[str]:
        """Return the row's cells with those that were changed; what no field shows stays as it was."""
        cells = list(self._cells)
        for place in self._places.values():
            cells += [""] * (place + 1 - len(cells))
            cells[place] = self.cleaned_data[f"cell-{place}"]
        return cells


def _widget(kind: str, name: str, cell: str) -> forms.Widget:
    if len(cell) > 100:
        return forms.Textarea(attrs={"rows": 3})
    offered = {"list": f"terms-{name}"} if kind == ACCREDITATIONS and name in TERMS else {}
    return forms.TextInput(attrs={"class": "wide", **offered})


def offer_terms(form: RowForm) -> dict[str, list[tuple[str, str]]]:
    """Return code and words of each term by the name of its field, for columns that take only a few."""
    lists = {field.name: field.field.widget.attrs.get("list", "") for field in form}
    wanted = {name: TERMS[column.removeprefix("terms-")] for name, column in lists.items() if column}
    return {name: [(code, label(terms, code)) for code in load(terms).codes()] for name, terms in wanted.items()}


class ReasonForm(forms.Form):
    """Why remarks are cleared, or an import is returned."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It stays with the remark, for whoever asks later."),
        error_messages={"required": _("Say in a sentence why.")},
    )

    def clean_reason(self) -> str:
        """Return the text without characters that hide or deceive."""
        try:
            return check_text(str(self.cleaned_data["reason"]).replace("\r\n", "\n").strip())
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None
