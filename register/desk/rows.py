"""Rows: a field of a form for lists whose items have several parts (a language and a name, a scheme and a value).

Sent as `NAME-NUMBER-COLUMN`. Empty rows stand below the filled ones, so that it works without JavaScript; a button
asks for more of them, which things.js adds without asking the server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final, Literal, NamedTuple

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext

from register.site.telling import tell_plainly
from register.texts import check_line, check_text

MOST: Final = 100
"""Rows that are read; an entry holds no more identifiers."""

UNDETERMINED: Final = "und"
"""Code for a language that is not known (ISO 639-2); no form offers it."""

Choices = Sequence[tuple[str, str]]


class Column(NamedTuple):
    """One part of each row: its name, what it is called, how it is filled in; `blank` are the words for no choice."""

    name: str
    label: str | Promise
    kind: Literal["line", "text", "choice"] = "line"
    choices: Callable[[], Choices] | None = None
    required: bool = True
    blank: str | Promise = ""


class RowsWidget(forms.Widget):
    """Draws the rows, filled and empty."""

    template_name = "desk/parts/thing_rows.html"
    use_fieldset = True
    columns: tuple[Column, ...] = ()
    extra: ClassVar[int] = 1
    more: str | Promise = ""

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> list[dict[str, str]]:
        """Return the rows as they were sent, empty ones left out."""
        found = []
        for number in range(MOST):
            cells = {column.name: data.get(f"{name}-{number}-{column.name}") for column in self.columns}
            if all(cell is None for cell in cells.values()):
                break
            row = {key: str(cell or "").strip() for key, cell in cells.items()}
            if any(row.values()):
                found.append(row)
        return found

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        """Tell whether nothing of it was sent."""
        return not any(f"{name}-0-{column.name}" in data for column in self.columns)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Return what the template draws: each row's cells with name, label, value and choices."""
        context: dict[str, Any] = super().get_context(name, value, attrs)
        filled: Sequence[Mapping[str, Any]] = value or []
        rows = [*filled, *({} for _ in range(max(self.extra, 1) if len(filled) < MOST else 0))]
        cells = [[self._cell(name, number, column, row) for column in self.columns] for number, row in enumerate(rows)]
        context["widget"] |= {"rows": cells, "columns": self.columns, "more": self.more}
        return context

    def _cell(self, name: str, number: int, column: Column, row: Mapping[str, Any]) -> dict[str, Any]:
        value = str(row.get(column.name) or "")
        choices = [("", column.blank or gettext("choose")), *(column.choices() if column.choices else ())]
        if value and column.kind == "choice" and value not in dict(choices):
            choices.append((value, gettext("not stated") if value == UNDETERMINED else value))
        label = gettext("%(column)s, row %(number)d") % {"column": column.label, "number": number + 1}
        return {
            "name": f"{name}-{number}-{column.name}",
            "label": label,
            "heading": column.label,
            "kind": column.kind,
            "value": value,
            "choices": choices,
        }


class RowsField(forms.Field):
    """A list of rows; its value is a list of mappings from column to text, without empty rows."""

    widget = RowsWidget

    def __init__(self, *columns: Column, extra: int = 1, more: str | Promise = "", **options: Any) -> None:
        super().__init__(**options)
        self.columns = columns
        self.widget.columns, self.widget.more = columns, more
        self.widget.extra = extra

    def clean(self, value: Any) -> list[dict[str, str]]:
        """Return the rows; raises ValidationError naming the row and the part that is missing or cannot be read."""
        rows: list[dict[str, str]] = value or []
        faults = []
        for number, row in enumerate(rows, start=1):
            for column in self.columns:
                fault = self._find_fault(column, row[column.name])
                if fault:
                    told = {"number": number, "column": column.label, "fault": fault}
                    faults.append(gettext("Row %(number)d, %(column)s: %(fault)s") % told)
        if faults:
            raise forms.ValidationError(faults)
        if self.required and not rows:
            raise forms.ValidationError(gettext("Fill in at least one row."), code="required")
        return rows

    def _find_fault(self, column: Column, text: str) -> str:
        if not text:
            return gettext("this is missing.") if column.required else ""
        try:
            (check_text if column.kind == "text" else check_line)(text)
        except ValueError as error:
            return tell_plainly(str(error))
        return ""

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Tell whether the rows are others than before."""
        return bool((initial or []) != (data or []))
