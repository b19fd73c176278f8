"""Hearing: the registers of recognised peers beside our own, as lists, searches and single look-ups hear them.

A peer is heard while our own ledger, at its cut, recognises it, and about the countries for which it may speak: its
territory, no more of it than our remit. What it says of others, and what was set aside, stays to be seen for whoever
asks for it. An id that is ours means our thing, whatever a peer files under it.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, Final, LiteralString, NamedTuple

from django.conf import settings

from ledger.database import fetch_all, fetch_one
from register.errors import Conflict, NotFound, NotUnderstood
from register.models import VERSIONS
from register.queries.cuts import Cut, Speaker, resolve_cut
from register.queries.selecting import Conditions, Page, is_uid, known_only, select
from register.records import load
from register.rules.refusals import name_kind
from register.sentences import Value, say
from register.trust import TreeSize

_PEERS: Final[LiteralString] = """
    SELECT l.id, l.origin, c.size, p.content::text, r.content::text, CASE WHEN %(moment)s::timestamptz IS NULL THEN NULL
        ELSE (SELECT h.index FROM register_happening h WHERE h.log_id = l.id AND h.time > %(moment)s::timestamptz
              ORDER BY h.time, h.index LIMIT 1) END
    FROM register_peer p JOIN ledger_log l ON l.origin = p.origin AND NOT l.own
    JOIN register_cursor c ON c.log_id = l.id
    JOIN register_register r ON r.log_id = l.id AND r.recorded_until IS NULL
    WHERE p.log_id = %(log)s AND NOT p.withdrawn AND p.recorded_from < %(size)s
        AND (p.recorded_until IS NULL OR p.recorded_until >= %(size)s)
    ORDER BY l.origin
