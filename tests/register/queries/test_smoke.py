from datetime import UTC, datetime

import pytest

from register import answers, commands
from register.trust import parse_question
from tests import factories
from ledger import publish
from django.conf import settings
from django.utils import timezone

@pytest.mark.django_db
def test_smoke() -> None:
    factories.open_register()
    agency = factories.make_agency()
    issuer = factories.make_issuer(identifiers=[{"scheme": "ror", "value": "04dkp9463"}])
    acc = factories.make_accreditation(issuer, agency)
    publish.cover(settings.ASSAY_ORIGIN)
    now = timezone.now()
    for q in ({"issuer": issuer}, {"issuer": "ror:04dkp9463"}):
        a = answers.answer(parse_question(q, now), now)
        assert a["decision"] == "trusted", a
        assert a["evidence"]
    many = answers.answer_many([parse_question(q, now) for q in ({"issuer": issuer}, {"issuer": "ror:04dkp9463"}, {"issuer":"pic:999974456"})], now)
    assert [m["decision"] for m in many] == ["trusted", "trusted", "unknown"]
    assert many[0] == answers.answer(parse_question({"issuer": issuer}, now), now)
