"""What the ledger's tests write with: drafts, appends, and a hand that changes rows behind the database's back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from ledger import writer
from ledger.signer import node_signers
from ledger.tlog.note import VerifierKey

PEER = "register.fr.example/ledger"


def origin() -> str:
    """Our own log's origin."""
    return str(settings.ASSAY_ORIGIN)


def keys() -> Sequence[VerifierKey]:
    """The keys that verify our checkpoints."""
    return node_signers().verifiers


def make_entry(number: int) -> bytes:
    """An entry that differs from every other one."""
    return f'{{"entry":{number}}}'.encode()


def make_draft(number: int) -> writer.Draft:
    """A draft of that entry; its identity follows from the number."""
    return writer.Draft(make_entry(number), sha256(b"identity %d" % number).digest())


def append(count: int, now: datetime | None = None, first: int | None = None) -> range:
    """Open our log if need be and append that many entries in one transaction of their own."""
    writer.open_log(origin(), own=True)
    with transaction.atomic():
        locked = writer.lock(origin(), now or timezone.now())
        start = locked.size if first is None else first
        return writer.append(locked, [make_draft(number) for number in range(start, start + count)])


@contextmanager
def behind_the_back(*tables: str) -> Iterator[None]:
    """Put the triggers of these tables to rest, as an intruder with the owner's rights would."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def change(table: str, assignment: str, where: str = "true") -> int:
    """Change rows of a table behind the database's back and return how many."""
    with behind_the_back(table), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {assignment} WHERE {where}")
        return int(cursor.rowcount)


def remove(table: str, where: str) -> int:
    """Remove rows of a table behind the database's back and return how many."""
    with behind_the_back(table), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE {where}")
        return int(cursor.rowcount)