"""
_MOMENT: Final[LiteralString] = "SELECT time FROM register_happening WHERE log_id = %s AND index = %s"

# How a record (alias `v`) leads to the issuer whose country it is about; agencies are about no one country.
_ISSUER_OF: Final = {
    **dict.fromkeys(("accreditation", "programme", "batch", "withdrawal", "credential"), "v.issuer"),
    "mandate": "v.awarding_body",
}
_MARKED: Final = ("issuer", "accreditation")
_OUR_BUSINESS: Final = ("peer", "fork")
_PAIRS: Final = (
    "({alias}.log_id, {alias}.country) IN "
    "(SELECT h.log_id, h.country FROM unnest(%(heard_logs)s::smallint[], %(heard_in)s::text[]) AS h(log_id, country))"
)


class Placed(NamedTuple):
    """A record and the cut of the register in which it stands; `cut.speaker` is None for our own."""

    record: Any
    cut: Cut


def hear_peers(known_at: datetime | TreeSize | None = None, register: str | None = None) -> Cut:
    """Return the cut of our own log, with those of the recognised peers beside it; only one when `register` names it.

    A node that follows nobody is asked nothing more. Raises as resolve_cut, and NotUnderstood (field `register`) for
    an origin that is not heard.
    """
    own = resolve_cut(known_at)._replace(known_at=known_at)
    peers = _read_peers(own, known_at) if own.company and register != own.origin else ()
    if register is None or register == own.origin:
        return own._replace(peers=peers)
    named = next((peer for peer in peers if peer.origin == register), None)
    if named is None:
        message = say(
            "register: expected our own origin or that of a recognised peer (see /federation), got {origin}",
            origin=repr(register[:100]),
        )
        raise NotUnderstood("invalid", "register", message)
    return named


def _read_peers(own: Cut, known_at: datetime | TreeSize | None) -> tuple[Cut, ...]:
    moment = known_at
    if isinstance(known_at, TreeSize):
        row = fetch_one(_MOMENT, (own.log_id, max(own.size - 1, 0)))
        moment = row[0] if row else None
    found = fetch_all(_PEERS, {"log": own.log_id, "size": own.size, "moment": moment})
    return tuple(_cut_peer(*row)._replace(known_at=known_at) for row in found)


def _cut_peer(log_id: int, origin: str, held: int, peer: str, register: str, later: int | None) -> Cut:
    size = held if later is None else min(held, later)
    return Cut(log_id, origin, size, size == held, True, _load_speaker(peer, register))


@lru_cache(maxsize=256)
def _load_speaker(peer_text: str, register_text: str) -> Speaker:
    peer, register = load("peer", peer_text), load("register", register_text)
    heard = tuple(code for code in register.territory if peer.remit is None or code in peer.remit)
    return Speaker(register.name, register.url, heard)


def heard_only(kind: str, cut: Cut, *, set_aside: bool = False) -> Conditions:
    """Return conditions on records (alias `v`) that begin with: known at the cut, and heard.

    `set_aside` lets in what a peer said beyond its countries and is kept without counting.
    """
    conditions = known_only("v", cut)
    speakers = [(one.log_id, one.speaker) for one in cut.all if one.speaker is not None]
    if not speakers:
        return conditions
    pairs = [(log_id, country) for log_id, speaker in speakers for country in speaker.countries]
    logs, countries = [log_id for log_id, _ in pairs], [country for _, country in pairs]
    table = VERSIONS[kind]._meta.db_table
    conditions.add(
        f"v.log_id <> ALL(%(peer_logs)s::smallint[]) OR ({_within(kind, cut, set_aside)} AND NOT EXISTS ("
        f"SELECT FROM {table} o WHERE o.uid = v.uid AND o.log_id = "
        # OFFSET 0: one look-up a row; else the planner would read the whole table into a hash first.
        "(SELECT id FROM ledger_log WHERE origin = %(our_origin)s) OFFSET 0))",
        peer_logs=[log_id for log_id, _ in speakers],
        heard_logs=logs,
        heard_in=countries,
        our_origin=settings.ASSAY_ORIGIN,
    )
    return conditions


def _within(kind: str, cut: Cut, set_aside: bool) -> str:
    marked = kind in _MARKED
    if kind == "issuer":
        inside = _PAIRS.format(alias="v")
    elif kind in _ISSUER_OF:
        known, _ = cut.known("i")
        inside = (
            f"EXISTS (SELECT FROM register_issuer i WHERE i.uid = {_ISSUER_OF[kind]} AND i.log_id = v.log_id "
            f"AND i.quarantine IS NULL AND {known} AND {_PAIRS.format(alias='i')} OFFSET 0)"
        )
    else:
        return "true"
    if not marked:
        return inside
    return f"(v.quarantine IS NOT NULL OR {inside})" if set_aside else f"(v.quarantine IS NULL AND {inside})"


def find_placed(kind: str, record_id: str, cut: Cut, url: str = "") -> Placed:
    """Return a record of our own register, else that of the one peer that has it, set aside or not.

    `url` is the address that was asked for, which means what stands there. Raises NotFound (`…_unknown`), and Conflict
    (`identifier_ambiguous`) when several peers use the id.
    """
    found = find_all_placed(kind, record_id, cut, url)
    if not found:
        where = "our register or a recognised one" if cut.peers else cut.origin
        told: dict[str, Value] = {"kind": name_kind(kind), "id": repr(record_id[:60]), "origin": where}
        raise NotFound(f"{kind}_unknown", "", say("there is no {kind} {id} in {origin} at that time", **told))
    if len(found) > 1:
        origins = ", ".join(one.cut.origin for one in found)
        sentence = say("several registers use this id ({origins}); add register=ORIGIN", origins=origins)
        raise Conflict("identifier_ambiguous", "id", sentence)
    return found[0]


def find_all_placed(kind: str, record_id: str, cut: Cut, url: str = "") -> list[Placed]:
    """Return the records that bear an id: the one at the address, else ours, else those of all peers heard."""
    if not is_uid(record_id):
        return []
    # Whom a peer recognises or reports is its own affair.
    conditions = known_only("v", cut._replace(peers=()) if kind in _OUR_BUSINESS else cut)
    conditions.add("v.uid = %(id)s::uuid", id=record_id.lower())
    table = VERSIONS[kind]._meta.db_table
    rows = select(
        f"SELECT v.log_id, v.content::text FROM {table} v WHERE {conditions.joined()} ORDER BY v.log_id",
        conditions.parameters,
    )
    by_log = {one.log_id: one for one in cut.all}
    found = [Placed(load(kind, content), by_log[log_id]) for log_id, content in rows]
    there = [one for one in found if url and one.record.url == url]
    return there or [one for one in found if one.cut.speaker is None] or found


def place_page(page: Page[Any], cut: Cut) -> list[Placed]:
    """Return the records of a page with the cuts of their registers."""
    by_origin = {one.origin: one for one in cut.all}
    return [Placed(record, by_origin[origin]) for record, origin in zip(page.items, page.origins, strict=True)]
