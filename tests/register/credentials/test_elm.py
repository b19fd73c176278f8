"""What a European Digital Credential says of itself and its issuer, in the register's codes; nothing of its holder."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from register.credentials import reading
from register.credentials.claims import read_claims
from register.credentials.errors import NotGenuine
from register.credentials.presented import Claims, Presented
from tests.sealed import make_edc

EDC = Path(__file__).parents[4] / "shared/data/credentials/edc"
SNB = "http://data.europa.eu/snb"
COUNTRY = "http://publications.europa.eu/resource/authority/country"
BACHELOR = "Bachelor’s degree (QF-EHEA first cycle)"
ATU = "http://publications.europa.eu/resource/authority/atu"


def read(document: dict[str, Any]) -> Claims:
    return read_claims(Presented("edc_unsigned", b"", document))


def make(
    issuer: dict[str, Any] | None = None, specification: dict[str, Any] | None = None, **changes: Any
) -> dict[str, Any]:
    """A credential whose issuer (also its awarding body) and whose specification have members replaced."""
    document = copy.deepcopy(make_edc(**changes))
    claim = document["credentialSubject"]["hasClaim"]
    document["issuer"] |= issuer or {}
    claim["awardedBy"]["awardingBody"] = document["issuer"]
    claim["specifiedBy"] |= specification or {}
    return document


def concept(address: str, label: str | None = None) -> dict[str, Any]:
    return {"id": address, "type": "Concept"} | ({"prefLabel": {"en": label}} if label else {})


def test_a_credential_is_read_in_the_registers_codes() -> None:
    assert read(make_edc()) == Claims(
        model="elm",
        issuers=("eidas:VATNL-000099998B57", "vat:NL000099998B57"),
        issuer_name="Academy of Example",
        title="Reading old maps",
        issued_at=datetime(2025, 3, 1, 9, tzinfo=UTC),
        valid_from=datetime(2025, 3, 1, tzinfo=UTC),
        eqf_level=6,
        isced_f="0532",
        jurisdiction="NL",
        unread={"credential_type": "Generic"},
    )


@pytest.mark.parametrize(
    ("member", "value", "expected"),
    [
        ("identifier", {"schemeName": "ROR", "notation": "04dkp9463"}, "ror:04dkp9463"),
        ("identifier", {"notation": "https://ror.org/04dkp9463"}, "https://ror.org/04dkp9463"),
        ("identifier", {"schemeName": "ROR ID", "notation": ["https://ror.org/04dkp9463"]}, "https://ror.org/04dkp9463"),
        ("identifier", {"schemeId": "https://ror.org/", "notation": "04dkp9463"}, "ror:04dkp9463"),
        ("identifier", {"schemeName": "Erasmus code", "notation": "NL AMSTERD01"}, "erasmus:NL AMSTERD01"),
        ("identifier", {"schemeName": {"en": "PIC"}, "notation": "999974456"}, "pic:999974456"),
        ("identifier", {"notation": "did:web:academy.example"}, "did:web:academy.example"),
        ("vatIdentifier", {"notation": "654321", "spatial": concept(f"{COUNTRY}/IRL")}, "vat:IE654321"),
        ("vatIdentifier", {"notation": "IE 654.321", "spatial": concept(f"{COUNTRY}/IRL")}, "vat:IE654321"),
        ("vatIdentifier", {"notation": "94259216", "spatial": concept(f"{COUNTRY}/GRC")}, "vat:EL94259216"),
        ("registration", {"notation": "NLNHR.12345678"}, "euid:NLNHR.12345678"),
        ("id", "did:web:academy.example", "did:web:academy.example"),
    ],
)  # fmt: skip
def test_identifiers_of_the_issuer_are_spelled_as_the_register_reads_them(
    member: str, value: Any, expected: str
) -> None:
    assert read(make({member: value})).issuers == ("eidas:VATNL-000099998B57", "vat:NL000099998B57", expected)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("identifier", {"schemeName": "Research Alliance", "notation": "Res1818"}),
        ("identifier", {"schemeName": "PIC", "notation": "12"}),
        ("identifier", {"schemeName": "PIC"}),
        ("identifier", "https://elsewhere.example/identifier"),
        ("vatIdentifier", {"notation": "654321"}),
        ("registration", {"notation": "0000", "spatial": concept(f"{COUNTRY}/IRL")}),
        ("id", "urn:epass:org:7"),
    ],
)
def test_what_identifies_nobody_is_left_out(member: str, value: Any) -> None:
    assert read(make({member: value})).issuers == ("eidas:VATNL-000099998B57", "vat:NL000099998B57")


def test_both_names_of_the_certificates_identifier_are_read() -> None:
    notation = {"notation": "NTRNL-12345678"}
    document = make({"eIDASLegalIdentifier": notation})
    del document["issuer"]["eIDASIdentifier"]
    assert read(document).issuers == ("eidas:NTRNL-12345678",)


def award(document: dict[str, Any], *bodies: dict[str, Any]) -> dict[str, Any]:
    document["credentialSubject"]["hasClaim"]["awardedBy"]["awardingBody"] = [*bodies]
    return document


def test_a_body_that_awards_and_is_not_the_sealer_is_named_apart() -> None:
    body = {"id": "urn:epass:org:9", "legalName": {"en": "College of Example"}}
    ror = {"identifier": {"schemeName": "ROR", "notation": "04dkp9463"}}
    assert read(award(make(), body | ror)).awarding_bodies == (("ror:04dkp9463",),)
    assert read(award(make(), body)).awarding_bodies == ((),)
    assert read(award(make(), body | ror, make()["issuer"])).awarding_bodies == (("ror:04dkp9463",),)


def test_identifiers_that_a_sealing_portal_lent_from_the_awarding_body_are_the_awarding_bodys() -> None:
    """The portal puts the certificate's name and identifier over the particulars of who wanted it sealed."""
    ror = {"identifier": {"schemeName": "ROR", "notation": "04dkp9463"}}
    body = {"id": "urn:epass:org:9", "legalName": {"en": "College of Example"}, **ror}
    claims = read(award(make(ror), body))
    assert claims.issuers == ("eidas:VATNL-000099998B57", "vat:NL000099998B57")
    assert claims.awarding_bodies == (("ror:04dkp9463",),)


