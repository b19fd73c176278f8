"""Facts for trust questions: everything the registers kept here knew at the cut, in one round trip.

The counterpart of register/knowledge.py, which gathers the same out of a replayed state; the tests hold them equal.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, LiteralString

import psycopg
from django.conf import settings
from psycopg.pq import Format

from ledger.database import open_cursor
from ledger.logs import SignedCheckpointRow
from register.errors import NotUnderstood
from register.identifiers import NODE
from register.queries.facts_sql import STATEMENT, WITH_PEERS
from register.records import PeerRecord, load
from register.sentences import say
from register.trust import AskedQuestion, Facts, RegisterFacts, judge_freshness
from register.trust.facts import NOT_RECOGNISED, RECOGNISED, Recognition, read_recognition


@dataclass(frozen=True, slots=True)
class Gathered:
    """The facts for one question, and by origin the checkpoint under which its evidence can be proven.

    `limited` are the origins in which no more than MOST_CLAIMS claims of the identifier were looked at.
    """

    facts: Facts
    checkpoints: Mapping[str, SignedCheckpointRow]
    limited: tuple[str, ...] = ()


@dataclass(slots=True)
class _Ledger:
    """One log at its cut, with what it says to each question: question → kind → records."""

    origin: str
    own: bool
    size: int
    held: int
    checkpoint: SignedCheckpointRow | None
    register: Any = None
    peers: dict[str, PeerRecord] = field(default_factory=dict)
    agencies: dict[str, Any] = field(default_factory=dict)
    asked: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    shared: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    limited: set[int] = field(default_factory=set)
    found: dict[int, dict[str, list[Any]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))


def gather_facts(asked: AskedQuestion, now: datetime) -> Gathered:
    """Return what all registers kept here knew of the issuer asked about; raises NotUnderstood (field `known_at`).

    Whether a peer's register is recognised, and for what, is as our own ledger said at its cut.
    """
    return gather_many([asked], now)[0]


def gather_many(asked: Sequence[AskedQuestion], now: datetime) -> list[Gathered]:
    """Return the facts for questions that share one transaction time, in their order, with one query."""
    ledgers = _read(asked)
    _check_transaction_time(asked[0], ledgers)
    recognitions = _recognise(ledgers)
    return [_assemble(question, number, ledgers, now, recognitions) for number, question in enumerate(asked)]


def _recognise(ledgers: Sequence[_Ledger]) -> Mapping[str, Recognition]:
    """Say of each log how our own one recognises whoever speaks in it; our own needs no recognition."""
    found = {ledger.origin: RECOGNISED if ledger.own else NOT_RECOGNISED for ledger in ledgers}
    own = next((ledger for ledger in ledgers if ledger.origin == settings.ASSAY_ORIGIN), None)
    if own is not None:
        peers = ((one.origin, own.peers.get(one.origin)) for one in ledgers if not one.own)
        found |= {origin: read_recognition(own.register, peer) for origin, peer in peers}
    return found


class _Company:
    """Whether the last look showed another's log: which of two statements to begin with, and no more than that.

    A node that follows nobody shall not pay for asking about its peers; a wrong guess costs a second look.
    """

    expected = False


def _read(asked: Sequence[AskedQuestion]) -> list[_Ledger]:
    parameters = _parameters(asked)
    rows = _select(WITH_PEERS if _Company.expected else STATEMENT, parameters)
    found = any(row[1] == "cut" and not row[5] for row in rows)
    if found and not _Company.expected:
        rows = _select(WITH_PEERS, parameters)
    _Company.expected = found
    return _sort(rows)


def _select(statement: LiteralString, parameters: tuple[Any, ...]) -> list[Sequence[Any]]:
    with open_cursor() as opened, psycopg.RawCursor(opened.connection) as cursor:
        cursor.format = Format.BINARY
        # One plan for all questions: planning this statement takes longer than running it.
        return cursor.execute(statement, parameters, prepare=True).fetchall()


def _sort(rows: Sequence[Sequence[Any]]) -> list[_Ledger]:
    ledgers: dict[int, _Ledger] = {}
    for row in rows:
        if row[1] == "cut":
            origin, own, size, held = row[4:8]
            ledgers[row[2]] = _Ledger(origin, own, size, held, _checkpoint(row))
    for q, kind, log_id, content, *_ in rows:
        if kind != "cut":
            _sort_in(ledgers[log_id], q, kind, content)
    return list(ledgers.values())


def _parameters(asked: Sequence[AskedQuestion]) -> tuple[Any, ...]:
    origin, size = asked[0].known_size or (None, None)
    questions = json.dumps([_describe_question(question, number) for number, question in enumerate(asked)])
    return asked[0].known_instant, origin, size, questions


def _describe_question(asked: AskedQuestion, number: int) -> dict[str, Any]:
    (scheme, value), key = asked.question.issuer, asked.question.key
    issuer = {"uid": value} if scheme == NODE else {"scheme": scheme, "value": value}
    return {"q": number, **issuer, "key": key}


def _checkpoint(row: Sequence[Any]) -> SignedCheckpointRow | None:
    log_id, origin, size, time, root, note = row[2], row[4], *row[8:12]
    return SignedCheckpointRow(size, root, time, note, log_id, origin) if size is not None else None


def _sort_in(ledger: _Ledger, q: int, kind: str, content: str) -> None:
    if kind == "asked":
        ledger.asked[q].append(content.strip('"'))
    elif kind == "shared":
        ledger.shared[q].append(content.strip('"'))
    elif kind == "limited":
        ledger.limited.add(q)
    elif kind == "register":
        ledger.register = _load_shared(kind, content)
    elif kind == "peer":
        peer = _load_shared(kind, content)
        ledger.peers[peer.origin] = peer
    elif kind == "agency":
        agency = _load_shared(kind, content)
        ledger.agencies[agency.id] = agency
    else:
        ledger.found[q][kind].append(load(kind, content))


@lru_cache(maxsize=2048)
def _load_shared(kind: str, content: str) -> Any:
    """Read a register, a peer or an agency, which question after question looks at; equal text is an equal record."""
    return load(kind, content)


def _check_transaction_time(asked: AskedQuestion, ledgers: Sequence[_Ledger]) -> None:
    if asked.known_size is None:
        return
    origin, size = asked.known_size
    held = next((ledger.held for ledger in ledgers if ledger.origin == origin), None)
    if held is None:
        raise NotUnderstood(
            "invalid",
            "known_at",
            say("known_at: no ledger {origin} is kept here; see /federation", origin=repr(origin)),
        )
    if size > held:
        raise NotUnderstood(
            "invalid",
            "known_at",
            say("known_at: {origin} has {held} entries here, fewer than {size}", origin=origin, held=held, size=size),
        )


def _assemble(
    asked: AskedQuestion,
    q: int,
    ledgers: Sequence[_Ledger],
    now: datetime,
    recognitions: Mapping[str, Recognition],
) -> Gathered:
    """Put together what counts for one question; a register that is not recognised only explains itself."""
    heard = [
        one
        for one in ledgers
        if one.own or recognitions[one.origin].recognised or one.asked.get(q) or one.shared.get(q)
    ]
    registers = tuple(_describe(asked, q, one, now, recognitions[one.origin]) for one in heard)
    named = {ledger.origin: _in_order(ledger, q, ledger.asked) for ledger in heard}
    shared = {ledger.origin: _in_order(ledger, q, ledger.shared) for ledger in heard if ledger.shared.get(q)}
    checkpoints = {ledger.origin: ledger.checkpoint for ledger in heard if ledger.checkpoint is not None}
    limited = tuple(ledger.origin for ledger in heard if q in ledger.limited)
    return Gathered(Facts(registers, named, shared), checkpoints, limited)


def _in_order(ledger: _Ledger, q: int, named: Mapping[int, list[str]]) -> tuple[str, ...]:
    """Return the issuers that the identifier names, or that others lead to, in the order of their entries."""
    known = {record.id: record.entries for record in ledger.found[q]["issuer"]}
    return tuple(sorted(named.get(q, ()), key=known.__getitem__))


def _describe(asked: AskedQuestion, q: int, ledger: _Ledger, now: datetime, recognition: Recognition) -> RegisterFacts:
    found, signed = ledger.found[q], ledger.checkpoint
    limit = recognition.max_age_seconds or settings.ASSAY_FRESHNESS_SECONDS
    time, size = (signed.time, signed.size) if signed else (None, None)
    covered = asked.pinned and size is not None and size >= ledger.size
    age, stale = judge_freshness(time, now, asked.known_instant, limit, covered)
    accreditations = _sorted(found["accreditation"])
    return RegisterFacts(
        origin=ledger.origin,
        size=ledger.size,
        register=ledger.register,
        own=ledger.own,
        recognised=recognition.recognised,
        remit=recognition.remit,
        vouched=recognition.vouched,
        checkpoint_size=size,
        checkpoint_time=time,
        age_seconds=age,
        stale=stale,
        limit_seconds=limit,
        agencies={a.agency: ledger.agencies[a.agency] for a in accreditations if a.agency in ledger.agencies},
        issuers={record.id: record for record in _sorted(found["issuer"])},
        accreditations=tuple(accreditations),
        keys=tuple(_sorted({key.id: key for key in found["key"]}.values())),
        relations=tuple(_sorted(found["relation"])),
        mandates=tuple(_sorted(found["mandate"])),
        programmes={record.id: record for record in _sorted(found["programme"])},
    )


def _sorted(records: Any) -> list[Any]:
    return sorted(records, key=lambda record: record.entries)
