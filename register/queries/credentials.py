"""Credentials: the batches of issuers, and what was said of single credentials since.

A credential is asked for by issuer and commitment; the id of its record is made of both, so one look-up by the primary
key finds it among any number. What an issuer withdrew is read as far as the cut knows, of our register or a peer's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

from register.credentials.ports import Withdrawal, Withdrawals
from register.queries.cuts import Cut
from register.queries.hearing import heard_only
from register.queries.selecting import MOST, Page, known_only, read_page, read_uid, select
from register.records import BatchRecord, CredentialRecord, load
from register.records.credentials import credential_id

Purpose = Literal["revocation", "suspension"]
_COLUMN: Final[Mapping[Purpose, str]] = {"revocation": "revoked", "suspension": "suspended"}


def list_batches(
    cut: Cut,
    issuer: str | None = None,
    root: str | None = None,
    after: str | None = None,
    limit: int = 50,
    *,
    programme: str | None = None,
) -> Page[BatchRecord]:
    """Return batches in the order in which they were anchored, of one issuer, root or programme only when named."""
    conditions = heard_only("batch", cut)
    if programme is not None:
        conditions.add("v.programme = %(programme)s::uuid", programme=read_uid(programme, "programme"))
    if issuer is not None:
        conditions.add("v.issuer = %(issuer)s::uuid", issuer=read_uid(issuer, "issuer"))
    if root is not None:
        conditions.add("v.root = %(root)s", root=root)
    return read_page("batch", conditions, after, limit, cut)


def list_withdrawn(
    cut: Cut, issuer: str, batch: str | None = None, after: str | None = None, limit: int = 50
) -> Page[CredentialRecord]:
    """Return the credentials of an issuer that were ever withdrawn, of one batch only when it is named.

    In the order of their ids, which says nothing about when.
    """
    conditions = known_only("v", cut)
    conditions.add("v.issuer = %(issuer)s::uuid", issuer=read_uid(issuer, "issuer"))
    if batch is not None:
        conditions.add("v.batch = %(batch)s::uuid", batch=read_uid(batch, "batch"))
    return read_page("credential", conditions, after, limit, cut)


def find_withdrawn(cut: Cut, issuer: str, commitments: Sequence[str]) -> dict[str, CredentialRecord]:
    """Return what is recorded of some credentials of an issuer, by commitment; those never withdrawn are left out."""
    conditions = known_only("v", cut)
    uid = read_uid(issuer, "issuer")
    conditions.add("v.uid = ANY (%(ids)s::uuid[])", ids=[credential_id(uid, one) for one in commitments])
    rows = select(
        f"SELECT v.content::text FROM register_credential v WHERE {conditions.joined()}", conditions.parameters
    )
    return {record.commitment: record for (content,) in rows for record in (load("credential", content),)}


def find_withdrawals(issuer: str, cut: Cut, *, fresh: bool = True) -> Withdrawals:
    """Return what one register, at the cut, holds about the credentials of an issuer of its own (its id there).

    The commitments are looked up as they are asked for. `fresh` is for the caller to say, who knows how old the cut's
    newest checkpoint may be.
    """
    return Withdrawals(bool(list_batches(cut, issuer, limit=1).items), _ByCommitment(cut, issuer), fresh)


class _ByCommitment(Mapping[str, tuple[Withdrawal, ...]]):
    """What was said of each commitment of an issuer, in ledger order; one query a look-up."""

    def __init__(self, cut: Cut, issuer: str) -> None:
        self._cut, self._issuer = cut, issuer

    def __getitem__(self, commitment: str) -> tuple[Withdrawal, ...]:
        record = find_withdrawn(self._cut, self._issuer, [commitment]).get(commitment)
        if record is None:
            raise KeyError(commitment)
        return describe_changes(record, self._cut.origin)

    def __iter__(self) -> Iterator[str]:
        return (record.commitment for record in read_all_withdrawn(self._cut, self._issuer))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def read_all_withdrawn(cut: Cut, issuer: str) -> Iterator[CredentialRecord]:
    """Yield all credentials of an issuer that were ever withdrawn, page by page."""
    after: str | None = None
    while True:
        page = list_withdrawn(cut, issuer, None, after, MOST)
        yield from page.items
        if page.next is None:
            return
        after = page.next


def describe_changes(record: CredentialRecord, origin: str) -> tuple[Withdrawal, ...]:
    """Return what was said of a credential as the ports of verification have it, in ledger order."""
    return tuple(
        Withdrawal(
            change.state, change.effective_from, change.reason, origin, change.recorded.index, change.recorded.time
        )
        for change in record.changes
    )


def read_positions(cut: Cut, issuer: str, purpose: Purpose, number: int, at: datetime) -> Iterable[int]:
    """Return the places in one published list of an issuer that are set at an instant, ascending."""
    conditions = known_only("v", cut)
    conditions.add("v.issuer = %(issuer)s::uuid", issuer=read_uid(issuer, "issuer"))
    conditions.add("v.status_list = %(number)s", number=number)
    conditions.add(f"%(at)s::timestamptz <@ ANY (v.{_COLUMN[purpose]})", at=at)
    rows = select(
        f"SELECT DISTINCT v.status_index FROM register_credential v WHERE {conditions.joined()} ORDER BY 1",
        conditions.parameters,
    )
    return [index for (index,) in rows]
