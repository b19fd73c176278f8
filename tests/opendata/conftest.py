"""A register that gives its data away."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from register.moments import format_instant
from register.opendata import views
from register.opendata.published import MANIFEST, Export, root
from tests import factories


@dataclass
class Given:
    """Ids of some things in the register, and where its exports lie."""

    agency: str
    issuer: str
    accreditation: str
    directory: Path


def make_older(made: Export, age: timedelta) -> None:
    """Let an export be one that was made so long ago."""
    path = root() / made.name / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | {"made_at": format_instant(timezone.now() - age)}))
    path.parent.rename(root() / f"{timezone.now() - age:%Y-%m-%d}-{made.size}")


@pytest.fixture
def given(transactional_db: None, settings: Any, tmp_path: Path) -> Given:
    cache.clear()
    views.read_example.cache_clear()
    settings.ASSAY_OPEN_DATA_DIR = tmp_path / "open-data"
    factories.open_register(demonstration=True)
    agency = factories.make_agency(names={"en": "Agency of tests"}, website="https://agency.example/")
    identifiers = [{"scheme": "schac", "value": "college.example"}]
    issuer = factories.make_issuer(names={"nl": "=Testcollege", "en": "College"}, identifiers=identifiers)
    scope = {"eqf_levels": [6, 7], "jurisdictions": ["NL"]}
    accreditation = factories.make_accreditation(issuer, agency, scope=scope, valid_until="2024-01-01")
    factories.make_programme(issuer, eqf_level=6, isced_f=["0613"])
    factories.make_key(issuer)
    other = factories.make_issuer()
    factories.make_mandate(issuer, other)
    factories.make_batch(issuer)
    return Given(agency, issuer, accreditation, tmp_path / "open-data")
