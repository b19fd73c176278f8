"""A sealed European Digital Credential is genuine only as a whole, under its own certificate and in its own time."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from register.credentials import reading
from register.credentials.errors import CredentialError, NotGenuine, Unsupported
from register.credentials.presented import Presented, Signature, SigningKey
from register.credentials.proofs import check_signatures, jades
from register.credentials.proofs.jades import TrustAnchors
from tests.sealed import (
    NOW,
    SEALED_AT,
    UNTIL,
    Holder,
    encode,
    issue,
    make_edc,
    make_key,
    make_root,
    make_sealer,
    make_tsa,
    name_certificate,
    seal,
    stamp,
    to_der,
)

SAMPLE = Path(__file__).parents[4] / "shared/data/credentials/edc/Sample-MC-Annex1-signed.jsonld"
TEXT = json.dumps(make_edc(), ensure_ascii=False)
COMMITMENTS = "http://uri.etsi.org/01903/v1.2.2#Proof"
SEALING = TrustAnchors(sealing=frozenset({make_root().der}))
TIMED = TrustAnchors(timestamping=frozenset({to_der(make_tsa().chain[-1])}))


def refuse_to_fetch(url: str, **_: Any) -> bytes:
    raise AssertionError(f"nothing is fetched for a seal, but {url} was")


def check(raw: bytes, anchors: TrustAnchors = jades.NO_ANCHORS, now: datetime = NOW) -> Signature:
    outer = json.loads(raw)
    text = outer["payload"]
    document = json.loads(text if text.startswith("{") else base64.urlsafe_b64decode(text + "=="))
    return jades.check(Presented("edc", raw, document), refuse_to_fetch, now, anchors)[0]


def find_codes(signature: Signature) -> dict[str, str]:
    return {finding.code: finding.outcome for finding in signature.findings}


def refusal(raw: bytes, anchors: TrustAnchors = jades.NO_ANCHORS) -> tuple[type[CredentialError], str]:
    with pytest.raises(CredentialError) as caught:
        check(raw, anchors)
    return type(caught.value), caught.value.code


def change(raw: bytes, edit: Callable[[dict[str, Any]], None]) -> bytes:
    outer = json.loads(raw)
    edit(outer)
    return json.dumps(outer).encode()


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


def swap(**header: Any) -> bytes:
    return seal(TEXT, header=header)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (lambda: swap(**{"x5t#S256": make_sealer("Second Academy", None, "P-256").x5t}), "certificate_swapped"),
        (lambda: swap(kid=name_certificate(make_root().certificate)), "certificate_swapped"),
        (lambda: swap(**{"x5t#o": {"digAlg": "S512", "digVal": "AAAA"}}), "certificate_swapped"),
        (lambda: swap(sigX5ts=[{"digAlg": "S256", "digVal": "AAAA"}]), "certificate_swapped"),
        (lambda: swap(x5c=["AAAA"]), "certificate_malformed"),
        (lambda: swap(x5c=["not base64"]), "certificate_malformed"),
        (lambda: swap(x5c=[]), "certificate_malformed"),
        (lambda: swap(x5c=["A" * 70_000]), "certificate_malformed"),
    ],
)
def test_the_certificate_has_to_be_the_one_that_the_header_means(raw: Callable[[], bytes], code: str) -> None:
    assert refusal(raw()) == (NotGenuine, code)


def test_a_seal_by_another_key_than_the_certificates_is_refused() -> None:
    thief = Holder(make_key("2048", "thief"), make_sealer().chain)
    assert refusal(seal(TEXT, thief)) == (NotGenuine, "signature_invalid")


def test_a_chain_whose_links_do_not_hold_is_refused() -> None:
    sealer, stranger = make_sealer(), make_root("Another Authority")
    torn = Holder(sealer.key, (sealer.certificate, *stranger.chain))
    no_authority = issue(Holder(sealer.key, sealer.chain), "Issued by a mere sealer", key=make_key("P-256", "x"))
    assert refusal(seal(TEXT, torn)) == (NotGenuine, "chain_broken")
    assert refusal(seal(TEXT, no_authority)) == (NotGenuine, "chain_broken")


def test_a_weak_key_or_one_that_is_not_for_signing_is_refused() -> None:
    weak = issue(None, "Weak Academy", key=make_key("1024", "weak"))
    other = issue(None, "Encrypting Academy", seals=False)
    assert refusal(seal(TEXT, weak)) == (NotGenuine, "weak_key")
    assert refusal(seal(TEXT, other)) == (NotGenuine, "certificate_not_for_signing")


def test_a_seal_without_its_certificate_cannot_be_checked() -> None:
    assert refusal(seal(TEXT, without=["x5c"])) == (Unsupported, "no_certificate")


def test_a_certificate_that_was_not_valid_when_it_sealed_is_refused() -> None:
    day = timedelta(days=1)
    over = issue(None, "Late Academy", valid=(SEALED_AT - 2 * day, SEALED_AT - day))
    early = issue(None, "Early Academy", valid=(SEALED_AT + day, SEALED_AT + 2 * day))
    assert refusal(seal(TEXT, over)) == (NotGenuine, "certificate_not_valid_then")
    assert refusal(seal(TEXT, early)) == (NotGenuine, "certificate_not_valid_then")


def test_a_certificate_that_is_over_today_is_remarked_unless_a_trusted_time_shows_it_was_not() -> None:
    later = UNTIL + timedelta(days=30)
    raw = seal(TEXT, signature_stamps=[make_tsa()])
    assert find_codes(check(raw, now=later))["certificate_expired"] == "warning"
    assert "certificate_expired" not in find_codes(check(raw, TIMED, now=later))


def test_a_seal_from_the_future_is_refused() -> None:
    with pytest.raises(NotGenuine, match="yet to come"):
        check(seal(TEXT), now=SEALED_AT - timedelta(hours=1))
    assert check(seal(TEXT), now=SEALED_AT - timedelta(minutes=3)).created == SEALED_AT


def test_the_organisation_identifier_counts_only_under_a_trusted_authority() -> None:
    """Anybody can write any identifier into a certificate that they issue to themselves."""
    impostor = issue(None, "Academy of Example", identifier="VATNL-000099998B57")
    honest = check(seal(TEXT), SEALING)
    assert SigningKey("eidas", "VATNL-000099998B57") in honest.keys
    assert honest.certificate is not None
    assert honest.certificate["trusted_authority"] == "Made-up Trust Services"
    for signature in (check(seal(TEXT, impostor), SEALING), check(seal(TEXT))):
        assert all(key.kind != "eidas" for key in signature.keys)
        assert "was not checked" in signature.findings[0].text


@pytest.mark.parametrize(
    "weakness",
    [
        {"path_length": None, "extension": x509.NameConstraints([x509.DNSName("example")], None)},
        {"path_length": 0, "deeper": True},
        {"path_length": None, "valid": (SEALED_AT + timedelta(days=1), UNTIL)},
    ],
)
def test_an_authority_that_limits_itself_or_is_not_valid_leads_to_no_anchor(weakness: dict[str, Any]) -> None:
    settings = {name: value for name, value in weakness.items() if name != "deeper"}
    between = issue(make_root(), "Limited Authority", ca=True, **settings)
    if weakness.get("deeper"):
        between = issue(between, "Too deep Authority", ca=True)
    signature = check(seal(TEXT, issue(between, "Academy of Example")), SEALING)
    assert signature.certificate is not None
    assert signature.certificate["trusted_authority"] is None


def test_certificates_kept_beside_the_seal_may_complete_its_chain() -> None:
    sealer = make_sealer()
    short = Holder(sealer.key, sealer.chain[:1])
    values = [{"x509Cert": {"val": base64.b64encode(to_der(one)).decode()}} for one in sealer.chain[1:]]
    signature = check(seal(TEXT, short, later=[{"xVals": [*values, {"x509Cert": {"val": "!"}}, 5]}]), SEALING)
    assert SigningKey("eidas", "VATNL-000099998B57") in signature.keys


def test_a_certificate_of_another_name_than_the_issuer_is_remarked() -> None:
    other = make_sealer("Second Academy", None, "P-256")
    assert find_codes(check(seal(TEXT, other)))["sealer_differs"] == "warning"
    imitation = make_sealer("Аcademy of Example", None, "P-256")  # its first letter is Cyrillic
    assert find_codes(check(seal(TEXT, imitation)))["name_looks_like"] == "warning"
    contradicting = make_sealer("Academy of Example", "VATNL-111111111B11", "P-384")
    assert find_codes(check(seal(TEXT, contradicting)))["sealer_differs"] == "warning"
    named_in_dutch = make_edc()
    named_in_dutch["issuer"]["legalName"] = {"nl": "Voorbeeldacademie", "en": "ACADEMY of Example"}
    assert "sealer_differs" not in find_codes(check(seal(named_in_dutch)))


def test_only_a_trusted_timestamp_of_the_signature_proves_when_it_was_made() -> None:
    content = stamp(TEXT.encode(), SEALED_AT - timedelta(minutes=1))
    raw = seal(TEXT, content_stamp=content, signature_stamps=[make_tsa()])
    assert check(raw).timestamp is None
    assert find_codes(check(raw))["timestamp_untrusted"] == "warning"
    assert check(raw, TIMED).timestamp == SEALED_AT + timedelta(seconds=3)
    assert find_codes(check(raw, TIMED))["timestamp"] == "pass"
    of_content_only = check(seal(TEXT, content_stamp=content), TIMED)
    assert of_content_only.timestamp is None
    assert find_codes(of_content_only)["timestamp"] == "pass"


def test_a_timestamp_by_an_unknown_authority_backdates_nothing() -> None:
    forger = make_tsa("Made-up Time", "Forged Root")
    long_ago = datetime(2024, 2, 1, tzinfo=UTC)
    outer = json.loads(seal(TEXT, at=long_ago))
    token = stamp(outer["signatures"][0]["signature"].encode(), long_ago, forger)
    value = {"tstTokens": [{"val": base64.b64encode(token).decode()}]}
    outer["signatures"][0]["header"] = {"etsiU": [{"sigTst": value}]}
    signature = check(json.dumps(outer).encode(), TIMED)
    assert signature.timestamp is None
    assert find_codes(signature)["timestamp_untrusted"] == "warning"


def test_a_timestamp_under_the_seal_has_to_be_of_this_content() -> None:
    for token, code in (
        (stamp(b"something else", SEALED_AT), "timestamp_of_other"),
        (b"no token", "timestamp_malformed"),
    ):
        assert refusal(seal(TEXT, content_stamp=token)) == (NotGenuine, code)


def test_a_spoiled_timestamp_beside_the_seal_is_left_out_and_said_so() -> None:
    for token in (stamp(b"something else", SEALED_AT), b"no token"):
        signature = check(seal(TEXT, signature_stamps=[token]), TIMED)
        assert signature.timestamp is None
        assert find_codes(signature)["timestamp_left_out"] == "warning"


def test_times_that_trusted_authorities_contradict_are_refused() -> None:
    after = stamp(TEXT.encode(), SEALED_AT + timedelta(days=30))
    assert refusal(seal(TEXT, content_stamp=after), TIMED) == (NotGenuine, "times_contradict")
    outer = json.loads(seal(TEXT))
    before = stamp(outer["signatures"][0]["signature"].encode(), SEALED_AT - timedelta(days=30))
    value: Mapping[str, Any] = {"sigTst": {"tstTokens": [{"val": base64.b64encode(before).decode()}]}}
    outer["signatures"][0]["header"] = {"etsiU": [value]}
    assert refusal(json.dumps(outer).encode(), TIMED) == (NotGenuine, "times_contradict")


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
        "timestamp_untrusted": "warning",
    }
    altered = raw.replace(b"Digital micro-credential creation", b"Digital micro-credential creations", 1)
    assert altered != raw
    with pytest.raises(NotGenuine, match="something else"):
        check_signatures(reading.read(altered)[0], refuse_to_fetch, NOW)
