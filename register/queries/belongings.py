"""What belongs to an issuer beside its accreditations: keys, relations, mandates and programmes."""

from __future__ import annotations

from datetime import datetime

from register.queries.cuts import Cut
from register.queries.hearing import heard_only
from register.queries.selecting import MOST, Page, known_only, read_page, read_uid
from register.records import KeyRecord, MandateRecord, ProgrammeRecord, RelationRecord


def list_keys(cut: Cut, issuer: str, after: str | None = None, limit: int = 50) -> Page[KeyRecord]:
    """Return the keys of an issuer, revoked ones among them."""
    conditions = known_only("v", cut)
    conditions.add("v.issuer = %(issuer)s::uuid", issuer=read_uid(issuer, "issuer"))
    return read_page("key", conditions, after, limit, cut)


def list_relations(cut: Cut, issuer: str) -> list[RelationRecord]:
    """Return the relations in which an issuer stands, on either side."""
    conditions = known_only("v", cut)
    uid = read_uid(issuer, "issuer")
    conditions.add("v.issuer = %(issuer)s::uuid OR v.other = %(issuer)s::uuid", issuer=uid)
    return read_page("relation", conditions, None, MOST).items


def list_mandates(
    cut: Cut, issuer: str | None = None, after: str | None = None, limit: int = 50
) -> Page[MandateRecord]:
    """Return mandates, those given by or to `issuer` only when it is named."""
    conditions = heard_only("mandate", cut)
    if issuer is not None:
        uid = read_uid(issuer, "issuer")
        conditions.add("v.awarding_body = %(issuer)s::uuid OR v.sealer = %(issuer)s::uuid", issuer=uid)
    return read_page("mandate", conditions, after, limit, cut)


def list_turning_programmes(cut: Cut, issuer: str, start: datetime, end: datetime) -> Page[ProgrammeRecord]:
    """Return the programmes of an issuer that begin, end or close after `start` and not after `end`; of many, MOST."""
    conditions = known_only("v", cut)
    conditions.add("v.issuer = %(issuer)s::uuid", issuer=read_uid(issuer, "issuer"))
    turns = "unnest(ARRAY[v.valid_from, v.valid_until, v.closed_from]) turn"
    condition = f"EXISTS (SELECT FROM {turns} WHERE turn > %(start)s AND turn <= %(end)s)"
    conditions.add(condition, start=start, end=end)
    return read_page("programme", conditions, None, MOST)
