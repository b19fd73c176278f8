"""The role of the web and the workers has all the rights the ledger needs, and no more."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import pytest
from django.db import DatabaseError, connection, transaction

from ledger import fsck, publish, reader
from ledger.checks import check_database
from ledger.database import ByteaArray, execute
from tests.ledger.writing import append, keys, origin

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def as_web_role(transactional_db: None) -> Iterator[None]:
    """Django's connection as that role, for one test."""
    owner = dict(connection.settings_dict)
    address = urlsplit(os.environ["ASSAY_APP_DATABASE_URL"])
    connection.close()
    connection.settings_dict |= {"USER": unquote(address.username or ""), "PASSWORD": unquote(address.password or "")}
    yield
    connection.close()
    connection.settings_dict |= owner


def test_web_role_appends_signs_reads_and_recomputes(as_web_role: None) -> None:
    append(1)
    publish.publish(origin())
    append(700)
    head = publish.cover(origin(), 701)
    assert len(reader.read_receipts(origin(), [0, 300, 700], head)) == 3
    assert fsck.check_log(origin(), keys()).entries == 701
    assert check_database(None, ["default"]) == []


@pytest.mark.parametrize("start", [0, 2, 4])
def test_web_role_writes_nowhere_but_at_the_end_by_the_function_either(as_web_role: None, start: int) -> None:
    """`ledger_append` has its caller's rights: what triggers and keys refuse they refuse through it, too."""
    append(3)
    before = reader.read_entries(origin(), 0, 3)
    with pytest.raises(DatabaseError, match=r"ledger_entry_pkey|leave a gap"), transaction.atomic():
        execute(
            "SELECT ledger_append(id, %s::int8, %b, %b, %b, frontier, now()) FROM ledger_log WHERE origin = %s",
            (start, ByteaArray([b"x"]), ByteaArray([bytes(32)]), ByteaArray([bytes(32)]), origin()),
        )
    assert reader.read_entries(origin(), 0, 3) == before
    assert reader.get_log(origin()).size == 3
