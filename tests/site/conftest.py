"""A register with a story in it, on the database, and a client that reads its pages."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.core.cache import cache
from django.test import Client

from register import commands
from register.payloads import KeyRevocationTerms, RelationTerms
from tests import factories

RTL = "جامعة المثال"
LONG = "Hochschule" * 40
HOSTILE = "<script>alert(1)</script>"


@dataclass
class Register:
    """Ids of what there is, and an anonymous reader."""

    client: Client
    agency: str
    issuer: str
    hostile: str
    merged: str
    accreditation: str
    revoked: str
    programme: str

    def paths(self) -> list[str]:
        """Return the address of a page of each kind."""
        things = [f"/issuers/{issuer}" for issuer in (self.issuer, self.hostile, self.merged)]
        things += [f"/agencies/{self.agency}", f"/programmes/{self.programme}"]
        things += [f"/accreditations/{self.accreditation}", f"/accreditations/{self.revoked}"]
        things += [f"/issuers/{self.hostile}/changes?from=2020-06-01", "/figures", "/countries", "/countries/NL"]
        return ["/", "/issuers", "/issuers?q=college", "/agencies", "/ledger", "/ledger/entries/0", *things]


@pytest.fixture
def register(transactional_db: None) -> Register:
    """A small register in a database whose transactions commit, as receipts need."""
    cache.clear()
    factories.open_register(demonstration=True)
    agency = factories.make_agency(names={"en": "Agency of tests", "nl": "Testagentschap"}, acronym="TA")
    schac = [{"scheme": "schac", "value": "college.example"}]
    issuer = factories.make_issuer(names={"en": "College of tests", "nl": "Testcollege"}, identifiers=schac)
    names = {"ar": RTL, "de": LONG, "en": HOSTILE}
    hostile = factories.make_issuer(names=names, website="https://www.hostile.example/?a=%22%3E")
    merged = factories.make_issuer(names={"en": "Former college"})
    scope = {"eqf_levels": [6, 7], "jurisdictions": ["NL"]}
    accreditation = factories.make_accreditation(issuer, agency, scope=scope, demonstration=True)
    revoked = factories.make_accreditation(hostile, agency, scope=scope)
    terms = factories.ending("2021-01-01", "fraud", note=HOSTILE)
    commands.revoke_accreditation(revoked, terms, actor=factories.as_agency(agency))
    key = factories.make_key(issuer)
    stolen = KeyRevocationTerms.model_validate({"reason": "compromised", "since": "2022-01-01"})
    commands.revoke_key(issuer, key, stolen, actor=factories.OPERATOR)
    relation = {"relation": "merged_into", "other": issuer, "valid_from": "2023-01-01"}
    commands.relate_issuer(merged, RelationTerms.model_validate(relation), actor=factories.OPERATOR)
    programme = factories.make_programme(issuer, credential_type="micro-credential", eqf_level=6, isced_f=["0613"])
    return Register(Client(), agency, issuer, hostile, merged, accreditation, revoked, programme)
