"""The board as a whole: everything is asked at once, what does not answer in time is said to be unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext

from deploy.operator import facts
from deploy.operator.apps import STARTED
from deploy.operator.asking import Worker, ask_certificate, ask_redis, ask_workers
from deploy.operator.gauge import Gauge, Summary, list_alarms, sum_up
from deploy.operator.job_gauges import gauge_jobs, gauge_open_data
from deploy.operator.key_gauges import gauge_authorities, gauge_certificate, gauge_issuer_keys, gauge_own_keys
from deploy.operator.last_times import read_last
from deploy.operator.ledger_gauges import gauge_checkpoint, gauge_cosignatures, gauge_guard, gauge_log
from deploy.operator.models import SCHEDULED_JOB
from deploy.operator.notice_gauges import gauge_notices
from deploy.operator.peer_gauges import gauge_peers
from deploy.operator.probing import Probes, Silence, ask_database
from deploy.operator.storage_gauges import gauge_backup, gauge_database, gauge_disks
from federation.board import read_board
from ledger.logs import SignedCheckpointRow
from register.opendata.published import newest_export
from register.outbox.backlog import read_backlog
from register.records import RegisterRecord


@dataclass(frozen=True, slots=True)
class Area:
    """Gauges that belong together."""

    code: str
    title: str
    gauges: tuple[Gauge, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """How the node stands: the answer, what calls for the operator, and everything by area."""

    summary: Summary
    alarms: tuple[Gauge, ...]
    areas: tuple[Area, ...]
    workers: tuple[Worker, ...]
    asked: datetime


def read_health(node: RegisterRecord | None, head: SignedCheckpointRow | None) -> Health:
    """Ask everything once; a fixed number of queries, and no longer than the probes' patience."""
    probes = Probes(redis=ask_redis, workers=ask_workers, certificate=ask_certificate)
    now = timezone.now()
    areas = [_ledger(node, head, now), _jobs(probes, now), _storage(head, now), _keys(probes, node, now), _notices(now)]
    gauges = [one for area in areas for one in area.gauges]
    workers = probes.take("workers")
    answered = () if isinstance(workers, Silence) else workers
    return Health(sum_up(gauges), tuple(list_alarms(gauges)), tuple(areas), answered, now)


def _area(code: str, title: str, gauges: Sequence[Gauge]) -> Area:
    return Area(code, title, tuple(gauges))


def _ledger(node: RegisterRecord | None, head: SignedCheckpointRow | None, now: datetime) -> Area:
    log = ask_database(facts.read_log)
    witnesses = [key.vkey for key in node.keys if key.use == "witness"] if node else []
    board = ask_database(lambda: read_board(head, witnesses))
    unsigned = log.unsigned if isinstance(log, facts.LogFacts) else 0
    gauges = [gauge_log(log), gauge_checkpoint(head, unsigned, now), gauge_cosignatures(board, now)]
    if isinstance(log, facts.LogFacts):
        gauges.append(gauge_guard(log.size))
    return _area("ledger", gettext("Ledger and federation"), [*gauges, *gauge_peers(board, now)])


def _jobs(probes: Probes, now: datetime) -> Area:
    last = ask_database(read_last)
    scheduled = None if isinstance(last, Silence) else last.get(SCHEDULED_JOB)
    gauges = gauge_jobs(probes.take("redis"), probes.take("workers"), scheduled, now, STARTED)
    exported = gauge_open_data(newest_export(), now, STARTED)
    return _area("jobs", gettext("Background jobs"), [*gauges, exported])


def _storage(head: SignedCheckpointRow | None, now: datetime) -> Area:
    last = ask_database(read_last)
    backup = gauge_backup({} if isinstance(last, Silence) else last, now, head.size if head else 0)
    gauges = [*gauge_disks(), *gauge_database(ask_database(facts.read_database)), backup]
    return _area("storage", gettext("Room and backup"), gauges)


def _keys(probes: Probes, node: RegisterRecord | None, now: datetime) -> Area:
    ending = gauge_issuer_keys(ask_database(facts.count_ending_keys))
    certificate = gauge_certificate(probes.take("certificate"), now)
    return _area(
        "keys",
        gettext("Keys and certificates"),
        [gauge_own_keys(node), certificate, *gauge_authorities(now), ending],
    )


def _notices(now: datetime) -> Area:
    return _area("notices", gettext("Notices and mail"), gauge_notices(ask_database(read_backlog), now))
