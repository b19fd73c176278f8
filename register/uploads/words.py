"""Words of bulk intake: states, outcomes, columns, remarks and problems as people read them, in their language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language_info, gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from register.intake.columns import ACCREDITATIONS, DEQAR, IGNORED, ISSUERS, columns_of
from register.intake.rows import read_problem
from register.site.telling import tell, tell_plainly
from register.site.words import Standing, label
from register.uploads import models
from register.vocabularies import load

Words = str | Promise

OUTCOMES: Final[Mapping[str, Words]] = {
    "": _("not tried yet"),
    models.VALID: pgettext_lazy("row", "valid"),
    models.REMARKED: _("valid, with a remark"),
    models.REFUSED: pgettext_lazy("row", "refused"),
    models.LEFT_OUT: _("left out"),
}
"""What became of a row."""

OUTCOME_TAGS: Final[Mapping[str, Standing]] = {
    "": Standing("off", OUTCOMES[""]),
    models.VALID: Standing("good", OUTCOMES[models.VALID]),
    models.REMARKED: Standing("warn", OUTCOMES[models.REMARKED]),
    models.REFUSED: Standing("bad", OUTCOMES[models.REFUSED]),
    models.LEFT_OUT: Standing("off", OUTCOMES[models.LEFT_OUT]),
}

PUBLISHED_ROW: Final = Standing("good", pgettext_lazy("row", "published"))

STATES: Final[Mapping[str, Standing]] = {
    models.READING: Standing("off", _("is being read")),
    models.MAPPING: Standing("warn", _("waits for its columns to be named")),
    models.CHECKING: Standing("off", _("is being tried")),
    models.CHECKED: Standing("warn", _("tried, not published")),
    models.WAITING: Standing("warn", _("waits for a second person")),
    models.PUBLISHING: Standing("off", _("is being published")),
    models.PUBLISHED: Standing("good", _("published")),
    models.FAILED: Standing("bad", _("could not be read")),
    models.DISCARDED: Standing("off", _("discarded")),
}
"""States of an upload as tags."""

KINDS: Final[Mapping[str, Words]] = {
    ACCREDITATIONS: _("Decisions on accreditation"),
    ISSUERS: _("New issuers"),
    DEQAR: _("DEQAR’s submission table"),
}

_COLUMNS: Final[Mapping[str, Words]] = {
    "issuer": _("Issuer"),
    "kind": _("Kind of accreditation"),
    "valid_from": _("Valid from"),
    "valid_until": _("First day no longer covered"),
    "valid_to": _("Last day covered"),
    "agency": _("Agency"),
    "contributing_agencies": _("Contributing agencies"),
    "local_id": _("Your own number"),
    "activity": _("Activity"),
    "credential_types": _("Credential types"),
    "eqf_levels": _("EQF levels"),
    "isced_f": _("Fields (ISCED-F)"),
    "jurisdictions": _("Countries or regions covered"),
    "programmes": _("Programmes"),
    "decision": _("Decision"),
    "report_url": _("Address of the report"),
    "report_sha256": _("SHA-256 of the report"),
    "summary": _("Summary"),
    "country": _("Country"),
    "name": _("Name, language not stated"),
    "city": _("City"),
    "street": _("Street"),
    "postcode": _("Postcode"),
    "website": _("Website"),
    "provider_type": _("Type of provider"),
}


def name_column(kind: str, name: str) -> str:
    """Return what a column is called; those of DEQAR keep the names their people know."""
    if name == IGNORED:
        return gettext("left out")
    if kind == DEQAR:
        return name
    known = _COLUMNS.get(name)
    if known:
        return str(known)
    if kind == ISSUERS and name in load("identifier-schemes"):
        return label("identifier-schemes", name)
    if kind == ISSUERS and name.startswith("name_"):
        return _name_in(name.removeprefix("name_"))
    return next((one.title for one in columns_of(kind) if one.name == name), name)


def _name_in(code: str) -> str:
    try:
        language = str(get_language_info(code)["name_translated"])
    except KeyError:
        language = code
    return gettext("Name (%(language)s)") % {"language": language}


def choices_of(kind: str) -> list[tuple[str, str, bool]]:
    """Return name, words and whether it is required, of all columns that a table of this kind may hold."""
    return [(one.name, name_column(kind, one.name), one.required) for one in columns_of(kind)]


def mark_problem(kept: Mapping[str, Any], *, capital: bool = True) -> SafeString:
    """Return a kept problem in the reader's language, as markup: what is wrong, and what to do.

    It begins without a `capital` where the name of its column stands in front.
    """
    problem = read_problem(kept)
    cure = format_html(" {}", tell(problem.cure, capital=True)) if problem.cure else ""
    return format_html("{}.{}", tell(problem.message, capital=capital), cure)


def mark_with_column(kind: str, kept: Mapping[str, Any]) -> SafeString:
    """Return a kept problem with the name of its column in front, where it has one."""
    column = name_column(kind, kept["column"]) if kept["column"] else ""
    told = mark_problem(kept, capital=not column)
    return format_html("<bdi>{}</bdi>: {}", column, told) if column else told


def write_problem(kept: Mapping[str, Any]) -> str:
    """Return a problem as plain text in the reader's language: the column, what is wrong, what to do."""
    problem = read_problem(kept)
    where = f"{problem.column}: " if problem.column else ""
    return f"{where}{tell_plainly(problem.message)}. {tell_plainly(problem.cure)}".strip()
