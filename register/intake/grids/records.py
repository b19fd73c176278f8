"""JSON as a grid: a list of objects, one a row; nested lists become columns with [n], as in DEQAR's CSV.

`{"institutions": [{"deqar_id": "…"}]}` becomes the column `institutions[1].deqar_id`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, Final

from register.intake.grids.grid import MOST_CELLS, MOST_COLUMNS, MOST_ROWS, Grid, make_grid, refuse_cells, spell
from register.intake.rows import NotRecognised
from register.intake.sheets import decode
from register.sentences import cite, say

_WHAT: Final = say("a table as JSON: a list of objects")
_WRAPPINGS: Final = ("items", "reports", "accreditations", "issuers", "rows", "data")
_DEEPEST: Final = 6


def read_json(data: bytes) -> Grid:
    """Read a list of objects, or an object that holds one; lines are counted as if the header were line 1."""
    text, _ = decode(data, _WHAT)
    if text.count(",") > MOST_CELLS:  # a value takes a hundred times the memory of its two characters
        raise refuse_cells(_WHAT)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        got = say("text that is not JSON ({why})", why=cite(str(error)[:130]))
        raise NotRecognised(_WHAT, got, say("Check it with a JSON validator.")) from None
    rows = [dict(islice(_flatten(one), MOST_COLUMNS + 1)) for one in _find_rows(document)]
    header = list(dict.fromkeys(name for row in rows for name in row))
    if len(header) > MOST_COLUMNS:
        got = say("{number} different fields", number=len(header))
        raise NotRecognised(_WHAT, got, say("{most} are the most.", most=MOST_COLUMNS))
    lines = chain([header], ([row.get(name, "") for name in header] for row in rows))
    return make_grid("json", _WHAT, enumerate(lines, 1), ())


def _find_rows(document: Any) -> Sequence[Mapping[str, Any]]:
    found = document
    if isinstance(document, Mapping):
        found = next((document[name] for name in _WRAPPINGS if isinstance(document.get(name), list)), [document])
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise NotRecognised(_WHAT, type(document).__name__, say("Write a list: [{{…}}, {{…}}]."))
    if len(found) > MOST_ROWS:
        cure = say("Split the file: {most} rows are the most.", most=MOST_ROWS)
        raise NotRecognised(_WHAT, say("{number} rows", number=len(found)), cure)
    return found


def _flatten(value: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    if depth > _DEEPEST:
        got = say("objects nested more than {depth} deep", depth=_DEEPEST)
        raise NotRecognised(_WHAT, got, say("Write a flatter one."))
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _flatten(part, f"{name}.{key}" if name else str(key), depth + 1)
    elif isinstance(value, list) and any(isinstance(part, Mapping | list) for part in value):
        for number, part in enumerate(value, 1):
            yield from _flatten(part, f"{name}[{number}]", depth + 1)
    elif isinstance(value, list):
        yield name, " | ".join(spell(part) for part in value)
    else:
        yield name, spell(value)
