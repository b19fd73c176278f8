"""Single things and what belongs to them, as the API gives them: now, at an instant, or as they were known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from register.api.known import Times
from register.api.resources import describe
from register.errors import Conflict, NotFound, NotUnderstood
from register.identifiers import NODE, parse_identifier
from register.models import VERSIONS
from register.moments import format_instant
from register.queries.belongings import list_keys, list_relations
from register.queries.cuts import resolve_cut
from register.queries.hearing import Placed, find_all_placed, find_placed, hear_peers, place_page
from register.queries.identity import find_also
from register.queries.lists import EventRow, find_named
from register.queries.selecting import MOST, select
from register.queries.single import HistoryItem, find_record
from register.receipts import path_to_receipt, with_register
from register.records import load
from register.trust.identity import Also


def describe_one(kind: str, record_id: str) -> dict[str, Any]:
    """Return a thing of our own register as it is now; raises NotFound."""
    if kind == "issuer":
        times = Times(timezone.now(), resolve_cut())
        return describe_whole(kind, find_record(kind, record_id, times.cut), times)
    return describe(kind, _find_newest(kind, record_id), timezone.now())


def _find_newest(kind: str, record_id: str) -> Any:
    """Return the newest version of a thing with one query: every write answers with it."""
    sql = (
        f"SELECT v.content::text FROM {VERSIONS[kind]._meta.db_table} v WHERE v.uid = %(id)s::uuid "
        "AND v.recorded_until IS NULL AND v.log_id = (SELECT id FROM ledger_log WHERE origin = %(origin)s)"
    )
    rows = select(sql, {"id": record_id, "origin": settings.ASSAY_ORIGIN})
    if not rows:
        raise NotFound(f"{kind}_unknown", "", f"there is no {kind} {record_id[:60]!r} in {settings.ASSAY_ORIGIN}")
    return load(kind, rows[0][0])


def read_heard(given: Mapping[str, Any]) -> Times:
    """Return the two times of a read of our register and of the peers' we hear, or of the one that `register` names."""
    return Times(given.get("at") or timezone.now(), hear_peers(given.get("known_at"), given.get("register")))


def describe_whole(kind: str, record: Any, times: Times) -> dict[str, Any]:
    """Return a thing of the cut's register with what belongs to it alone: an issuer with its keys and relations."""
    told = describe(kind, record, times.at, times.cut.origin)
    if kind == "issuer":
        keys = list_keys(times.cut, record.id, limit=MOST).items
        told["keys"] = [describe("key", key, times.at, times.cut.origin) for key in keys]
        relations = list_relations(times.cut, record.id)
        told["relations"] = [describe("relation", relation, times.at) for relation in relations]
        told["also"] = [describe_also(also) for also in find_also(record, times.at, times.cut)]
    return told


def describe_also(also: Also) -> dict[str, Any]:
    """Return another register's record of the same institution: whose it is, and by which identifiers it is known."""
    return {
        "origin": also.register.origin,
        "register": also.register.name,
        "id": also.issuer.id,
        "url": also.issuer.url,
        "names": dict(also.issuer.names),
        "country": also.issuer.country,
        "identifiers": [{"scheme": scheme, "value": value} for scheme, value in also.identifiers],
        "territorial": also.territorial,
        "quarantine": also.issuer.quarantine,
    }


def find_issuer(text: str, times: Times) -> Placed:
    """Return the issuer that an id or any identifier names: ours, else the one of a peer.

    Raises NotUnderstood for what is no identifier, NotFound for what names nobody, Conflict for what names several.
    """
    try:
        identifier = parse_identifier(text)
    except ValueError as error:
        raise NotUnderstood("invalid", "id", str(error)) from None
    if identifier.scheme == NODE:
        return find_placed("issuer", identifier.value, times.cut)
    named = place_page(find_named(identifier, times.cut), times.cut)
    found = [one for one in named if one.cut.speaker is None] or named
    if not found:
        raise NotFound("issuer_unknown", "", f"no issuer of {times.cut.origin} has had this identifier at that time")
    if len(found) > 1:
        sentence = f"{len(found)} issuers have had this identifier; GET /api/v1/issuers?identifier=… lists them"
        raise Conflict("identifier_ambiguous", "id", sentence)
    return found[0]


def name_register(refusal: NotFound, ids: Iterable[str]) -> NotFound:
    """Return a refusal of a write that says whose the thing is, where a recognised peer records it."""
    kind = refusal.code.removesuffix("_unknown")
    cut = hear_peers() if kind in VERSIONS else None
    if cut is None or not cut.peers:
        return refusal
    found = [one for record_id in ids for one in find_all_placed(kind, record_id, cut)]
    if not found or found[0].cut.speaker is None:
        return refusal
    speaker = found[0].cut.speaker
    sentence = f"this {kind} is recorded by {speaker.name} and can be changed there only: {found[0].record.url}"
    return NotFound(refusal.code, refusal.field, sentence)


def describe_event(row: EventRow) -> dict[str, Any]:
    """Return one entry as lists of events give it; `receipt` is the address of its proof."""
    told = asdict(row)
    told["time"] = format_instant(row.time) if row.time else None
    base = settings.ASSAY_BASE_URL
    return told | {
        "url": f"{base}{with_register(f'/api/v1/events/{row.index}', row.origin)}",
        "receipt": f"{base}{path_to_receipt(row.origin, row.index)}",
    }


def describe_happening(kind: str, item: HistoryItem, at: datetime) -> dict[str, Any]:
    """Return one entry of a history, with the thing as it was after it where the entry changed it."""
    after = describe(kind, item.record, at, item.event.origin) if item.record is not None else None
    return {**describe_event(item.event), "after": after}
