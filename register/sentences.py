"""Sentences: what the register says to people, written once in English and told in every reader's language.

A `Said` is the English sentence, a text like any other to programs, logs and JSON; it remembers the template it was
made from and the raw values that fill it, so that a page can write both anew (register/site/telling.py). Templates are
literals of the code, gathered for translators by deploy/catalogues.py; what strangers wrote is a value, never a
template, and a value is filled in once and not read again. Pure: no languages are known here but English.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple, Self

# As modules: both say what they object to in sentences, so each of the three is imported while it is being read.
from register import moments, vocabularies

SHOWN: Final = 6
"""Terms of a longer list that are named; of the others, how many there are."""

OPEN_DATE: Final = "an open date"
NO_TERMS: Final = "nothing"

_BEGINS: Final = '{"template": '
"""With what the JSON of a sentence begins, and no sentence that is written out."""
_PLACE: Final = re.compile(r"\{\{|\}\}|\{(\w+)\}", re.ASCII)
_MONTHS: Final = "January February March April May June July August September October November December".split()
_UNITS: Final = ((31_536_000, "year"), (86_400, "day"), (3_600, "hour"), (60, "minute"))
_LISTS: Final[Mapping[str, tuple[str, ...]]] = {"jurisdictions": ("countries", "nuts", "atu"), "programmes": ()}
_WITHOUT_CODE: Final = frozenset({"reasons", "relations", "decisions", "credential-types", "eqf", "key-reasons"})


class Term(NamedTuple):
    """A code of a vocabulary, shown by its label."""

    vocabulary: str
    code: str | int


class Terms(NamedTuple):
    """Several codes of a vocabulary."""

    vocabulary: str
    codes: tuple[str | int, ...]


class Minute(NamedTuple):
    """An instant that is told to the minute, where an instant alone is told to the second."""

    moment: datetime


class Written(NamedTuple):
    """An instant that English sentences give as the register writes it: `2026-06-01`, or RFC 3339 in full."""

    moment: datetime


class LastDay(NamedTuple):
    """The end of a half-open period: its last day where it ends with one, as people say it; else the instant itself."""

    moment: datetime

    @property
    def told(self) -> date | datetime:
        """What is told of it."""
        return (self.moment - timedelta(days=1)).date() if is_midnight(self.moment) else self.moment


class Coded(NamedTuple):
    """A code that English sentences give as programs read it; people read what it stands for, a `Value` itself."""

    text: str
    value: Any

    @property
    def english(self) -> str:
        """How an English sentence has it."""
        return self.text


class Named(NamedTuple):
    """What has names in several languages: English sentences take the English one, pages the one of its `country`."""

    names: Mapping[str, str]
    country: str = ""
    otherwise: str = ""

    @property
    def english(self) -> str:
        """How an English sentence has it."""
        return self.names.get("en") or next(iter(self.names.values()), self.otherwise)


class English(NamedTuple):
    """A text that is English in every language, and not ours: of the system, a library, the ledger's own errors."""

    text: str

    @property
    def english(self) -> str:
        """How an English sentence has it."""
        return self.text


Time = datetime | date | timedelta | Minute | Written | LastDay
Value = str | int | Time | Term | Terms | Coded | Named | English | None
"""What fills a template: a `str` is a text that stays as it is (a name, an address), a `Said` is a sentence itself."""


class Said(str):
    """An English sentence with its `template` and `values`; equal to, and written like, the same plain text."""

    __slots__ = ("template", "values")

    template: str
    values: Mapping[str, Value]

    def __new__(cls, template: str, values: Mapping[str, Value]) -> Self:
        """Write the sentence; raises KeyError for a place without a value."""
        said = super().__new__(cls, fill(template, values, spell))
        said.template, said.values = template, values
        return said

    def __str__(self) -> str:
        # `str()` of a plain text is the text itself; it must not make a sentence forget what it was made from.
        return self

    def __getnewargs__(self) -> tuple[str, Mapping[str, Value]]:  # type: ignore[override]
        return self.template, dict(self.values)


class Sentence(NamedTuple):
    """A sentence that is not written yet: of all that a decision weighs, only a little is ever said."""

    template: str
    values: Mapping[str, Value]

    @property
    def text(self) -> Said:
        """The sentence, written."""
        return Said(self.template, self.values)


