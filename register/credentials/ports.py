"""Ports: what verifying needs from outside, as the node, the command line and an offline bundle each provide it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

MOST_BYTES = 1024 * 1024
"""What is read of a DID document or a status list at most."""


class Fetch(Protocol):
    """Reads a public https address; whoever provides it sees to deadline, size and addresses."""

    def __call__(self, url: str, *, limit: int = MOST_BYTES, types: Sequence[str] = ()) -> bytes:
        """Return the body of a 200 answer, of one of the content types if any are named.

        Raises Unreachable.
        """
        ...


@dataclass(frozen=True, slots=True)
class LedgerKeys:
    """Keys under which checkpoints of a ledger count, as C2SP vkeys: its own, former ones too, and witnesses'.

    `own_witnesses` are those of `witnesses` that the ledger's own operator holds, as far as that is known. `stolen` are
    keys of the ledger that it reported so: what they signed is proven to nobody.
    """

    origin: str
    log: tuple[str, ...]
    witnesses: tuple[str, ...] = ()
    own_witnesses: tuple[str, ...] = ()
    stolen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What the newest entries of an issuer say about one commitment.

    `entry` is the ledger index (with `origin`) of the entry that says so.
    """

    state: Literal["revoked", "suspended", "reinstated"]
    effective_from: datetime
    reason: str
    origin: str
    index: int
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Withdrawals:
    """What registers hold about an issuer's anchored credentials, as far as they could be asked.

    `anchors`: the issuer has anchored batches at all, so that a credential without a receipt may have been revoked
    unseen. `by_commitment` holds what was said of each commitment (64 hex digits), in ledger order. `fresh` is False
    when a register that counts could not be consulted freshly enough.
    """

    anchors: bool = False
    by_commitment: Mapping[str, tuple[Withdrawal, ...]] = field(default_factory=dict)
    fresh: bool = True


Decide = Callable[[Mapping[str, str]], Mapping[str, Any]]
"""Answers one trust question."""


def decide_in_turn(decide: Decide, params: Mapping[str, str], keys: Sequence[str]) -> list[Mapping[str, Any]]:
    """Ask under one spelling of a key after the other, until a register does not know the issuer."""
    answers: list[Mapping[str, Any]] = []
    for key in keys:
        answers.append(decide({**params, "key": key}))
        if answers[-1]["decision"] == "unknown":
            break
    return answers


class Registers(Protocol):
    """Registers of issuers, asked as strangers ask them."""

    def decide(self, params: Mapping[str, str]) -> Mapping[str, Any]:
        """Answer a trust question: parameters and answer as in `GET /api/v1/trust`.

        Raises Unreachable, or NotUnderstood when the question cannot be read.
        """
        ...

    def decide_by_keys(self, params: Mapping[str, str], keys: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """Answer one trust question under several spellings of the key, in their order, as `decide` does for each.

        Where the issuer is unknown, the answers may end with the first.
        """
        ...

    def find_ledger(self, origin: str) -> LedgerKeys | None:
        """Return the keys of a ledger as far as the verifier has reason to believe them; None: an unknown ledger."""
        ...

    def find_withdrawals(self, issuer: str) -> Withdrawals:
        """Return what is recorded about the credentials of an issuer (its address in the register).

        Nothing but the issuer is told to anybody. Raises Unreachable.
        """
        ...

    @property
    def unconfirmed_key(self) -> str | None:
        """The log key (vkey) all rests on, where it was taken from the register itself; None where it was known."""
        ...

    @property
    def sent(self) -> tuple[str, ...]:
        """What has left this machine by asking so far, in plain words."""
        ...
