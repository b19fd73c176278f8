"""The role of the web and the workers has all the rights the ledger needs, and no more."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import pytest
from django.db import connection

from ledger import fsck, publish, reader
from ledger.checks import check_database
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
