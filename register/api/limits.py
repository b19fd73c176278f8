"""Limits on how often: counters in Redis per minute, shared by all web processes.

A process draws a thousandth of a limit at a time and lets as many requests through before it asks Redis again, so a
subject is refused up to (processes - 1) / 1000 of its limit early, and never late.

| what | counted by | setting (a minute; 0 = no limit) |
|---|---|---|
| writes, tokens | token | ASSAY_WRITES_PER_MINUTE |
| lists of questions | address | ASSAY_BATCHES_PER_MINUTE |
| reads | address | ASSAY_READS_PER_MINUTE |

An address of IPv6 is counted with its whole /64. Expensive pages and downloads: deploy/expensive.py.

While Redis is away or hangs nothing is counted and a warning is logged: a register that cannot count still answers.
"""

from __future__ import annotations

import logging
import time
from functools import cache
from threading import Lock
from typing import ClassVar

from django.conf import settings
from django.http import HttpRequest
from redis import Redis
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from register.access.addresses import name_subject, read_address
from register.access.models import Token

log = logging.getLogger(__name__)
WINDOW = 60
SHARES = 1000
PATIENCE = 0.5
"""Seconds that a request waits for Redis; one that hangs is taken for away."""


@cache
def counters() -> Redis:
    """Return this process's client of Redis; Django's cache would make one a request and ask three times."""
    return Redis.from_url(settings.REDIS_URL, socket_connect_timeout=PATIENCE, socket_timeout=PATIENCE)


class Drawn:
    """Numbers that this process has drawn from a counter of the present minute and not used yet; safe among threads."""

    def __init__(self) -> None:
        self._window = 0
        self._numbers: dict[tuple[str, str], list[int]] = {}
        self._lock = Lock()

    def take(self, window: int, counter: tuple[str, str]) -> int | None:
        """Return a number drawn of this minute, or None; what was drawn of an earlier one is forgotten."""
        with self._lock:
            if window != self._window:
                self._window, self._numbers = window, {}
            numbers = self._numbers.get(counter)
            return numbers.pop() if numbers else None

    def put(self, window: int, counter: tuple[str, str], numbers: range) -> None:
        """Keep numbers for later requests of this minute, the smallest to be taken first."""
        with self._lock:
            if window == self._window and numbers:
                self._numbers.setdefault(counter, []).extend(reversed(numbers))


_drawn = Drawn()


class Limit(BaseThrottle):
    """A fixed window of a minute; `setting` names how many requests it lets through.

    It takes requests of Django as they are. Made into one of REST framework's, a request would be nobody's from then
    on: whoever asks that for its token sets the user of the request below, too.
    """

    setting: ClassVar[str]
    methods: ClassVar[frozenset[str]]

    def allow_request(self, request: Request | HttpRequest, view: APIView | None = None) -> bool:
        """Count the request and tell whether it may pass."""
        most: int = getattr(settings, self.setting)
        if not most or request.method not in self.methods:
            return True
        try:
            return self.count(self.get_subject(request), most) <= most
        except (RedisError, OSError) as error:
            log.warning("requests are not counted: %s", type(error).__name__)
            return True

    def count(self, subject: str, most: int) -> int:
        """Add one to the subject's counter of this minute and return it."""
        share = max(1, most // SHARES)
        window = int(time.time()) // WINDOW
        known = _drawn.take(window, (self.setting, subject))
        if known is not None:
            return known
        key = f"assay:limit:{self.setting}:{subject}:{window}"
        with counters().pipeline(transaction=False) as exchange:
            exchange.incrby(key, share)
            exchange.expire(key, 2 * WINDOW)
            reached = int(exchange.execute()[0])
        _drawn.put(window, (self.setting, subject), range(reached - share + 2, reached + 1))
        return reached - share + 1

    def get_subject(self, request: Request | HttpRequest) -> str:
        """Name who is counted: the token that REST framework found, else the address the request came from."""
        token = request.auth if isinstance(request, Request) else None
        return str(token.public_id) if isinstance(token, Token) else name_subject(read_address(request))

    def wait(self) -> float:
        """Return the seconds until the next window."""
        return WINDOW - time.time() % WINDOW


class WriteLimit(Limit):
    """For whatever changes something."""

    setting = "ASSAY_WRITES_PER_MINUTE"
    methods = frozenset({"POST", "DELETE"})


class BatchLimit(Limit):
    """For lists of questions."""

    setting = "ASSAY_BATCHES_PER_MINUTE"
    methods = frozenset({"POST"})


class ReadLimit(Limit):
    """For reading; off unless an operator sets it, as counting costs a trip to Redis a request."""

    setting = "ASSAY_READS_PER_MINUTE"
    methods = frozenset({"GET", "HEAD"})