def tell_end(moment: datetime | None) -> LastDay | None:
    """Return the end of a half-open period as sentences tell it; an open end stays one."""
    return None if moment is None else LastDay(moment)


def say(template: str, /, **values: Value) -> Said:
    """Return a sentence; `template` is a literal, as translators get it, with `{name}` for each of the values.

    A brace that is meant is written twice. Raises KeyError for a place without a value.
    """
    return Said(template, values)


def cite(said: BaseException | str) -> Value:
    """Return what an error says, to be put into a sentence: the sentence it was raised with, else English as it is."""
    text = str(said)
    return text if isinstance(text, Said) else English(text)


def join(parts: Iterable[Value], separator: str = " ") -> Said:
    """Return several sentences, or parts of a list, as one; each is told by itself."""
    values = {f"_{number}": part for number, part in enumerate(parts, 1)}
    return Said(separator.join(f"{{{name}}}" for name in values), values)


def fill(template: str, values: Mapping[str, Value], write: Callable[[Value], str]) -> str:
    """Return a template with each place filled by the value of that name, as `write` writes it.

    A place is a name in braces and nothing else: no attribute, index or conversion of a value can be asked for.
    """

    def put(place: re.Match[str]) -> str:
        name = place[1]
        return place[0][0] if name is None else write(values[name])

    return _PLACE.sub(put, template)


def has_words(template: str) -> bool:
    """Tell whether there is anything to translate in a template besides its values."""
    return any(sign.isalpha() for sign in _PLACE.sub("", template))


def spell(value: Value) -> str:
    """Write a value in English: `1 June 2026`, labels of terms, text as it is."""
    match value:
        case str():
            return value
        case Term():
            return label(value)
        case Terms():
            return _spell_many([label(Term(value.vocabulary, code)) for code in value.codes])
        case Coded() | Named() | English():
            return value.english
        case Minute() | Written() | LastDay() | date() | timedelta():
            return _spell_time(value)
        case None:
            return OPEN_DATE
        case _:
            return str(value)


def _spell_time(value: Time) -> str:
    match value:
        case Minute():
            return _spell_minute(value.moment)
        case Written():
            return moments.format_moment(value.moment)
        case LastDay():
            return _spell_time(value.told)
        case datetime():
            return _spell_instant(value)
        case date():
            return _spell_day(value)
        case timedelta():
            number, unit = measure(value)
            return f"{number} {unit}{'' if number == 1 else 's'}"


def measure(span: timedelta) -> tuple[int, str]:
    """Return a span in the largest unit of which there are two: `(90, "minute")`."""
    seconds = max(0, int(span.total_seconds()))
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= 2 * size), (1, "second"))
    return seconds // size, unit


def _spell_day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _spell_instant(moment: datetime) -> str:
    return _spell_day(moment) if is_midnight(moment) else f"{_spell_day(moment)}, {moment:%H:%M:%S} UTC"


def _spell_minute(moment: datetime) -> str:
    text = moments.format_instant(moment)
    return _spell_day(moment) if text.endswith("T00:00:00Z") else f"{_spell_day(moment)}, {text[11:16]} UTC"


def is_midnight(moment: datetime) -> bool:
    """Tell whether an instant is told by its day alone."""
    return (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0)


def _spell_many(labels: list[str]) -> str:
    if len(labels) > SHOWN:
        return f"{', '.join(labels[:SHOWN])} and {len(labels) - SHOWN} more"
    return ", ".join(labels) or NO_TERMS


def _name_in_english(vocabulary: str, code: str) -> str:
    return vocabularies.load(vocabulary).get(code).label("en")


def label(term: Term, name_it: Callable[[str, str], str] = _name_in_english) -> str:
    """Give `label (code)`, or the label alone where codes tell people nothing; an unknown code stands for itself.

    `name_it` gives the label of a code that a list holds, in the language that is wanted.
    """
    vocabulary, code = term.vocabulary, str(term.code)
    for name in _LISTS.get(vocabulary, (vocabulary,)):
        if code in vocabularies.load(name):
            told = name_it(name, code)
            return told if vocabulary in _WITHOUT_CODE else f"{told} ({code})"
    return code


