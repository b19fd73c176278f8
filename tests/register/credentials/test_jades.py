"""A sealed European Digital Credential is genuine only as a whole, as its header says and nothing besides."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from register.credentials import reading
from register.credentials.errors import CredentialError, NotGenuine, Unsupported
from register.credentials.presented import Presented, SigningKey
from register.credentials.proofs import check_signatures, jades
from tests.register.seals import TEXT, change, check, find_codes, refusal, refuse_to_fetch
from tests.sealed import NOW, SEALED_AT, encode, make_edc, make_sealer, seal

SAMPLE = Path(__file__).parents[4] / "shared/data/credentials/edc/Sample-MC-Annex1-signed.jsonld"
COMMITMENTS = "http://uri.etsi.org/01903/v1.2.2#Proof"


def test_a_whole_seal_holds_and_says_who_sealed_it_when() -> None:
    signature = check(seal(TEXT))
    sealer = make_sealer()
    assert signature.suite == "JAdES RS256"
    assert signature.created == SEALED_AT
    assert signature.timestamp is None
    assert signature.keys[0] == SigningKey("x5t", sealer.x5t)
    assert signature.controller is None
    assert signature.certificate is not None
    assert signature.certificate["organization_identifier"] == "VATNL-000099998B57"
    assert find_codes(signature) == {"sealed": "pass"}
    assert "was not checked" in signature.findings[0].text


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [
        ("2048", "RS256"), ("2048", "RS384"), ("2048", "RS512"), ("2048", "PS256"), ("2048", "PS384"),
        ("2048", "PS512"), ("P-256", "ES256"), ("P-384", "ES384"), ("P-521", "ES512"), ("Ed25519", "EdDSA"),
        ("Ed25519", "Ed25519"),
    ],
)  # fmt: skip
def test_every_algorithm_of_the_list_is_checked(kind: str, algorithm: str) -> None:
    sealer = make_sealer("Academy of Example", "VATNL-000099998B57", kind)
    raw = seal(TEXT, sealer, algorithm=algorithm)
    assert check(raw).suite == f"JAdES {algorithm}"
    broken = change(raw, lambda outer: outer.update(payload=TEXT.replace("Reading", "Drawing")))
    assert refusal(broken) == (NotGenuine, "signature_invalid")


@pytest.mark.parametrize("flattened", [False, True])
@pytest.mark.parametrize("b64", [False, True])
def test_both_serialisations_and_both_encodings_of_the_payload_are_read(flattened: bool, b64: bool) -> None:
    raw = seal(TEXT, flattened=flattened, b64=b64)
    assert check(raw).created == SEALED_AT
    assert check_signatures(reading.read(raw)[0], refuse_to_fetch, NOW)[0].created == SEALED_AT


def test_a_large_credential_is_checked_whole() -> None:
    text = json.dumps(make_edc(displayParameter={"picture": "A" * 3_000_000}))
    assert check(seal(text)).created == SEALED_AT


@settings(max_examples=60, deadline=None)
@given(position=st.integers(min_value=0), sign=st.sampled_from('aZ09 {"\\é'))
def test_no_other_text_passes_under_the_same_seal(position: int, sign: str) -> None:
    outer = json.loads(seal(TEXT))
    at = position % len(TEXT)
    altered = TEXT[:at] + sign + TEXT[at + 1 :]
    if altered == TEXT:
        return
    outer["payload"] = altered
    with pytest.raises(NotGenuine):
        jades.check(Presented("edc", json.dumps(outer).encode(), make_edc()), refuse_to_fetch, NOW)


@settings(max_examples=60, deadline=None)
@given(
    member=st.sampled_from(["protected", "signature"]),
    position=st.integers(min_value=0),
    sign=st.sampled_from("AQgwz-_"),
)
def test_no_letter_of_a_seal_can_be_changed(member: str, position: int, sign: str) -> None:
    outer = json.loads(seal(TEXT))
    text = outer["signatures"][0][member]
    at = position % len(text)
    altered = text[:at] + sign + text[at + 1 :]
    if altered == text:
        return
    outer["signatures"][0][member] = altered
    with pytest.raises((NotGenuine, Unsupported)):
        check(json.dumps(outer).encode())


def test_the_seal_of_another_document_proves_nothing() -> None:
    other = json.loads(seal(make_edc(id="urn:credential:00000000-0000-4000-8000-000000000002")))
    raw = change(seal(TEXT), lambda outer: outer.update(signatures=other["signatures"]))
    assert refusal(raw) == (NotGenuine, "signature_invalid")


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("none", (NotGenuine, "alg_none")),
        ("nOnE", (NotGenuine, "alg_none")),
        ("HS256", (NotGenuine, "alg_symmetric")),
        ("ES256", (NotGenuine, "algorithm_confusion")),
        ("EdDSA", (NotGenuine, "algorithm_confusion")),
        ("RS1", (Unsupported, "algorithm")),
        ("ML-DSA-44", (Unsupported, "algorithm")),
    ],
)
def test_an_algorithm_that_proves_no_origin_or_does_not_fit_the_key_is_refused(algorithm: str, expected: Any) -> None:
    outer = json.loads(seal(TEXT))
    header = json.loads(base64.urlsafe_b64decode(outer["signatures"][0]["protected"] + "=="))
    outer["signatures"][0]["protected"] = encode(json.dumps(header | {"alg": algorithm}).encode())
    assert refusal(json.dumps(outer).encode()) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"crit": ["b64", "sigT", "urn:example:new"], "urn:example:new": 1}, (NotGenuine, "crit_not_understood")),
        ({"crit": ["b64", "sigT", "sigPId"], "sigPId": {"id": "x"}}, (Unsupported, "crit_not_supported")),
        ({"crit": []}, (NotGenuine, "crit_malformed")),
        ({"crit": "b64"}, (NotGenuine, "crit_malformed")),
        ({"crit": ["b64", "b64"]}, (NotGenuine, "crit_malformed")),
        ({"crit": ["b64", "alg"]}, (NotGenuine, "crit_malformed")),
        ({"crit": ["b64", "adoTst"]}, (NotGenuine, "crit_malformed")),
        ({"crit": ["sigT"]}, (NotGenuine, "crit_malformed")),
        ({"sigD": {"mId": "http://uri.etsi.org/19182/ObjectIdByURI"}}, (Unsupported, "detached")),
        ({"srCms": [{"commId": {"id": f"{COMMITMENTS}OfReceipt"}}]}, (Unsupported, "commitment")),
        ({"sigT": "yesterday"}, (NotGenuine, "malformed_jws")),
        ({"iat": int(SEALED_AT.timestamp()) + 86400}, (NotGenuine, "claims_contradict")),
        ({"b64": "false"}, (NotGenuine, "malformed_jws")),
    ],
)  # fmt: skip
def test_a_header_that_is_not_understood_or_contradicts_itself_is_refused(
    header: dict[str, Any], expected: Any
) -> None:
    assert refusal(seal(TEXT, header=header)) == expected


def test_commitments_to_origin_and_the_signing_time_of_newer_seals_are_understood() -> None:
    origin = [{"commId": {"id": f"{COMMITMENTS}OfOrigin"}}]
    header = {"iat": int(SEALED_AT.timestamp()), "srCms": origin, "crit": ["b64", "iat", "srCms"]}
    assert check(seal(TEXT, header=header, without=["sigT"])).created == SEALED_AT


def test_encoding_that_contradicts_the_looks_of_the_payload_is_refused() -> None:
    plain_as_encoded = seal(TEXT, header={"b64": True, "crit": ["b64", "sigT"]})
    encoded_as_plain = seal(encode(TEXT.encode()))
    assert refusal(plain_as_encoded) == (NotGenuine, "b64_contradicts")
    assert refusal(encoded_as_plain) == (NotGenuine, "b64_contradicts")


def test_members_that_stand_twice_are_refused() -> None:
    raw = seal(TEXT)
    twice = raw[:-1] + b', "payload": "{}"}'
    assert refusal_of(twice) == "malformed_jws"
    outer = json.loads(raw)
    header = base64.urlsafe_b64decode(outer["signatures"][0]["protected"] + "==").decode()
    outer["signatures"][0]["protected"] = encode((header[:-1] + ', "alg": "none"}').encode())
    assert refusal(json.dumps(outer).encode()) == (NotGenuine, "malformed_jws")


def refusal_of(raw: bytes) -> str:
    with pytest.raises(NotGenuine) as caught:
        jades.check(Presented("edc", raw, make_edc()), refuse_to_fetch, NOW)
    return caught.value.code


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (lambda outer: outer.update(other="{}"), "malformed_jws"),
        (lambda outer: outer.update(outer["signatures"][0]), "malformed_jws"),
        (lambda outer: outer.update(signatures=[]), "malformed_jws"),
        (lambda outer: outer.update(signatures=outer["signatures"] * 6), "malformed_jws"),
        (lambda outer: outer["signatures"][0].update(payload="{}"), "malformed_jws"),
        (lambda outer: outer["signatures"][0].pop("protected"), "malformed_jws"),
        (lambda outer: outer["signatures"][0].update(protected=""), "malformed_jws"),
        (lambda outer: outer["signatures"][0].update(signature=""), "signature_invalid"),
        (lambda outer: outer["signatures"][0].update(signature="AAA="), "malformed_jws"),
        (lambda outer: outer["signatures"][0].update(header={"alg": "none"}), "unprotected_header"),
        (lambda outer: outer["signatures"][0].update(header={"x5c": []}), "unprotected_header"),
        (lambda outer: outer["signatures"][0].update(header={"etsiU": ["!"]}), "malformed_jws"),
        (lambda outer: outer["signatures"][0].update(header={"etsiU": 1}), "malformed_jws"),
    ],
)  # fmt: skip
def test_nothing_may_stand_outside_the_cover_of_the_seal(edit: Callable[[dict[str, Any]], None], code: str) -> None:
    assert refusal_of(change(seal(TEXT), edit)) == code


def test_every_seal_of_several_has_to_hold() -> None:
    first, second = json.loads(seal(TEXT)), json.loads(seal(TEXT, make_sealer("Second Academy", None, "P-256")))
    both = {"payload": TEXT, "signatures": first["signatures"] + second["signatures"]}
    found = jades.check(Presented("edc", json.dumps(both).encode(), make_edc()), refuse_to_fetch, NOW)
    assert [one.suite for one in found] == ["JAdES RS256", "JAdES ES256"]
    spoiled = json.loads(seal(TEXT.replace("Reading", "Drawing"), make_sealer("Second Academy", None, "P-256")))
    both["signatures"][1] = spoiled["signatures"][0]
    assert refusal_of(json.dumps(both).encode()) == "signature_invalid"


ODD = st.sampled_from(
    """null true 0 -1 1.5 1000000000000000000000000000000 "" "a" "é" "2025-01-01T00:00:00Z" "0001-01-01" 253402300800
    "MDA=" [] [[]] [null] ["a","a"] {} {"a":{}} {"tstTokens":[]} {"tstTokens":[{"val":5}]} {"tstTokens":5}
    {"digAlg":"S256"} [{"commId":5}] [5] {"x509Cert":5} [{"x509Cert":{"val":5}}]""".split()
).map(json.loads)
PARAMETERS = "cty kid x5t#S256 x5t x5t#o sigX5ts x5c typ b64 sigT iat adoTst crit srCms sigD sigPl jwk jku".split()


@settings(max_examples=250, deadline=None)
@given(
    header=st.dictionaries(st.sampled_from(PARAMETERS), ODD, min_size=1, max_size=2),
    later=st.lists(
        st.dictionaries(st.sampled_from(["sigTst", "xVals", "rVals", "arcTst"]), ODD, max_size=2), max_size=2
    ),
    critical=st.booleans(),
)
def test_whatever_stands_in_a_header_is_read_or_refused_in_words(header: Any, later: Any, critical: bool) -> None:
    named = (
        {"crit": ["b64", "sigT", *(name for name in header if name not in ("b64", "sigT", "crit"))]} if critical else {}
    )
    raw = seal(TEXT, header=header | named, later=later)
    with contextlib.suppress(CredentialError):
        assert jades.check(Presented("edc", raw, make_edc()), refuse_to_fetch, NOW)


def read_sample() -> list[bytes]:
    return [SAMPLE.read_bytes()] if SAMPLE.exists() else []


@pytest.mark.parametrize("raw", read_sample())
def test_the_official_sample_is_genuine_and_its_certificate_over(raw: bytes) -> None:
    presented = reading.read(raw)[0]
    signature = check_signatures(presented, refuse_to_fetch, NOW)[0]
    assert signature.keys[0] == SigningKey("x5t", "yFhiSlOALcqZZiW0-YfDctVcCXm96bUTtj5xN6pqvwQ")
    assert signature.created == datetime(2023, 9, 27, 11, 54, 17, tzinfo=UTC)
    assert find_codes(signature) == {
        "sealed": "pass",
        "certificate_expired": "warning",
        "timestamp_untrusted": "pass",
    }
    altered = raw.replace(b"Digital micro-credential creation", b"Digital micro-credential creations", 1)
    assert altered != raw
    with pytest.raises(NotGenuine, match="something else"):
        check_signatures(reading.read(altered)[0], refuse_to_fetch, NOW)


def test_the_sealed_credential_of_the_fixtures_is_genuine() -> None:
    raw = (files("fixtures") / "sealed" / "micro-credential.json").read_bytes()
    presented = reading.read(raw)[0]
    signature = check_signatures(presented, refuse_to_fetch, NOW)[0]
    assert find_codes(signature) == {"sealed": "pass", "timestamp_untrusted": "pass"}
    with pytest.raises(NotGenuine, match="something else"):
        check_signatures(reading.read(raw.replace(b"old maps", b"new maps"))[0], refuse_to_fetch, NOW)
