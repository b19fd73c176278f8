"""Handing work to the background from where nobody may wait for it, or fail because of it.

Redis is not part of any answer: when it is away or hangs, what should have been started is logged and left to the beat,
which comes round anyway. So these connections have short time-outs of their own; the workers' have none, since a
worker waits for work. What a job is about stands in a table before it is asked for.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

from celery import current_app
from kombu import Connection
from kombu.exceptions import KombuError
from kombu.pools import ProducerPool, producers
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

PATIENCE = 0.5
"""Seconds for connecting, sending and answering, each."""

BROKER_FAULTS = (KombuError, RedisError, OSError)
"""What a broker that is away, hangs or restarts makes of a call."""


def enqueue(task: str, *args: Any, countdown: float | None = None) -> None:
    """Start a task by its name, in `countdown` seconds; raises one of `BROKER_FAULTS`."""
    with _senders(current_app.conf.broker_url).acquire(block=True, timeout=PATIENCE) as producer:
        current_app.send_task(task, args, countdown=countdown, producer=producer, retry=False)


def enqueue_if_possible(task: str, *args: Any, countdown: float | None = None) -> None:
    """Start a task by its name; a broker that does not take it is logged and nothing more."""
    try:
        enqueue(task, *args, countdown=countdown)
    except BROKER_FAULTS as error:
        log.warning("%s is not started, the beat will do it: %s", task, type(error).__name__)


@cache
def _senders(broker_url: str) -> ProducerPool:
    """Return this process's connections for sending."""
    patience = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE, "max_retries": 0}
    options = {**current_app.conf.broker_transport_options, **patience}
    pool: ProducerPool = producers[Connection(broker_url, transport_options=options)]
    return pool
