"""What badges, transcripts and plain credentials say of themselves: canonical codes, and nothing of their holders."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.credentials.claims import read_claims
from register.credentials.errors import NotGenuine
from register.credentials.presented import Claims, Presented
from tests.credential_forge import CANARY, align, badge


def read(document: dict[str, Any]) -> Claims:
    return read_claims(Presented("vc_data_integrity", b"", document))


def achievement(**fields: Any) -> dict[str, Any]:
    subject = badge()["credentialSubject"]
    return badge(credentialSubject=subject | {"achievement": subject["achievement"] | fields})


def test_a_badge_is_read_into_canonical_codes() -> None:
    found = read(badge(awardedDate="2024-07-02T00:00:00Z", validUntil="2030-01-01T00:00:00Z"))
    assert (found.model, found.issuer_name, found.title) == ("openbadge", "College of Tests", "Applied Measurement")
    assert (found.credential_type, found.eqf_level, found.isced_f) == ("micro-credential", 6, "0613")
    assert found.issued_at == datetime(2024, 7, 2, tzinfo=UTC)
    assert (found.valid_from, found.valid_until) == (
        datetime(2024, 6, 30, tzinfo=UTC),
        datetime(2030, 1, 1, tzinfo=UTC),
    )
    assert CANARY not in repr(found)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("BachelorDegree", "bachelor-degree"),
        ("Degree", "higher-education-degree"),
        ("ResearchDoctorate", "doctoral-degree"),
        ("CertificateOfCompletion", "course-certificate"),
        ("micro-credential", "micro-credential"),
        ("Badge", None),
        ("ext:Knighthood", None),
    ],
)
def test_the_type_is_a_code_or_left_unread(said: str, code: str | None) -> None:
    found = read(achievement(achievementType=said))
    assert found.credential_type == code
    assert ("credential_type" in found.unread) == (code is None)


def test_level_and_field_stand_in_alignments_by_address_or_by_framework() -> None:
    coded = [
        {"targetFramework": "European Qualifications Framework", "targetCode": "7", "targetUrl": "https://x.example"},
        {"targetFramework": "ISCED-F 2013", "targetCode": "0911", "targetUrl": "https://x.example"},
        align("https://credentialengineregistry.org/resources/1", "Something else"),
    ]
    found = read(achievement(alignment=coded))
    assert (found.eqf_level, found.isced_f) == (7, "0911")
    assert read(achievement(alignment=coded[0])).eqf_level == 7


def test_of_several_achievements_only_what_all_state_is_stated() -> None:
    first = badge()["credentialSubject"]
    other = first | {"achievement": first["achievement"] | {"achievementType": "DoctoralDegree"}}
    both = read(badge(credentialSubject=[first, other]))
    assert both.credential_type is None
    assert "credential_type" in both.unread
    assert both.eqf_level == read(badge()).eqf_level
    alike = read(badge(credentialSubject=[first, first]))
    assert (alike.credential_type, dict(alike.unread)) == (read(badge()).credential_type, {})


def test_a_field_in_words_is_unread_and_a_missing_one_is_not_stated() -> None:
    found = read(achievement(alignment=[], fieldOfStudy="Biology"))
    assert (found.isced_f, dict(found.unread)) == (None, {"isced_f": "Biology"})
    assert dict(read(achievement(alignment=[])).unread) == {}


def test_identifiers_of_the_issuer_are_those_that_a_register_can_read() -> None:
    others = [
        {"identifierType": "ext:ror", "identifier": "04dkp9463"},
        {"identifierType": "identifier", "identifier": "https://ror.org/02jx3x895"},
        {"identifierType": "sourcedId", "identifier": "12345"},
        {"identifierType": "ext:ror", "identifier": "not one"},
        "nonsense",
    ]
    issuer = {"id": "did:web:college.example", "name": "College", "otherIdentifier": others, "url": "https://c.example"}
    assert read(badge(issuer=issuer)).issuers == (
        "did:web:college.example", "ror:04dkp9463", "https://ror.org/02jx3x895", "https://c.example",
    )  # fmt: skip


def test_the_issuers_country_is_the_jurisdiction() -> None:
    for code, expected in (("NL", "NL"), ("nl", "NL"), ("Atlantis", None)):
        issuer = badge()["issuer"] | {"address": {"addressCountryCode": code}}
        assert read(badge(issuer=issuer)).jurisdiction == expected


def test_who_is_the_source_of_an_award_awards_it() -> None:
    subject = badge()["credentialSubject"]
    other = {"id": "did:web:other.example", "type": ["Profile"]}
    assert read(badge(credentialSubject=subject | {"source": other})).awarding_bodies == (("did:web:other.example",),)
    own = {"id": badge()["issuer"]["id"]}
    assert read(badge(credentialSubject=subject | {"source": own})).awarding_bodies == ()


def test_a_transcript_states_no_level_of_its_own() -> None:
    found = read(badge(type=["VerifiableCredential", "ClrCredential"]))
    assert (found.model, found.eqf_level, found.title) == ("clr", None, "Applied Measurement")


def test_a_plain_credential_states_issuer_dates_and_status() -> None:
    status = {"id": "https://x.example/1#3", "type": "StatusList2021Entry"}
    plain = {
        "type": ["VerifiableCredential"],
        "issuer": "did:web:college.example",
        "issuanceDate": "2024-01-01T00:00:00+01:00",
        "expirationDate": "2025-01-01T00:00:00Z",
        "credentialStatus": status,
        "status": {"type": ["1EdTechRevocationList"], "id": "https://x.example/2"},
        "credentialSubject": {"name": CANARY},
    }
    found = read(plain)
    assert found.issuers == ("did:web:college.example",)
    assert (found.issued_at, found.valid_from) == (datetime(2023, 12, 31, 23, tzinfo=UTC),) * 2
    assert [entry.type for entry in found.status] == ["StatusList2021Entry", "1EdTechRevocationList"]
    assert CANARY not in repr(found)


@pytest.mark.parametrize(
    "name", [{"en": "College", "nl": "Hogeschool"}, [{"@value": "College"}], " College \n", ["College"]]
)
def test_a_name_is_one_line_whatever_its_shape(name: Any) -> None:
    assert read(badge(issuer={"id": "did:web:c.example", "name": name})).issuer_name == "College"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"issuer": None}, "malformed_issuer"),
        ({"issuer": ["did:web:a.example", "did:web:b.example"]}, "malformed_issuer"),
        ({"issuer": 7}, "malformed_issuer"),
        ({"validFrom": "yesterday"}, "malformed_date"),
        ({"validUntil": 2025}, "malformed_date"),
        ({"validFrom": "2024-02-30T00:00:00Z"}, "malformed_date"),
        ({"credentialStatus": "https://x.example"}, "malformed_status"),
        ({"credentialStatus": [{"id": "x"}]}, "malformed_status"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(fields: dict[str, Any], code: str) -> None:
    with pytest.raises(NotGenuine) as refusal:
        read(badge(**fields))
    assert refusal.value.code == code


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=8,
)
PARTS = ["issuer", "credentialSubject", "validFrom", "validUntil", "credentialStatus", "name", "awardedDate"]
INNER = ["achievement", "alignment", "achievementType", "name", "address", "otherIdentifier", "source"]


ANY = st.one_of(JSON, st.dictionaries(st.sampled_from(INNER), JSON))


@given(st.dictionaries(st.sampled_from(PARTS), ANY, max_size=4))
def test_any_document_is_read_or_refused(changes: dict[str, Any]) -> None:
    with suppress(NotGenuine):
        assert isinstance(read({**badge(), **changes}), Claims)