def to_json(text: str) -> Any:
    """Return a sentence as JSON keeps it, `{"template", "values"}`; a plain text stays one."""
    if not isinstance(text, Said):
        return text
    named = {place[1] for place in _PLACE.finditer(text.template)}
    values = {name: _write(value) for name, value in text.values.items() if name in named}
    return {"template": text.template, "values": values}


def _write(value: Value) -> Any:
    match value:
        case str():
            return to_json(value)
        case Term():
            return {"vocabulary": value.vocabulary, "code": value.code}
        case Terms():
            return {"vocabulary": value.vocabulary, "codes": list(value.codes)}
        case Named():
            return {"names": dict(value.names), "country": value.country, "otherwise": value.otherwise}
        case Coded():
            return {"coded": value.text, "value": _write(value.value)}
        case English():
            return {"english": value.text}
        case Minute() | Written() | LastDay() | date() | timedelta():
            return _write_time(value)
        case _:
            return value


def _write_time(value: Time) -> dict[str, Any]:
    match value:
        case Minute():
            return {"minute": moments.format_instant(value.moment)}
        case Written():
            return {"written": moments.format_instant(value.moment)}
        case LastDay():
            return {"until": moments.format_instant(value.moment)}
        case datetime():
            return {"instant": moments.format_instant(value)}
        case date():
            return {"day": value.isoformat()}
        case timedelta():
            return {"seconds": int(value.total_seconds())}


def to_text(text: str, limit: int | None = None) -> str:
    """Return a sentence as a column of text keeps it: its JSON; a plain text stays one.

    Of one that has more than `limit` characters in English so many are kept, as a plain text. A plain text that begins
    as a kept sentence does is kept within one, so that nobody's words are read back as a sentence of ours.
    """
    if limit is not None and len(text) > limit:
        text = text[:limit]
    if not isinstance(text, Said) and text.startswith(_BEGINS):
        text = join([English(text)])
    return json.dumps(to_json(text), ensure_ascii=False) if isinstance(text, Said) else text


def from_text(kept: str) -> str:
    """Return a sentence that `to_text` wrote; a plain text, as older rows hold, stays one.

    So does what only looks like a sentence: older rows hold what people wrote, as they wrote it.
    """
    if not kept.startswith(_BEGINS):
        return kept
    try:
        return from_json(json.loads(kept))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return kept


def from_json(kept: Any) -> str:
    """Return a sentence that `to_json` wrote; a plain text, as older rows hold, stays one. Raises ValueError."""
    match kept:
        case str():
            return kept
        case {"template": str(template), "values": dict(values)}:
            return Said(template, {name: _read(value) for name, value in values.items()})
        case _:
            raise ValueError(f"expected a sentence as text, or its template and values; got {type(kept).__name__}")


def _read(kept: Any) -> Value:
    match kept:
        case {"vocabulary": str(vocabulary), "code": code}:
            return Term(vocabulary, code)
        case {"vocabulary": str(vocabulary), "codes": list(codes)}:
            return Terms(vocabulary, tuple(codes))
        case {"names": dict(names), "country": str(country), "otherwise": str(otherwise)} if all(
            isinstance(name, str) for name in names.values()
        ):
            return Named(names, country, otherwise)
        case {"coded": str(text), "value": value}:
            return Coded(text, _read(value))
        case {"english": str(text)}:
            return English(text)
        case int() | None:
            return kept
        case str() | {"template": _}:
            return from_json(kept)
        case _:
            return _read_time(kept)


def _read_time(kept: Any) -> Time:
    match kept:
        case {"minute": str(moment)}:
            return Minute(moments.parse_moment(moment))
        case {"written": str(moment)}:
            return Written(moments.parse_moment(moment))
        case {"until": str(moment)}:
            return LastDay(moments.parse_moment(moment))
        case {"instant": str(moment)}:
            return moments.parse_moment(moment)
        case {"day": str(day)}:
            return date.fromisoformat(day)
        case {"seconds": int(seconds)}:
            return timedelta(seconds=seconds)
        case _:
            raise ValueError(f"expected a value of a sentence, got {type(kept).__name__}")
