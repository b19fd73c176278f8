"""After a rollback nothing is said in the place of the entries that were lost."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db import transaction

from ledger import publish
from ledger.errors import RolledBack
from ledger.reader import get_log
from tests.factories import make_issuer, open_register

pytestmark = pytest.mark.django_db


def test_a_register_behind_what_it_signed_refuses_commands_and_keeps_nothing() -> None:
    open_register()
    before = transaction.savepoint()
    make_issuer()
    publish.cover(settings.ASSAY_ORIGIN)
    transaction.savepoint_rollback(before)
    with pytest.raises(RolledBack):
        make_issuer()
    assert get_log(settings.ASSAY_ORIGIN).size == 1
