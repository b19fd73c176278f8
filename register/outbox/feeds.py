"""Atom feeds (RFC 4287): the newest entries of our ledger about everything, an issuer or an agency, and what expires.

An item's id is that of its entry, so it never changes; a feed changes with the checkpoint, and with the day on which
something begins to expire soon. Django's feed generator writes the XML.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import get_language, gettext

from ledger.database import fetch_all
from ledger.logs import SignedCheckpointRow
from register.outbox.expiring import list_expiring
from register.outbox.notices import News
from register.outbox.topics import CODE_OF
from register.outbox.wording import Told, read_rows, tell_entry, tell_expiring
from register.site.entries import Entry, read_entries
from register.site.reading import read_directory, read_register

ITEMS: Final = 50

_NEWEST: Final[LiteralString] = """
    SELECT h.index FROM register_happening h
    WHERE h.log_id = %(log)s AND h.index < %(size)s AND h.type = ANY(%(types)s) AND h.quarantine IS NULL
    ORDER BY h.index DESC LIMIT %(limit)s
"""
_OF_AGENCY: Final[LiteralString] = """
    SELECT h.index FROM register_happening h
    WHERE h.log_id = %(log)s AND h.agency = %(agency)s::uuid AND h.index < %(size)s AND h.type = ANY(%(types)s)
        AND h.quarantine IS NULL
    ORDER BY h.index DESC LIMIT %(limit)s
"""
_OF_ISSUER: Final[LiteralString] = """
    SELECT h.index FROM register_happening h WHERE h.log_id = %(log)s AND h.index < %(size)s
        AND h.type = ANY(%(types)s) AND h.quarantine IS NULL AND h.index IN (
            SELECT index FROM register_happening WHERE issuer = %(issuer)s::uuid AND log_id = %(log)s
            UNION SELECT recorded_from FROM register_relation WHERE other = %(issuer)s::uuid AND log_id = %(log)s
            UNION SELECT recorded_from FROM register_mandate WHERE sealer = %(issuer)s::uuid AND log_id = %(log)s
        )
    ORDER BY h.index DESC LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Item:
    """One item: its id (a URN), and what it says."""

    urn: str
    category: str
    told: Told


class Feed(Atom1Feed):
    """Atom whose date is that of its newest item, also when there is none: never the time of asking."""

    def latest_post_date(self) -> datetime:
        """Return when the feed changed last."""
        newest: datetime = self.feed["newest"]
        return newest


def tag_of(path: str, checkpoint: SignedCheckpointRow, today: str) -> str:
    """Return the ETag of a feed: the same while nothing that it is made of has changed."""
    said = "\0".join((path, checkpoint.root.hex(), str(checkpoint.size), today, get_language() or ""))
    return '"' + hashlib.sha256(said.encode()).hexdigest()[:32] + '"'


def write_feed(
    path: str, page: str, title: str, checkpoint: SignedCheckpointRow, now: datetime, **about: str | None
) -> bytes:
    """Return the feed of everything, or of the `issuer` or `agency` of that id, as UTF-8."""
    items = sorted(
        [*_read_entries(checkpoint, **about), *_read_expiring(now, **about)],
        key=lambda item: item.told.time,
        reverse=True,
    )[:ITEMS]
    base, node = settings.ASSAY_BASE_URL, read_register()
    subtitle = gettext("Each item is an entry of a ledger that anyone can check.")
    feed = Feed(
        title, base + page, "", language=get_language(), author_name=node.name if node else gettext("A register"),
        feed_url=base + path, feed_guid=base + path, subtitle=subtitle,
        newest=max([item.told.time for item in items], default=checkpoint.second),
    )  # fmt: skip
    for item in items:
        _add(feed, item, base)
    written: str = feed.writeString("utf-8")
    return written.encode()


def _add(feed: Feed, item: Item, base: str) -> None:
    told = item.told
    # Relative addresses are read differently by different readers, xml:base or not.
    said = "".join(f"<p>{sentence}</p>" for sentence in told.sentences).replace('href="/', f'href="{base}/')
    if told.entry:
        proof = gettext("The entry, with its proof")
        said += f'<p><a href="{base}{told.entry}">{proof}</a></p>'
    feed.add_item(
        told.line, base + told.path, said, unique_id=item.urn, pubdate=told.time, updateddate=told.time,
        categories=[item.category],
    )  # fmt: skip


def _read_entries(checkpoint: SignedCheckpointRow, issuer: str | None = None, agency: str | None = None) -> list[Item]:
    given: dict[str, Any] = {"log": checkpoint.log_id, "size": checkpoint.size, "types": list(CODE_OF)}
    given |= {"limit": ITEMS, "issuer": issuer, "agency": agency}
    statement = _OF_ISSUER if issuer else _OF_AGENCY if agency else _NEWEST
    rows = read_rows([index for (index,) in fetch_all(statement, given)])
    entries = [entry for entry in read_entries(rows, checkpoint) if entry.event is not None]
    directory = read_directory(thing for entry in entries for thing in (entry.row.issuer, entry.row.agency))
    return [Item(_urn_of(entry), CODE_OF[entry.row.type], tell_entry(entry, directory)) for entry in entries]


def _urn_of(entry: Entry) -> str:
    return entry.event.id if entry.event else ""


def _read_expiring(now: datetime, issuer: str | None = None, agency: str | None = None) -> list[Item]:
    found = sorted(list_expiring(now, issuer, agency), key=lambda news: news.time, reverse=True)[:ITEMS]
    return _put_into_words(found)


def _put_into_words(found: Sequence[News]) -> list[Item]:
    directory = read_directory(thing for news in found for thing in (news.issuer, news.agency))
    items = []
    for news in found:
        told = tell_expiring(news.thing or "", news.issuer or "", news.agency or "", news.facts, news.time, directory)
        name = uuid5(NAMESPACE_URL, f"{settings.ASSAY_BASE_URL}/{news.key}")
        items.append(Item(name.urn, news.code, told))
    return items