@pytest.mark.parametrize(
    "body",
    [
        {"id": "urn:epass:org:1"},
        {"legalName": {"nl": "ACADEMY  of Example"}},
        {"legalName": {"nl": "Voorbeeldacademie"}, "eIDASIdentifier": {"notation": "VATNL-000099998B57"}},
        {"legalName": {"nl": "Voorbeeldacademie"}, "vatIdentifier": {"notation": "NL000099998B57"}},
    ],
)
def test_a_body_that_is_the_sealer_is_not_named_apart(body: dict[str, Any]) -> None:
    assert read(award(make(), body)).awarding_bodies == ()


def test_nodes_that_are_only_referred_to_are_found() -> None:
    document = make_edc(related=[{"id": "urn:epass:org:9", "identifier": {"notation": "did:web:college.example"}}])
    document["credentialSubject"]["hasClaim"]["awardedBy"] = {"awardingBody": "urn:epass:org:9"}
    assert read(document).awarding_bodies == (("did:web:college.example",),)
    document["credentialSubject"]["hasClaim"]["awardedBy"] = {"awardingBody": {"id": "urn:epass:org:9"}}
    assert read(document).awarding_bodies == (("did:web:college.example",),)


def test_nodes_that_refer_to_each_other_do_not_hold_up_reading() -> None:
    document = make_edc()
    document["credentialSubject"]["hasClaim"]["awardedBy"] = {"awardingBody": {"id": "urn:a"}}
    document["other"] = {"id": "urn:a", "location": "urn:a", "identifier": "urn:a", "legalName": {"en": "A"}}
    assert read(document).awarding_bodies == ((),)


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([f"{COUNTRY}/IRL"], "IE"),
        ([f"{COUNTRY}/IRL", f"{ATU}/IRL_CTH_DUB"], "IRL_CTH_DUB"),
        ([f"{COUNTRY}/IRL", f"{COUNTRY}/NLD"], None),
        ([f"{COUNTRY}/NLD", f"{ATU}/IRL_CTH_DUB"], None),
        (["http://data.europa.eu/nuts/code/NL31", f"{COUNTRY}/NLD"], "NL31"),
    ],
)
def test_the_jurisdiction_is_where_the_awarding_body_is(places: list[str], expected: str | None) -> None:
    locations = [{"address": {"countryCode": concept(place)}} for place in places]
    assert read(make({"location": locations})).jurisdiction == expected


