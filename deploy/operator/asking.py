"""Questions to what is not the database: Redis, the workers, the node's own address under TLS. Facts only, no words.

Each has short time-outs of its own; `probing` ends those that hang all the same. They run in threads without a
request, so nothing here translates or touches the database.
"""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import redis
from celery import current_app
from cryptography import x509
from django.conf import settings
from kombu import Connection

SOCKET_SECONDS: Final = 1.0
_WORKERS_SECONDS: Final = 1.0
_PRIORITIES: Final = ("", "\x06\x163", "\x06\x166", "\x06\x169")
"""Kombu keeps a queue's priorities in lists of their own, named with this separator."""


@dataclass(frozen=True, slots=True)
class RedisState:
    """Jobs that wait in this node's queue; memory in use and the most there may be, in bytes (0: no limit)."""

    waiting: int
    used: int
    most: int


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that answered: its name, its processes, and how many jobs it is at."""

    name: str
    processes: int
    busy: int


def ask_redis() -> RedisState:
    """Return how Redis stands; raises redis.RedisError."""
    options = {"socket_timeout": SOCKET_SECONDS, "socket_connect_timeout": SOCKET_SECONDS}
    with redis.Redis.from_url(settings.REDIS_URL, **options) as client:
        queue = settings.CELERY_TASK_DEFAULT_QUEUE
        waiting = sum(int(client.llen(f"{queue}{priority}")) for priority in _PRIORITIES)
        memory: dict[str, Any] = client.info("memory")
    return RedisState(waiting, int(memory["used_memory"]), int(memory.get("maxmemory", 0)))


def ask_workers() -> tuple[Worker, ...]:
    """Return the workers of this node's queue that answer within a second; raises what a broker away makes of it.

    Nodes that share a Redis hear each other's question; only workers that take jobs from our queue are returned.
    """
    patience = {"socket_timeout": SOCKET_SECONDS, "socket_connect_timeout": SOCKET_SECONDS, "max_retries": 0}
    with Connection(settings.CELERY_BROKER_URL, transport_options=patience) as connection:
        connection.ensure_connection(max_retries=1, timeout=int(SOCKET_SECONDS))
        queues = _broadcast(connection, "active_queues")
        ours = [name for name, taken in queues.items() if settings.CELERY_TASK_DEFAULT_QUEUE in _names(taken)]
        stats = _broadcast(connection, "stats", ours) if ours else {}
        active = _broadcast(connection, "active", ours) if ours else {}
    return tuple(Worker(name, _processes(stats.get(name)), len(active.get(name) or ())) for name in sorted(ours))


def _broadcast(connection: Connection, command: str, only: list[str] | None = None) -> dict[str, Any]:
    """Return each worker's answer; with `only` it waits no longer than until those have answered."""
    limit = len(only) if only else None
    answers = current_app.control.broadcast(
        command, reply=True, timeout=_WORKERS_SECONDS, connection=connection, destination=only, limit=limit
    )
    return {name: said for answer in answers or () for name, said in answer.items()}


def _names(queues: Any) -> list[str]:
    return [queue["name"] for queue in queues or () if isinstance(queue, dict) and "name" in queue]


def _processes(stats: Any) -> int:
    return len(stats["pool"].get("processes", ())) if isinstance(stats, dict) and "pool" in stats else 0


def ask_certificate() -> datetime | None:
    """Return until when the certificate at the node's own address holds; None without TLS. Raises OSError.

    Whether it is trusted is for its readers' machines; an expired or self-signed one is read all the same.
    """
    address = urlsplit(settings.ASSAY_BASE_URL)
    if address.scheme != "https" or not address.hostname:
        return None
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    where = (address.hostname, address.port or 443)
    with (
        socket.create_connection(where, SOCKET_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=address.hostname) as secured,
    ):
        found = secured.getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(found).not_valid_after_utc if found else None
