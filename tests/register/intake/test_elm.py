"""Accreditation documents of the European Learning Model: what they say, and nothing they cannot be understood in."""

from __future__ import annotations

from datetime import date

import pytest

from register.intake.elm import ElmFile, read_elm
from register.intake.rows import NotRecognised

HEAD = (
    '<?xml version="1.0"?><Accreditations xmlns="http://data.europa.eu/snb/model/application-profile/ams-constraints/" '
    'xmlns:skos="http://www.w3.org/2004/02/skos/core#" xsdVersion="3.3.1"><accreditationReferences>'
)
TAIL = """</accreditationReferences><agentReferences>
<organisation id="did:web:college.example"><legalName language="en">Invented College</legalName>
<legalName language="nl">Verzonnen Hogeschool</legalName><location idref="urn:l:1"/>
<vatIdentifier><skos:notation>NL 123456789B01</skos:notation></vatIdentifier></organisation>
<organisation id="urn:o:2"><legalName language="en">Invented Agency</legalName></organisation></agentReferences>
<locationReferences><location id="urn:l:1"><address>
<countryCode uri="http://publications.europa.eu/resource/authority/country/NLD"/></address></location></locationReferences>
</Accreditations>"""
LIMITS = """<limitField uri="http://data.europa.eu/snb/isced-f/0613"/><limitEQFLevel uri="http://data.europa.eu/snb/eqf/6"/>
<limitJurisdiction uri="http://publications.europa.eu/resource/authority/atu/NLD"/>"""


def document(**parts: str) -> bytes:
    told = {
        "type": '<type uri="http://data.europa.eu/snb/accreditation/bb4618238e"/>',
        "decision": '<decision uri="urn:d"><skos:prefLabel language="en">positive</skos:prefLabel></decision>',
        "organisation": '<organisation idref="did:web:college.example"/>',
        "limits": LIMITS,
        "agent": '<accreditingAgent idref="urn:o:2"/>',
        "dates": "<expiryDate>2030-01-01T00:00:00Z</expiryDate><valid>2024-01-01T00:00:00Z</valid>",
        **parts,
    }
    return f'{HEAD}<accreditation id="urn:a:1">{"".join(told.values())}</accreditation>{TAIL}'.encode()


def columns(read: ElmFile) -> list[str]:
    assert read.accreditations == ()
    return [problem.column for problem in read.problems if problem.fatal]


def test_an_accreditation_says_who_by_whom_what_and_when() -> None:
    (one,) = read_elm(document()).accreditations
    assert dict(one.issuer.names) == {"en": "Invented College", "nl": "Verzonnen Hogeschool"}
    assert one.issuer.country == "NL"
    assert {claim.scheme: claim.value for claim in one.issuer.identifiers} == {
        "did": "did:web:college.example",
        "vat": "NL123456789B01",
    }
    assert dict(one.agency.names) == {"en": "Invented Agency"}
    row = one.row
    assert (row.valid_from, row.valid_until) == (date(2024, 1, 1), date(2030, 1, 1))
    assert (row.eqf_levels, row.isced_f, row.jurisdictions) == ((6,), ("0613",), ("NL",))
    assert (row.kind, row.decision) == ("institutional", "positive")


def test_the_kind_follows_the_type() -> None:
    uri = '<type uri="http://data.europa.eu/snb/accreditation/820101cba6"/>'
    assert read_elm(document(type=uri)).accreditations[0].row.kind == "programme"


@pytest.mark.parametrize(
    ("parts", "column"),
    [
        ({"limits": '<limitCredentialType uri="urn:unknown"/>'}, "limitCredentialType"),
        ({"limits": '<limitField uri="http://data.europa.eu/snb/isced-f/7777"/>'}, "limitField"),
        ({"limits": '<limitAbstractProgramme uri="urn:p"/>'}, "limitAbstractProgramme"),
        ({"decision": '<decision><prefLabel language="en">who knows</prefLabel></decision>'}, "decision"),
        ({"organisation": ""}, "organisation"),
        ({"dates": ""}, "valid"),
        ({"dates": "<valid>soon</valid>"}, "valid"),
    ],
)
def test_what_is_not_understood_leaves_the_accreditation_out(parts: dict[str, str], column: str) -> None:
    assert column in columns(read_elm(document(**parts)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<Other/>",
        b"<Accreditations>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><Accreditations>&b;</Accreditations>',
        b"\x00\x01",
    ],
)
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(NotRecognised):
        read_elm(data)


def test_the_older_form_is_read_as_well() -> None:
    older = """<qmsAccreditations xmlns="http://data.europa.eu/esco/qms-xml/schema/accreditation">
    <accreditation id="urn:a:2">
    <accreditedTo type="organization"><organization id="urn:o:1"><registration
    spatialID="http://publications.europa.eu/resource/authority/country/BEL">1</registration>
    <prefLabel lang="en">Invented College</prefLabel></organization></accreditedTo>
    <accreditedBy><organization id="urn:o:2"><prefLabel lang="en">Invented Agency</prefLabel></organization>
    </accreditedBy>
    <limitField uri="http://data.europa.eu/esco/isced-f/0231"/><limitEQFLevel uri="http://data.europa.eu/esco/eqf/6"/>
    <issuedDate>2017-09-01T00:00:00</issuedDate><expiryDate>2023-09-30T00:00:00</expiryDate>
    </accreditation></qmsAccreditations>"""
    (one,) = read_elm(older.encode()).accreditations
    assert (one.issuer.country, dict(one.agency.names)) == ("BE", {"en": "Invented Agency"})
    assert (one.row.isced_f, one.row.eqf_levels) == (("0231",), (6,))
