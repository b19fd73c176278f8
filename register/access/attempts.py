"""How often somebody may try to sign in: failed attempts are counted in Redis and refused beyond a limit.

| counted by | failures in 15 minutes | against |
|---|---|---|
| account and address | 5 | guessing one person's password |
| address | 30 | trying many accounts from one place |
| account | 50 | guessing from many places |
| account, for second factors | 10 | guessing six digits from many places |

Passwords, second factors, requests for a new password and passkeys alone are counted apart (`what`); the last by
address only, as nobody has shown yet who it is, and signatures are not guessed.

An attempt is counted before the password is looked at, so that many at once cannot slip through, and taken back when
it was good. Strangers can keep somebody out only with ten places to try from. E-mails are counted by their hash.
Unlike the API's limits these fail closed: while nothing can be counted, nobody signs in.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar, Final

from redis.exceptions import RedisError

from register.access.addresses import name_subject
from register.api.limits import counters
from register.errors import RegisterError

log = logging.getLogger(__name__)

WINDOW: Final = 900
"""Seconds in which failures are counted together."""

MOST: Final[Mapping[str, int]] = {"pair": 5, "address": 30, "account": 50}
PASSWORD: Final = "sign-in"
SECOND_FACTOR: Final = "second-factor"
NEW_PASSWORD: Final = "new-password"
PASSKEY_ALONE: Final = "passkey"
_FEWER: Final[Mapping[tuple[str, str], int]] = {(SECOND_FACTOR, "account"): 10, (NEW_PASSWORD, "account"): 5}


class TooManyAttempts(RegisterError):
    """Too many failures; `seconds` say when to try again, `first` that this is the first refusal of them."""

    code: ClassVar[str] = "too_many_attempts"

    def __init__(self, message: str, seconds: int, first: bool = False) -> None:
        super().__init__(message)
        self.seconds = seconds
        self.first = first


class AttemptsNotCounted(RegisterError):
    """Redis does not answer, so attempts cannot be counted."""

    code: ClassVar[str] = "attempts_not_counted"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt that was counted; `keys` are its counters."""

    keys: tuple[str, ...]

    def forgive(self) -> None:
        """Take the attempt back after a good password; the person's own failures from this address are forgotten."""
        pair, *others = self.keys
        try:
            with counters().pipeline(transaction=False) as exchange:
                exchange.delete(pair)
                for key in others:
                    exchange.decr(key)
                exchange.execute()
        except (RedisError, OSError) as error:
            log.warning("a good attempt stays counted: %s", type(error).__name__)


def count_attempt(email: str, address: str, what: str = PASSWORD) -> Attempt:
    """Count an attempt; raises `TooManyAttempts`, or `AttemptsNotCounted` while Redis is away."""
    now = int(time.time())
    named = _name_counters(email, address)
    keys = {by: f"assay:{what}:{by}:{subject}:{now // WINDOW}" for by, subject in named.items()}
    try:
        with counters().pipeline(transaction=True) as exchange:
            for key in keys.values():
                exchange.incr(key)
                exchange.expire(key, 2 * WINDOW)
            counts = dict(zip(keys, exchange.execute()[::2], strict=True))
    except (RedisError, OSError) as error:
        log.warning("attempts to sign in are refused, they cannot be counted: %s", type(error).__name__)
        raise AttemptsNotCounted("expected Redis to count attempts, got no answer; start it again") from None
    over = [count - _FEWER.get((what, by), MOST[by]) for by, count in counts.items()]
    if max(over) > 0:
        raise TooManyAttempts("expected fewer failed attempts; wait and try again", WINDOW - now % WINDOW, 1 in over)
    return Attempt(tuple(keys.values()))


def _name_counters(email: str, address: str) -> dict[str, str]:
    account, place = sha256(email.strip().casefold().encode()).hexdigest()[:32], name_subject(address)
    return {"pair": f"{account}:{place}", "address": place, "account": account}
