"""The explorer's lists take as many queries for much as for little, in whichever way they are narrowed."""

from __future__ import annotations

import pytest

from tests import factories
from tests.site.conftest import Register
from tests.site.test_ledger_explorer import countersign
from tests.site.test_pages import CountingCursor, count_queries


def test_the_ledgers_pages_cost_the_same_however_much_there_is(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.database.psycopg.Cursor", CountingCursor)
    paths = [
        "/ledger",
        "/ledger?before=6",
        "/ledger?after=2",
        "/ledger?type=accreditation.granted",
        f"/ledger?subject={register.agency}",
        f"/ledger?subject={register.issuer}",
        f"/ledger?subject={register.agency}&type=accreditation.granted",
        "/ledger/checkpoints",
        "/ledger/checkpoints?before=6",
    ]
    countersign()
    few = {path: count_queries(register.client, path) for path in paths}
    for number in range(12):
        agency = register.agency if number % 2 else factories.make_agency()
        issuer = register.issuer if number % 3 else factories.make_issuer(names={"en": f"College {number}"})
        factories.make_accreditation(issuer, agency)
        factories.make_programme(issuer)
        countersign()
    assert {path: count_queries(register.client, path) for path in paths} == few
    assert 3 <= min(few.values()) <= max(few.values()) <= 10
