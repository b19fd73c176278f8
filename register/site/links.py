"""Links between pages: addresses are relative, carry the dates the reader chose, and show names isolated.

The dates are those of the page that is being written (`carrying`, as Django keeps the reader's language): who reads of
1 March 2020 and follows a link still reads of that day. An address that names a date itself, or None, keeps to that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from django.utils.html import format_html
from django.utils.safestring import SafeString

from register.site.names import first_name, name_record
from register.site.remembering import remember

PATHS: Final = {
    "issuer": "issuers",
    "agency": "agencies",
    "programme": "programmes",
    "accreditation": "accreditations",
}
"""Kind → the part of its pages' addresses before the id."""

_FEW: Final = 4
"""Names of a thing whose links are remembered; agencies stand in every row of a list."""

_carried: ContextVar[Mapping[str, str | None]] = ContextVar("dates of the page that is written")
_NONE: Final[Mapping[str, str | None]] = {}


@contextmanager
def carrying(dates: Mapping[str, str | None]) -> Iterator[None]:
    """Write links with these dates (`at`, `known_at`), those of the page, until the end of the block."""
    before = _carried.set(dates)
    try:
        yield
    finally:
        _carried.reset(before)


def path_to(kind: str, record_id: str, **query: str | None) -> str:
    """Return the address of a thing's page at the dates of this one, with the parameters that are given."""
    return carry(f"/{PATHS[kind]}/{record_id}", **query)


def carry(path: str, **query: Any) -> str:
    """Return the address of a page that takes dates, at the dates of this one, with the parameters that are given."""
    return with_query(path, **{**_carried.get(_NONE), **query})


def with_query(path: str, **query: Any) -> str:
    """Return an address with the parameters that are given and not empty."""
    given = {name: str(value) for name, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


def link_to(kind: str, record: Any) -> SafeString:
    """Return a link to a record's page that shows its name."""
    names = getattr(record, "names", None) or getattr(record, "titles", {})
    path = path_to(kind, record.id)
    if len(names) > _FEW:
        return format_html('<a href="{}">{}</a>', path, name_record(record))
    return _link_named(path, tuple(names.items()), getattr(record, "country", ""))


@remember
def _link_named(path: str, names: tuple[tuple[str, str], ...], country: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', path, first_name(dict(names), country))


def is_web_address(text: str | None) -> bool:
    """Tell whether an address may be made a link: http or https with a host, nothing else."""
    try:
        parts = urlsplit(text or "")
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    except ValueError:
        return False