def test_where_the_certificate_is_from_says_nothing_about_where_it_was_awarded() -> None:
    own = {"id": "urn:epass:location:1", "address": {"countryCode": concept(f"{COUNTRY}/IRL")}}
    sealed = {"id": "urn:certificateLocation:1", "address": {"countryCode": concept(f"{COUNTRY}/ESP")}}
    assert read(make({"location": [own, sealed]})).jurisdiction == "IE"


def test_a_place_that_is_in_no_vocabulary_is_kept_as_it_stands() -> None:
    claims = read(make({"location": {"spatialCode": concept("urn:atlantis")}}))
    assert claims.jurisdiction is None
    assert claims.unread["jurisdiction"] == "urn:atlantis"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["0613"], "0613"),
        (["0613", "0612"], "061"),
        (["0613", "0688"], "06"),
        (["003", "0688"], None),
        (["061", "0613"], "061"),
    ],
)
def test_several_fields_come_to_the_narrowest_that_holds_them(fields: list[str], expected: str | None) -> None:
    areas = [concept(f"{SNB}/isced-f/{code}") for code in fields]
    claims = read(make(specification={"thematicArea": areas}))
    assert claims.isced_f == expected
    assert "isced_f" not in claims.unread


def test_fields_are_read_wherever_the_model_keeps_them() -> None:
    for member in ("ISCEDFCode", "iSCEDFCode", "thematicArea", "educationSubject"):
        document = make(specification={member: concept(f"{SNB}/isced-f/0613")})
        if member != "thematicArea":
            del document["credentialSubject"]["hasClaim"]["specifiedBy"]["thematicArea"]
        assert read(document).isced_f == "0613"


def test_levels_and_fields_in_no_vocabulary_are_kept_and_not_compared() -> None:
    claims = read(
        make(specification={"eqfLevel": concept(f"{SNB}/eqf/9"), "thematicArea": concept("urn:x:1", "Alchemy")})
    )
    assert (claims.eqf_level, claims.isced_f) == (None, None)
    assert claims.unread["eqf_level"] == f"{SNB}/eqf/9"
    assert claims.unread["isced_f"] == "Alchemy"


def achieve(level: int | None, field: str = "0613", kind: str = "LearningAchievement") -> dict[str, Any]:
    stated = {"eqfLevel": concept(f"{SNB}/eqf/{level}")} if level else {}
    area = concept(f"{SNB}/isced-f/{field}")
    return {"type": kind, "title": {"en": f"Level {level}"}, "specifiedBy": {"thematicArea": area, **stated}}


@pytest.mark.parametrize(
    ("levels", "expected"), [([6, 6], 6), ([6, 7], None), ([6, None], None), ([None], None), ([7], 7)]
)
def test_a_level_is_stated_where_all_achievements_state_the_same(
    levels: list[int | None], expected: int | None
) -> None:
    subject = {"type": "Person", "hasClaim": [achieve(level) for level in levels]}
    claims = read(make_edc(credentialSubject=subject))
    assert claims.eqf_level == expected
    assert "eqf_level" not in claims.unread


def test_only_the_topmost_achievements_count() -> None:
    top = achieve(7) | {"hasPart": [achieve(5), achieve(6)]}
    activity = achieve(2, kind="LearningActivity")
    claims = read(make_edc(credentialSubject={"hasClaim": [top, activity]}))
    assert (claims.eqf_level, claims.title) == (7, "Level 7")


