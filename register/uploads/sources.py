"""Sources: the column of a file that a field of an entry was read from, so that what is wrong stands beside its cell.

An entry's fields go by the paths of its payload (register/payloads), `scope.eqf_levels.0`; people know columns. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from register.intake import deqar
from register.intake.columns import DEQAR, columns_of

GRANTED: Final = "accreditation.granted"
PROGRAMME: Final = "programme.registered"

Candidates = Mapping[str, Sequence[str]]

_OWN: Final[Candidates] = {
    "report": ("report_url",), "report.sha256": ("report_sha256",), "status": ("activity",),
    "local_identifier": ("local_id",), "identifiers": ("",), "names.und": ("name",), "names": ("name", "name_en"),
    "sites": ("city", "street", "postcode"), "valid_until": ("valid_until", "valid_to"),
}  # fmt: skip
_PROVIDER: Final = ("institution[{n}].deqar_id", "institution[{n}].eter_id", "institution[{n}].identifier")
_DECISION: Final[Candidates] = {
    "issuer": _PROVIDER, "kind": ("activity_type", "activity"), "valid_until": ("valid_to",),
    "summary": ("summary", "other_comment"), "report": ("file[1].original_location",),
    "report.languages": ("file[1].report_language",), "eqf_levels": ("programme[1].qf_ehea_level",),
    "isced_f": ("programme[1].field_study",), "jurisdictions": ("programme[1].country",),
    "programmes": ("programme[1].name_primary",),
}  # fmt: skip
_OFFER: Final[Candidates] = {
    "issuer": tuple(one.format(n=1) for one in _PROVIDER), "titles": ("programme[{n}].name_primary",),
    "credential_type": ("programme[{n}].degree_outcome",), "eqf_level": ("programme[{n}].qf_ehea_level",),
    "nqf_level": ("programme[{n}].nqf_level",), "isced_f": ("programme[{n}].field_study",),
    "ects": ("programme[{n}].workload_ects",), "awarding_bodies": tuple(one.format(n=2) for one in _PROVIDER),
    "identifiers": ("programme[{n}].identifier",), "valid_until": ("valid_to",),
    "assessment_type": ("programme[{n}].assessment_certification",),
    "learning_outcomes": ("programme[{n}].learning_outcome_description", "programme[{n}].learning_outcomes"),
}  # fmt: skip
"""Field → the columns it may have been read from; of several of a kind `{n}` is the number of the one."""


def locate(kind: str, names: Collection[str], said: Sequence[Sequence[Any]], position: int, path: str) -> str:
    """Return the column for a field of one of the entries that a row would make; "" where no single one is at fault.

    `said` are the entries as a row keeps them, [type, id, data]; `position` is that of the one.
    """
    type_, _id, data = said[position]
    claim = re.match(r"identifiers\.([0-9]+)", path)
    if claim and type_ == "issuer.registered":
        return str(data["identifiers"][int(claim[1])]["scheme"])
    return column_of(kind, names, path, type_, 1 + sum(one[0] == type_ for one in said[:position]))


def column_of(kind: str, names: Collection[str], path: str, type_: str = GRANTED, number: int = 1) -> str:
    """Return the column, of those a file has if it may be, for a field of the entry of that type and number.

    What no column of such a table can hold, who says it for one, has none: "".
    """
    tables = {GRANTED: _DECISION, PROGRAMME: _OFFER} if kind == DEQAR else {}
    table = tables.get(type_, _OWN)
    parts = [part for part in path.removeprefix("scope.").split(".") if not part.isdecimal()]
    whole, first = ".".join(parts), next(iter(parts), "")
    found = table.get(whole) or _name_in(whole) or table.get(first) or (first,)
    spelled = [one.format(n=number) for one in found]
    every = [form for one in spelled for form in spell_forms(one)]
    return next((one for one in every if one in names), spelled[0] if _is_column(kind, spelled[0]) else "")


def _is_column(kind: str, name: str) -> bool:
    return bool(deqar.fold(name)) if kind == DEQAR else any(name == column.name for column in columns_of(kind))


def _name_in(path: str) -> Sequence[str]:
    """Return the column of a name in one language: `names.en` is in `name_en`; none for another field."""
    found = re.fullmatch("names\\.([a-z]{2,3})", path)
    return (f"name_{found[1]}",) if found and found[1] != "und" else ()


def spell_forms(column: str) -> tuple[str, ...]:
    """Return the ways in which a table may call one column: DEQAR's have `[1]`, or `_id` for a code, or neither."""
    return column, f"{column}[1]", f"{column}_id", column.removesuffix("[1]")
