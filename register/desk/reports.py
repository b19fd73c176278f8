"""The report of a decision: where it can be read, and the hash by which anybody can tell that it is the same.

The file itself is looked at in memory and dropped: its bytes are never stored, here or on the ledger.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from register.records import Document

_HEX: Final = re.compile(r"[0-9a-f]{64}")
_MAGIC: Final = b"%PDF-"
_SEARCHED: Final = 1024
"""A PDF may begin with so many other bytes (ISO 32000-1, annex H.3.4.1)."""


class ReportForm(forms.Form):
    """Address, file and languages of a report."""

    report_url = forms.URLField(
        label=_("Address of the report"),
        required=False,
        max_length=1_000,
        assume_scheme="https",
        help_text=_("Where everybody can read it."),
        widget=forms.URLInput(attrs={"autocomplete": "off", "class": "wide"}),
    )
    report_file = forms.FileField(
        label=_("The report as PDF"),
        required=False,
        help_text=_(
            "Its hash goes on record, so that anybody can tell later that it is the same. The file is not kept."
        ),
        widget=forms.FileInput(attrs={"accept": "application/pdf,.pdf", "data-hash-into": "id_report_sha256"}),
    )
    report_sha256 = forms.CharField(
        label=_("Its hash (SHA-256)"),
        required=False,
        max_length=64,
        help_text=_("Filled in from the file; or paste the one you know."),
        widget=forms.TextInput(attrs={"class": "wide mono", "autocomplete": "off", "spellcheck": "false"}),
    )
    report_languages = forms.CharField(
        label=_("Its languages"),
        required=False,
        max_length=100,
        help_text=_("Codes such as en, nl."),
        widget=forms.TextInput(attrs={"class": "short", "autocomplete": "off"}),
    )

    def clean_report_sha256(self) -> str:
        """Return the hash of the file where one is handed in, else what was pasted."""
        pasted = "".join(str(self.cleaned_data.get("report_sha256") or "").split()).lower()
        file: Any = self.cleaned_data.get("report_file")
        if isinstance(file, UploadedFile):
            return hash_report(file)
        if pasted and not _HEX.fullmatch(pasted):
            raise forms.ValidationError(
                gettext("A SHA-256 has 64 digits of 0 to 9 and a to f. Choose the file instead.")
            )
        return pasted

    def clean_report_file(self) -> Any:
        """Refuse what is no PDF."""
        file: Any = self.cleaned_data.get("report_file")
        if isinstance(file, UploadedFile):
            beginning = file.read(_SEARCHED)
            file.seek(0)
            if _MAGIC not in beginning:
                raise forms.ValidationError(gettext("This file is no PDF. Choose the report as published."))
        return file

    def clean(self) -> dict[str, Any] | None:
        """A hash without an address would be about nothing that anybody can read."""
        data = super().clean() or self.cleaned_data
        given = data.get("report_sha256") or data.get("report_languages")
        if given and not data.get("report_url") and "report_url" not in self.errors:
            self.add_error(
                "report_url", gettext("Write where the report can be read: the file itself is not kept here.")
            )
        return data

    def report_said(self) -> dict[str, Any] | None:
        """Return the report as the terms take it, None where there is none."""
        data = self.cleaned_data
        if not data.get("report_url"):
            return None
        languages = re.split(r"[\s,;]+", str(data.get("report_languages") or "").strip())
        said: dict[str, Any] = {"url": data["report_url"]}
        said |= {"sha256": data["report_sha256"]} if data.get("report_sha256") else {}
        return said | ({"languages": [one.lower() for one in languages if one]} if any(languages) else {})


def hash_report(file: UploadedFile[Any]) -> str:
    """Return the SHA-256 of an uploaded file in hex, reading it once."""
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return digest.hexdigest()


def places_of(term: str) -> dict[str, str]:
    """Return which field stands for what may be wrong with a report that the terms name so (DraftForm.places)."""
    parts = {f"{term}.{part}": f"report_{part}" for part in ("url", "sha256", "languages")}
    return {term: "report_url", **parts}


def held_report(document: Document | None) -> dict[str, Any] | None:
    """Return a document on record as `report_said` says it."""
    if document is None:
        return None
    said: dict[str, Any] = {"url": document.url}
    said |= {"sha256": document.sha256} if document.sha256 else {}
    return said | ({"languages": list(document.languages)} if document.languages else {})


def initial_report(report: dict[str, Any] | None) -> dict[str, str]:
    """Return a report as a form takes it."""
    said = report or {}
    languages = ", ".join(said.get("languages") or ())
    return {
        "report_url": str(said.get("url") or ""),
        "report_sha256": str(said.get("sha256") or ""),
        "report_languages": languages,
    }