@pytest.mark.parametrize(
    ("profiles", "types", "expected"),
    [
        ([concept(f"{SNB}/credential/6dff8a0f87", "Diploma Supplement")], [], "diploma-supplement"),
        ([concept(f"{SNB}/credential/6cf8e68c43")], [], "qualification-award"),
        ([concept("urn:x", "Micro-credential")], [], "micro-credential"),
        ([concept(f"{SNB}/credential/e34929035b")], [concept("urn:x", "Micro-credential")], "micro-credential"),
        ([concept(f"{SNB}/credential/e34929035b"), concept(f"{SNB}/credential/6cf8e68c43")], [], "qualification-award"),
        ([concept(f"{SNB}/credential/6cf8e68c43"), concept("urn:x", BACHELOR)], [], "bachelor-degree"),
        ([concept(f"{SNB}/credential/6cf8e68c43"), concept(f"{SNB}/credential/6dff8a0f87")], [], None),
        ([], [], None),
    ],
)  # fmt: skip
def test_the_profile_states_the_type(profiles: list[Any], types: list[Any], expected: str | None) -> None:
    claims = read(make(specification={"dcType": types}, credentialProfiles=profiles))
    assert claims.credential_type == expected
    assert "credential_type" not in claims.unread


def test_a_profile_in_no_vocabulary_is_kept_and_not_compared() -> None:
    claims = read(make_edc(credentialProfiles=concept("http://example.com/profile", "Guild letter")))
    assert (claims.credential_type, claims.unread["credential_type"]) == (None, "Guild letter")


def test_dates_and_status_are_read_under_either_name() -> None:
    status = {"id": "https://academy.example/status/1#7", "type": "BitstringStatusListEntry"}
    claims = read(make_edc(expirationDate="2030-01-01T00:00:00Z", status=status))
    assert claims.valid_until == datetime(2030, 1, 1, tzinfo=UTC)
    assert [entry.type for entry in claims.status] == ["BitstringStatusListEntry"]
    assert read(make_edc(validUntil="2031-01-01")).valid_until == datetime(2031, 1, 1, tzinfo=UTC)
    with pytest.raises(NotGenuine):
        read(make_edc(expirationDate="soon"))


MEMBERS = "id type notation legalName identifier location specifiedBy eqfLevel awardedBy awardingBody".split()
OF_ISSUER = "id legalName identifier eIDASIdentifier vatIdentifier location registration".split()
TEXTS = st.text(max_size=8) | st.sampled_from(["urn:a", f"{SNB}/eqf/6", "did:web:x.example"])
WEIRD = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(
    issuer=st.dictionaries(st.sampled_from(OF_ISSUER), WEIRD, max_size=5),
    claim=WEIRD,
    profile=WEIRD,
)
def test_whatever_stands_in_a_members_place_is_read_or_refused_in_words(issuer: Any, claim: Any, profile: Any) -> None:
    document = make_edc(issuer=issuer, credentialProfiles=profile)
    document["credentialSubject"]["hasClaim"] = claim
    try:
        assert read(document).model == "elm"
    except NotGenuine:
        return


def read_samples() -> list[bytes]:
    return [path.read_bytes() for path in sorted(EDC.glob("*.jsonld"))] if EDC.exists() else []


@pytest.mark.parametrize("raw", read_samples())
def test_the_official_samples_are_read(raw: bytes) -> None:
    presented = reading.read(raw)[0]
    claims = read_claims(presented)
    assert claims.title == "Digital micro-credential creation"
    assert (claims.eqf_level, claims.isced_f, claims.jurisdiction) == (6, None, "IRL_CTH_DUB")
    if presented.format == "edc":
        assert claims.issuers == ("eidas:VATES-A00000000", "vat:ESA00000000")
        assert claims.awarding_bodies == (("vat:IE654321",),)
        assert claims.issued_at == datetime(2023, 9, 27, 11, 54, 17, tzinfo=UTC)
    else:
        assert claims.issuers == ("vat:IE654321",)
        assert claims.awarding_bodies == ()


def test_nothing_of_the_holder_is_in_the_claims() -> None:
    document = make_edc()
    document["credentialSubject"] |= {"fullName": {"en": "Secret Holder"}, "dateOfBirth": "1999-10-01T22:00:00Z"}
    told = json.dumps(str(read(document)))
    assert "Secret" not in told
    assert "1999" not in told
