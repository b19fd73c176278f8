"""What rows would put on record is told whole, in words that are no markup, each thing by its own name."""

from __future__ import annotations

import pytest

from register.uploads.saying import tell_row, tell_rows
from tests.factories import make_agency
from tests.uploads.conftest import Desk, bring
from tests.uploads.tables import HEADER, as_csv, table

pytestmark = pytest.mark.django_db


def test_all_agencies_that_contributed_are_named_as_text(desk: Desk) -> None:
    names = [f"Agency <{number}>" for number in range(8)]
    agencies = [make_agency(names={"nl": name}) for name in names]
    rows = [[*cells, "|".join(agencies)] for cells in table(desk.issuers, 1)[0]]
    upload = bring(desk, as_csv(rows, (*HEADER, "contributing_agencies")))
    (said,) = tell_row(upload, upload.rows.get())
    told = next(words for _, words in said.facts if "Agency" in words)
    assert all(name in told for name in names)
    assert "bdi" not in told


def test_new_institutions_of_a_file_are_each_named_in_the_language_of_their_own_country(desk: Desk) -> None:
    header = ("name_nl", "name_de", "name_fr", "country", "provider_type", "pic")
    rows = [
        ["Hogeschool A", "", "École A", "NL", "1", "998000001"],
        ["", "Hochschule B", "École B", "BE", "1", "998000002"],
    ]
    upload = bring(desk, as_csv(rows, header))
    told = tell_rows(upload, list(upload.rows.order_by("line")))
    first, second = ("".join(sentences) for sentences in told.values())
    assert 'lang="nl">Hogeschool A' in first
    assert 'lang="fr">École B' in second
