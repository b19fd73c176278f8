"""A batch: the rows that some steps of a replay make, each record's versions chained, before anything is written."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from register.projection.rows import register_uid, values_of
from register.records import dump
from register.replay import Step
from register.sentences import to_text
from register.state import Change, State, claims_of, issuer_of

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_UNTIL = 3
"""Where a version's row has `recorded_until` (rows.SHARED)."""
_CLAIM_UNTIL = 6

Row = list[Any]


class Batch:
    """Rows to be inserted, and newest versions already stored that they replace.

    Made from the state before the steps: by then all earlier batches are written, or will be before this one.
    """

    def __init__(self, log_id: int, state: State) -> None:
        self.log_id = log_id
        self.versions: dict[str, list[Row]] = defaultdict(list)
        self.claims: list[Row] = []
        self.happenings: list[tuple[Any, ...]] = []
        self.words: set[str] = set()
        self.replaced: dict[str, list[tuple[str, int]]] = defaultdict(list)
        self.claims_given_up: list[tuple[str, str, str, int]] = []
        self._open: dict[tuple[str, str], tuple[Row, list[Row]]] = {}
        self._claimed: dict[str, dict[str, Any]] = {"issuer": dict(state.issuers), "key": dict(state.keys)}

    def add(self, step: Step, state: State) -> None:
        """Take in what one entry did; `state` is that after it."""
        for change in step.changes:
            self._end_earlier(change, step.index)
            self._begin(change, step.index)
        self.happenings.append(self._happening(step, state))

    def _end_earlier(self, change: Change, index: int) -> None:
        place = (change.kind, change.id)
        if place in self._open:
            row, claims = self._open[place]
            row[_UNTIL] = index
            for claim in claims:
                claim[_CLAIM_UNTIL] = index
        elif len(change.record.entries) > 1:
            self.replaced[change.kind].append((_uid_of(change), index))
            if change.kind in self._claimed:
                given_up = dict.fromkeys(claims_of(self._claimed[change.kind][change.id]))
                self.claims_given_up += [(scheme, value, change.id, index) for scheme, value in given_up]

    def _begin(self, change: Change, index: int) -> None:
        kind, record = change.kind, change.record
        row = [self.log_id, _uid_of(change), index, None, dump(kind, record), *values_of(kind, record)]
        self.versions[kind].append(row)
        if kind in ("issuer", "agency", "programme"):
            self.words.update(row[-1])  # rows.COLUMNS ends with the words where there are any
        self._open[kind, change.id] = (row, self._claim(kind, record, index))

    def _claim(self, kind: str, record: Any, index: int) -> list[Row]:
        if kind not in ("issuer", "key"):
            return []
        claims = dict.fromkeys(claims_of(record))
        rows = [[self.log_id, s, v, issuer_of(record), record.id, index, None] for s, v in claims]
        self.claims += rows
        return rows

    def _happening(self, step: Step, state: State) -> tuple[Any, ...]:
        event, reason = step.event, step.quarantine
        code, message = (reason.code, to_text(reason.message)) if reason else (None, None)
        if event is None:
            return (self.log_id, step.index, "", "", state.time, None, None, None, code, message)
        kind, uid = event.kind, event.subject_id if _UUID.fullmatch(event.subject_id) else None
        record = state.table(kind).get(event.subject_id)
        issuer = uid if kind == "issuer" else getattr(record, "issuer", None) or getattr(record, "awarding_body", None)
        agency = uid if kind == "agency" else getattr(record, "agency", None)
        if agency is None and event.data.actor.role == "agency":
            agency = event.data.actor.organisation
        return (
            self.log_id, step.index, event.type, event.subject, state.time, uid, issuer, agency, code, message
        )  # fmt: skip


def _uid_of(change: Change) -> str:
    return register_uid(change.id) if change.kind == "register" else change.id
