import pytest

from register import commands
from tests import factories


@pytest.mark.django_db
def test_smoke() -> None:
    factories.open_register()
    agency = factories.make_agency()
    issuer = factories.verify_command(lambda: factories.make_issuer(identifiers=[{"scheme": "ror", "value": "04dkp9463"}]))
    acc = factories.verify_command(lambda: factories.make_accreditation(issuer, agency))
    w = factories.verify_command(lambda: commands.suspend_accreditation(acc, factories.ending("2021-01-01"), actor=factories.OPERATOR))
    assert commands.receipts_for([w])
