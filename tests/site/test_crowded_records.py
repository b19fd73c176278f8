"""A peer that writes without end about an institution of ours does not make our page endless."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from ledger import publish
from tests import factories
from tests.register import peering
from tests.site.test_pages import words

ROR = {"scheme": "ror", "value": "https://ror.org/04dkp9463"}


@pytest.mark.parametrize(("granted", "shown", "told"), [(40, 40, None), (41, 40, "one more."), (45, 40, "5 more.")])
def test_of_another_register_s_accreditations_so_many_are_shown_and_the_rest_is_counted(
    db: None, tmp_path: Path, granted: int, shown: int, told: str | None
) -> None:
    factories.open_register(("NL",), name="Register of home")
    with peering.peer_register(tmp_path, ("BE",), name="Register of BE") as origin:
        agency = factories.make_agency(country="BE", names={"en": "Agency abroad"})
        theirs = factories.make_issuer(country="BE", identifiers=[ROR])
        for _ in range(granted):
            factories.make_accreditation(theirs, agency)
    peering.recognise(origin)
    ours = factories.make_issuer(names={"en": "College at home"}, identifiers=[ROR])
    publish.cover(settings.ASSAY_ORIGIN)
    page = Client().get(f"/issuers/{ours}").content.decode()
    card = page[page.index("Also recorded by") :]
    assert card.count("<h3>") == shown
    assert ("It records" in words(card)) == (told is not None)
    assert told is None or f"It records {told}" in words(card)
