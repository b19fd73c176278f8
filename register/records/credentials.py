"""Records of credentials: batches that were anchored, and what an issuer said of single credentials since.

A credential is known by its commitment alone, a salted hash that says nothing about its holder. There is one record for
each that was ever withdrawn, not one for its batch: an issuer may revoke a hundred thousand, and each version of a
record repeats what was before.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StrictInt, with_config

from register.moments import Moment
from register.records.shared import Period, Recorded

CredentialState = Literal["revoked", "suspended", "reinstated"]

LIST_ENTRIES = 131_072
"""Entries of one status list (Bitstring Status List 1.0, section 6.1: at least so many)."""

MOST_LISTS = 10_000
"""Status lists of one issuer for each purpose."""


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """A batch of credentials whose root was anchored: `count` commitments under a tree built by `tree_algorithm`.

    Issued from `issued_from` to `issued_until`, both inclusive, and all of one programme, as far as the issuer says.
    """

    id: str
    url: str
    issuer: str
    root: str
    count: int
    tree_algorithm: str
    recorded: Recorded
    entries: tuple[int, ...]
    credential_type: str | None = None
    issued_from: Moment | None = None
    issued_until: Moment | None = None
    programme: str | None = None
    demonstration: bool = False


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class StatusPosition:
    """The place of a credential in its issuer's published status lists: number of the list, index in it.

    It is the same in the list of revocations and in that of suspensions.
    """

    list: Annotated[StrictInt, Field(ge=0, lt=MOST_LISTS)]
    index: Annotated[StrictInt, Field(ge=0, lt=LIST_ENTRIES)]


@dataclass(frozen=True, slots=True)
class WithdrawalRecord:
    """One act of an issuer: some of its credentials revoked, suspended or reinstated, from an instant on."""

    id: str
    url: str
    issuer: str
    act: CredentialState
    commitments: tuple[str, ...]
    reason: str
    effective_from: Moment
    recorded: Recorded
    entries: tuple[int, ...]
    batch: str | None = None


@dataclass(frozen=True, slots=True)
class StatusChange:
    """How a credential stands from `effective_from` on, as one entry says."""

    state: CredentialState
    effective_from: Moment
    reason: str
    recorded: Recorded


@dataclass(frozen=True, slots=True)
class CredentialRecord:
    """What was said of one credential, in the order of the ledger; `id` is made of issuer and commitment."""

    id: str
    issuer: str
    commitment: str
    changes: tuple[StatusChange, ...]
    entries: tuple[int, ...]
    batch: str | None = None
    status: StatusPosition | None = None


def credential_id(issuer: str, commitment: str) -> str:
    """Return the id of the record of an issuer's credential: a UUID of version 8 (RFC 9562, section 5.8).

    Whoever withdraws the commitment of another issuer's credential makes a record of its own, beside that one's.
    """
    digest = hashlib.sha256(f"assay credential v1\0{issuer}\0{commitment}".encode()).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 3]
    return f"{digest[:8]}-{digest[8:12]}-8{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


def change_at(record: CredentialRecord, at: Moment) -> StatusChange | None:
    """Return what counts at an instant: the last recorded change whose date is not after it; None: nothing yet."""
    return next((change for change in reversed(record.changes) if change.effective_from <= at), None)


def spans_of(record: CredentialRecord, state: CredentialState) -> tuple[Period, ...]:
    """Return the spans of valid time in which a credential stands so, as half-open periods in order."""
    dates = sorted({change.effective_from for change in record.changes})
    spans: list[Period] = []
    for date, following in zip(dates, [*dates[1:], None], strict=True):
        change = change_at(record, date)
        if change is None or change.state != state:
            continue
        if spans and spans[-1].valid_until == date:
            spans[-1] = Period(spans[-1].valid_from, following)
        else:
            spans.append(Period(date, following))
    return tuple(spans)
