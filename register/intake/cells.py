"""Cleans single cells of foreign tables: text, websites and dates.

Each function is idempotent: what it gave is a fixed point. A value that cannot be read raises `BadCell`.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from urllib.parse import quote, urlsplit

from register.sentences import Coded, Said, say

# What register/texts.py refuses in a line, and what nobody sees: soft hyphens, zero-width signs, marks of direction.
_INVISIBLE = re.compile(
    "_x000D_|[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_HOST = re.compile(r"(?=.{4,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_PLAIN_SITE = re.compile(r"https?://([a-z0-9.-]+)(?:/[A-Za-z0-9/._~-]+)?", re.ASCII)
"""Most addresses: there is nothing to mend in them."""
_ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ]00:00(?::00)?)?", re.ASCII)
_DOTTED_DATE = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})", re.ASCII)
_SLASHED_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_DAY_NUMBER = re.compile(r"[1-7][0-9]{4}", re.ASCII)
EARLIEST, LATEST = date(1000, 1, 1), date(2999, 12, 31)  # outside lie typing errors


class BadCell(ValueError):
    """A cell that cannot be read; `message` says what was expected and what came, `cure` what to do."""

    def __init__(self, message: str, cure: str) -> None:
        self.message = message
        self.cure = cure
        super().__init__(say("{message}: {cure}", message=message, cure=cure))


def strip_hidden(text: str) -> str:
    """Give text as it was written, with a blank for each control and hidden character; blanks stay as they are."""
    return _INVISIBLE.sub(" ", text)


def clean_text(text: str) -> str:
    """Give text in Unicode NFC without control and zero-width characters, with single blanks and none at the ends."""
    if text.isascii() and text.isprintable() and "_x" not in text:  # most cells: nothing in them can be hidden
        return " ".join(text.split())
    return " ".join(unicodedata.normalize("NFC", strip_hidden(text)).split())


def parse_website(text: str) -> str:
    """Give an absolute http(s) URL with its host in lower case; empty stays empty; else raise `BadCell`.

    A missing scheme becomes `http` (a site that has moved to https redirects; the other way round it would be dead).
    Of two addresses in one cell the first is taken. Mail addresses are refused: they may be a person's.
    The fragment is dropped.
    """
    cell = clean_text(text)
    plain = _PLAIN_SITE.fullmatch(cell)
    if not cell or (plain is not None and _HOST.fullmatch(plain[1])):
        return cell
    if "@" in re.sub(r"^https?:/{0,2}", "", cell, flags=re.IGNORECASE).split("/")[0]:
        cure = say("Give the institution's website, or leave it empty.")
        raise BadCell(say("expected a website, got a mail address"), cure)
    first = re.split(r"[\s,;]+(?:/\s*)?|\s/\s", re.sub(r"^(https?://)?www\. ", r"\1www.", cell, flags=re.IGNORECASE))[0]
    bare = re.sub(r"^(https?):?/{1,3}", lambda found: found[1].lower() + "://", first, flags=re.IGNORECASE)
    url = bare if "://" in bare else f"http://{bare}"
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        host = (parts.hostname or "").encode("idna").decode("ascii") if parts.hostname else ""
    except ValueError:
        raise _no_website(cell) from None
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host):
        raise _no_website(cell)
    path = quote(parts.path, safe="/%:@!$&'()*+,;=~-._")
    query = f"?{quote(parts.query, safe='/?%:@!$&()*+,;=~-._')}" if parts.query else ""
    return f"{parts.scheme}://{host}{port}{path or '/' * bool(query)}{query}"


def parse_date(text: str) -> date | None:
    """Give a calendar date from ISO, dd.mm.yyyy or dd/mm/yyyy; empty is none; ambiguous or impossible: `BadCell`."""
    cell = clean_text(text)
    if not cell:
        return None
    if match := _ISO_DATE.fullmatch(cell):
        return _build_date(cell, match[1], match[2], match[3])
    if match := _DOTTED_DATE.fullmatch(cell):
        return _build_date(cell, match[3], match[2], match[1])
    if match := _SLASHED_DATE.fullmatch(cell):
        first, second = int(match[1]), int(match[2])
        if first != second and first <= 12 and second <= 12:
            raise BadCell(say("{got} may mean either of two days", got=cell), _say_how())
        return _build_date(cell, match[3], match[2], match[1])
    raise BadCell(say("expected a date, got {got}", got=repr(cell[:40])), _explain_day_number(cell))


def _explain_day_number(cell: str) -> str:
    """Say which day a spreadsheet means by a bare number (it counts days from 30 December 1899)."""
    if _DAY_NUMBER.fullmatch(cell):
        meant = date(1899, 12, 30) + timedelta(days=int(cell))
        return say(
            "It may be a spreadsheet's number for {day}; format the cell as a date, or write it as yyyy-mm-dd.",
            day=Coded(meant.isoformat(), meant),
        )
    return _say_how()


def _say_how() -> Said:
    return say("Write the date as yyyy-mm-dd.")


def _build_date(cell: str, year: str, month: str, day: str) -> date:
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:
        raise BadCell(say("{got} is no day of the calendar", got=cell), _say_how()) from None
    if not EARLIEST <= found <= LATEST:
        raise BadCell(say("the year of {got} cannot be meant", got=cell), _say_how())
    return found


def _no_website(cell: str) -> BadCell:
    message = say("expected a website, got {got}", got=repr(cell[:80]))
    return BadCell(message, say("Write it as https://www.university.example."))
