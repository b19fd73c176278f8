"""Background jobs on the board: Redis, the queue, the workers, whether what is scheduled is run; the nightly export."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext, ngettext, pgettext

from deploy.operator.asking import RedisState, Worker
from deploy.operator.gauge import Gauge, spell_count, unknown
from deploy.operator.models import LastTime
from deploy.operator.probing import Silence
from federation.views.words import spell_age
from register.opendata.published import NIGHTLY, Export

_LATE: Final = timedelta(minutes=3)
_STOPPED: Final = timedelta(minutes=15)
_NEW: Final = timedelta(minutes=2)
_FIRST_EXPORT: Final = timedelta(minutes=15)
_MADE_UP: Final = timedelta(minutes=75)
_WEEK: Final = timedelta(days=7)
_MANY_WAIT: Final = 500


def gauge_jobs(
    redis: RedisState | Silence,
    workers: tuple[Worker, ...] | Silence,
    last: LastTime | None,
    now: datetime,
    started: datetime,
) -> list[Gauge]:
    """Return how the background work stands; what cannot be told without Redis is said to be unknown.

    `started` is when this node was: nothing scheduled can have run in its first moments.
    """
    new = now - started < _NEW
    return [_redis(redis), _queue(redis), _workers(workers), _scheduled(redis, workers, last, now, new)]


def gauge_open_data(newest: Export | None, now: datetime, started: datetime) -> Gauge:
    """Return how old the newest export of open data is."""
    title, do = gettext("Open data"), gettext("See the worker’s log for opendata.export, or run: %(command)s")
    do %= {"command": "python manage.py export_open_data"}
    if newest is None:
        says = gettext("Readers find no files yet; the first export is made within minutes.")
        if now - started < _FIRST_EXPORT:
            return Gauge("open-data", title, pgettext("export", "none yet"), "off", says, address="/open-data")
        return Gauge("open-data", title, pgettext("export", "none yet"), "warn", says, do, address="/open-data")
    age = now - newest.made_at
    value = gettext("%(age)s old") % {"age": spell_age(age)}
    if age <= NIGHTLY:
        says = gettext("Readers find the whole register as files.")
        return Gauge("open-data", title, value, says=says, address="/open-data")
    if now - started < _MADE_UP:
        says = gettext("The export of last night is missing; it is made up for within the hour.")
        return Gauge("open-data", title, value, "off", says, address="/open-data")
    says = gettext("The nightly export was not made; readers find an old one, and are told so.")
    return Gauge("open-data", title, value, "bad" if age > _WEEK else "warn", says, do, address="/open-data")


def _redis(redis: RedisState | Silence) -> Gauge:
    title = gettext("Redis")
    if isinstance(redis, Silence):
        says = gettext("It does not answer (%(why)s). Reading and writing go on; background jobs stand still.")
        do = gettext("Start it again (./deploy/up does), or see whether REDIS_URL names the right one.")
        return Gauge("redis", title, gettext("silent"), "bad", says % {"why": redis.reason}, do)
    value = gettext("%(size)s in use") % {"size": filesizeformat(redis.used)}
    if redis.most and redis.used > 0.9 * redis.most:
        do = gettext("Give it more (maxmemory), or find out which jobs pile up.")
        return Gauge("redis", title, value, "warn", gettext("Nearly all it may use."), do)
    return Gauge("redis", title, value, says=gettext("It answers."))


def _queue(redis: RedisState | Silence) -> Gauge:
    title = gettext("Jobs waiting")
    if isinstance(redis, Silence):
        return unknown("queue", title, gettext("Redis, which holds the queue, does not answer."))
    value = spell_count(redis.waiting)
    if redis.waiting > _MANY_WAIT:
        says = gettext("More than the workers take away.")
        do = gettext("See whether workers answer, below; if they do, start more of them (ASSAY_WORKERS).")
        return Gauge("queue", title, value, "warn", says, do)
    return Gauge("queue", title, value, says=gettext("Jobs are taken as they come."))


def _workers(workers: tuple[Worker, ...] | Silence) -> Gauge:
    title = gettext("Workers")
    if isinstance(workers, Silence):
        says = gettext("They are asked by way of Redis, which did not carry the question (%(why)s).")
        return unknown("workers", title, says % {"why": workers.reason})
    if not workers:
        says = gettext("No worker of this node’s queue answers: nothing is signed anew, synced, imported or sent.")
        do = gettext("See the worker’s log, %(log)s, and start the node again: ./deploy/down, then ./deploy/up.")
        do %= {"log": Path(settings.ASSAY_DATA_DIR) / "logs" / "worker.log"}
        return Gauge("workers", title, gettext("none answers"), "bad", says, do)
    value = ngettext("%(count)d answers", "%(count)d answer", len(workers)) % {"count": len(workers)}
    busy, processes = sum(one.busy for one in workers), sum(one.processes for one in workers)
    says = ngettext(
        "%(busy)d of %(processes)d process is at work.", "%(busy)d of %(processes)d processes are at work.", processes
    ) % {"busy": busy, "processes": processes}
    return Gauge("workers", title, value, says=says)


def _scheduled(
    redis: RedisState | Silence, workers: tuple[Worker, ...] | Silence, last: LastTime | None, now: datetime, new: bool
) -> Gauge:
    """A job that beat sends and a worker runs notes the time: fresh, it shows that the whole chain is alive."""
    title = gettext("Scheduled jobs")
    if last is not None and now - last.at < _LATE:
        value = gettext("last %(age)s ago") % {"age": spell_age(now - last.at)}
        return Gauge("beat", title, value, says=gettext("The scheduler sends, workers run."))
    value = gettext("last %(age)s ago") % {"age": spell_age(now - last.at)} if last else pgettext("jobs", "none yet")
    if isinstance(redis, Silence) or isinstance(workers, Silence):
        return unknown("beat", title, gettext("Without Redis nothing can be scheduled, and nobody be asked."))
    if new:
        says = gettext("The node has just been started; the first jobs run within half a minute.")
        return Gauge("beat", title, value, "off", says)
    if workers and not redis.waiting:
        says = gettext("Workers answer and nothing waits for them: the scheduler (celery beat) sends nothing.")
        do = gettext("See the log of beat, and start the node again. There must be one beat, and no more.")
    else:
        says = gettext("Jobs are not taken, so the scheduler cannot be judged.")
        do = gettext("Mend the workers first.")
    # Without any note it may be that there was never time for one.
    grave = last is not None and now - last.at > _STOPPED
    return Gauge("beat", title, value, "bad" if grave else "warn", says, do)
