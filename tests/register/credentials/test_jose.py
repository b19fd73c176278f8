"""A JWT is genuine only under a key that its issuer publishes; a key that it brings along proves nothing by itself."""

from __future__ import annotations

import base64
import contextlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import JWKRegistry

from register.credentials import reading
from register.credentials.errors import CredentialError, NotGenuine, Unreachable, Unsupported
from register.credentials.presented import Presented, SigningKey
from register.credentials.proofs import check_signatures
from register.credentials.proofs.jwt_claims import CLAIMS
from register.credentials.proofs.keys import format_multikey, thumbprint
from tests.register.tokens import (
    DID,
    KEY,
    OTHER,
    URL,
    WEB,
    Web,
    check,
    find_codes,
    make_claims,
    make_credential,
    make_did_document,
    make_jwt,
    refusal,
    to_jwk,
)
from tests.sealed import NOW, SEALED_AT, encode, issue, make_key, make_sealer, sign, to_der

ODD = st.sampled_from(
    """null true 0 -1 1.5 1e308 1000000000000000000000000000000 "" "a" "é" "https://x" "did:key:z6Mk" "did:web:"
    "did:jwk:e30"
    "9999-12-31T23:59:59Z" 253402300799 253402300800 [] [[]] [null] ["b64"] {} {"id":1} {"a":{}}
    {"kty":"RSA","n":"AQAB"}
    {"kty":"EC","crv":"P-256","x":"AA","y":"AA"} {"kty":"OKP","crv":"Ed25519","x":"AA"}""".split()
).map(json.loads)
SAMPLE = Path(__file__).parents[4] / "shared/data/credentials/openbadges/simple.jwt"


def test_a_vc_jwt_under_a_did_key_is_genuine() -> None:
    web = Web()
    signature = check(make_jwt(make_credential()), web)
    assert signature.controller == DID
    assert SigningKey("did", DID) in signature.keys
    assert SigningKey("jwk", thumbprint(KEY.public_key())) in signature.keys
    assert signature.findings == ()
    assert web.asked == []


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [
        ("2048", "RS256"), ("2048", "RS384"), ("2048", "RS512"), ("2048", "PS256"), ("2048", "PS384"),
        ("2048", "PS512"), ("P-256", "ES256"), ("P-384", "ES384"), ("P-521", "ES512"), ("Ed25519", "EdDSA"),
        ("Ed25519", "Ed25519"),
    ],
)  # fmt: skip
def test_every_algorithm_of_the_list_is_checked_under_a_did_web(kind: str, algorithm: str) -> None:
    key = make_key(kind, "web")
    web = Web({"https://academy.example/.well-known/did.json": make_did_document(key1=key)})
    raw = make_jwt(make_credential(WEB), key, algorithm=algorithm, header={"kid": f"{WEB}#key1"})
    assert check(raw, web).controller == WEB
    assert (
        check(make_jwt(make_credential(WEB), key, algorithm=algorithm, header={"kid": "key1"}), web).controller == WEB
    )
    assert (
        check(make_jwt(make_credential(WEB), key, algorithm=algorithm, header={"kid": "#key1"}), web).controller == WEB
    )
    assert check(make_jwt(make_credential(WEB), key, algorithm=algorithm), web).controller == WEB
    other = make_jwt(make_credential(WEB), make_key(kind, "other"), algorithm=algorithm, header={"kid": "key1"})
    assert refusal(other, web) == (NotGenuine, "signature_invalid")


@settings(max_examples=80, deadline=None)
@given(position=st.integers(min_value=0), sign_=st.sampled_from("AQgwz09-_."))
def test_no_letter_of_a_jwt_can_be_changed(position: int, sign_: str) -> None:
    raw = make_jwt(make_credential()).decode()
    at = position % len(raw)
    altered = raw[:at] + sign_ + raw[at + 1 :]
    if altered != raw:
        with pytest.raises((NotGenuine, Unsupported)):
            check_signatures(Presented("vc_jose", altered.encode(), make_credential()), Web(), NOW)


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("none", (NotGenuine, "alg_none")),
        ("None", (NotGenuine, "alg_none")),
        ("HS256", (NotGenuine, "alg_symmetric")),
        ("hs512", (NotGenuine, "alg_symmetric")),
        ("RS256", (NotGenuine, "algorithm_confusion")),
        ("ES256", (NotGenuine, "algorithm_confusion")),
        ("ES256K", (Unsupported, "algorithm")),
        ("ML-DSA-65", (Unsupported, "algorithm")),
        ("", (Unsupported, "algorithm")),
    ],
)
def test_an_algorithm_that_proves_no_origin_or_does_not_fit_the_key_is_refused(algorithm: str, expected: Any) -> None:
    assert refusal(make_jwt(make_credential(), algorithm=algorithm, signer="EdDSA")) == expected


def test_the_public_key_as_a_shared_secret_opens_nothing() -> None:
    """The classic confusion (RFC 8725, 2.1): HS256 keyed with what everybody knows."""
    import hashlib
    import hmac

    head = encode(b'{"alg":"HS256","typ":"vc+jwt"}')
    signed = f"{head}.{encode(json.dumps(make_credential()).encode())}".encode()
    jwk = json.dumps(to_jwk(KEY)).encode()
    raw = signed + b"." + encode(hmac.new(jwk, signed, hashlib.sha256).digest()).encode()
    assert refusal(raw) == (NotGenuine, "alg_symmetric")


def test_a_key_of_another_curve_than_the_algorithm_is_refused() -> None:
    key = make_key("P-384", "web")
    did = f"did:key:{format_multikey(key.public_key())}"
    assert refusal(make_jwt(make_credential(did), key, algorithm="ES256")) == (NotGenuine, "algorithm_confusion")


def test_a_weak_key_is_refused() -> None:
    key = make_key("1024", "weak")
    web = Web({"https://academy.example/.well-known/did.json": make_did_document(key1=key)})
    assert refusal(make_jwt(make_credential(WEB), key, algorithm="RS256"), web) == (NotGenuine, "weak_key")


def test_a_published_private_key_is_refused() -> None:
    private = to_jwk(KEY) | {"d": encode(KEY.private_bytes_raw())} if isinstance(KEY, ed25519.Ed25519PrivateKey) else {}
    raw = make_jwt(make_credential(URL), header={"jwk": private})
    assert refusal(raw) == (NotGenuine, "private_key_published")


@pytest.mark.parametrize("where", ["jwk", "x5c"])
def test_a_key_in_the_header_leaves_open_whose_it_is(where: str) -> None:
    sealer = make_sealer()
    x5c = [base64.b64encode(to_der(one)).decode() for one in sealer.chain]
    header = {"jwk": to_jwk(KEY)} if where == "jwk" else {"x5c": x5c, "x5t#S256": sealer.x5t}
    key, algorithm = (KEY, "EdDSA") if where == "jwk" else (sealer.key, "RS256")
    signature = check(make_jwt(make_credential(URL), key, algorithm=algorithm, header=header))
    assert find_codes(signature) == {"key_in_header": "warning"}
    assert signature.controller is None
    assert SigningKey("jwk", thumbprint(key.public_key())) in signature.keys
    assert (where == "x5c") == (signature.certificate is not None)
    assert all(one.kind != "eidas" for one in signature.keys)


def test_a_key_in_the_header_does_not_stand_in_for_the_issuers_own() -> None:
    thief = make_jwt(make_credential(), OTHER, header={"jwk": to_jwk(OTHER)})
    assert refusal(thief) == (NotGenuine, "two_keys")
    assert check(make_jwt(make_credential(), header={"jwk": to_jwk(KEY)})).controller == DID
    swapped = make_jwt(make_credential(URL), make_sealer().key, algorithm="RS256", header=swap_certificate())
    assert refusal(swapped) == (NotGenuine, "certificate_swapped")


def swap_certificate() -> dict[str, Any]:
    return {"x5c": [base64.b64encode(make_sealer().der).decode()], "x5t#S256": issue(None, "Another").x5t}


def test_addresses_of_keys_in_the_header_are_never_followed() -> None:
    web = Web({"https://thief.example/keys": {"keys": [to_jwk(OTHER)]}})
    header = {"jku": "https://thief.example/keys", "x5u": "https://thief.example/certificate"}
    assert refusal(make_jwt(make_credential(URL), OTHER, header=header), web) == (Unsupported, "key_not_named")
    assert web.asked == []
    assert check(make_jwt(make_credential(), header=header), web).controller == DID
    assert web.asked == []


def test_a_credential_signed_by_somebody_else_than_its_did_is_refused() -> None:
    other = f"did:key:{format_multikey(OTHER.public_key())}"
    raw = make_jwt(make_credential(), OTHER, header={"kid": f"{other}#{other.removeprefix('did:key:')}"})
    assert refusal(raw) == (NotGenuine, "signed_by_another")


def test_a_key_at_an_address_is_bound_when_it_lies_below_the_issuers() -> None:
    elsewhere = "https://academy.example/people/mallory/key"
    web = Web({f"{URL}/keys/1": to_jwk(KEY), elsewhere: to_jwk(KEY)})
    assert check(make_jwt(make_credential(URL), header={"kid": f"{URL}/keys/1"}), web).findings == ()
    assert check(make_jwt(make_credential({"id": URL}), header={"kid": f"{URL}/keys/1"}), web).findings == ()
    found = check(make_jwt(make_credential(URL), header={"kid": elsewhere}), web)
    assert find_codes(found) == {"key_not_bound_to_issuer": "warning"}
    longer = check(make_jwt(make_credential(f"{URL}0"), header={"kid": f"{URL}/keys/1"}), web)
    shorter = check(make_jwt(make_credential(URL[:-1] + "s"), header={"kid": f"{URL}/keys/1"}), web)
    for found in (longer, shorter):
        assert find_codes(found) == {"key_not_bound_to_issuer": "warning"}


def test_a_key_document_that_lists_the_key_is_read() -> None:
    document = make_did_document(URL, key1=KEY)
    raw = make_jwt(make_credential(URL), header={"kid": f"{URL}#key1"})
    assert check(raw, Web({URL: document})).controller == URL
    assert refusal(raw, Web()) == (Unreachable, "unreachable")
    assert refusal(raw, Web({URL: ["no", "key"]})) == (Unreachable, "key_malformed")


def test_a_key_for_something_else_or_revoked_is_refused() -> None:
    address = "https://academy.example/.well-known/did.json"
    document = make_did_document(key1=KEY)
    login = document | {"assertionMethod": [], "authentication": document["assertionMethod"]}
    raw = make_jwt(make_credential(WEB), header={"kid": f"{WEB}#key1"})
    assert refusal(raw, Web({address: login})) == (NotGenuine, "key_not_for_assertions")
    document["verificationMethod"][0]["revoked"] = "2025-06-01T00:00:00Z"
    assert refusal(raw, Web({address: document})) == (NotGenuine, "key_revoked")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"crit": ["exp"], "exp": 1}, (NotGenuine, "crit_not_understood")),
        ({"crit": []}, (NotGenuine, "crit_malformed")),
        ({"crit": ["b64"], "b64": False}, (NotGenuine, "b64_in_jwt")),
        ({"b64": False}, (NotGenuine, "b64_in_jwt")),
        ({"b64": "false"}, (NotGenuine, "malformed_jws")),
        ({"kid": 7}, (NotGenuine, "malformed_jws")),
        ({"typ": "vp+jwt"}, (NotGenuine, "other_type")),
        ({"typ": "trust-statement+jwt"}, (NotGenuine, "other_type")),
        ({"iss": "did:web:elsewhere.example"}, (NotGenuine, "claims_contradict")),
        ({"jwk": {"kty": "oct", "k": "AAAA"}}, (Unsupported, "key_type")),
    ],
)
def test_a_header_that_is_not_understood_or_contradicts_itself_is_refused(
    header: dict[str, Any], expected: Any
) -> None:
    assert refusal(make_jwt(make_credential(), header=header)) == expected


def test_members_that_stand_twice_are_refused() -> None:
    text = json.dumps(make_credential())
    twice = text[:-1] + f', "issuer": "{WEB}"}}'
    assert refusal(make_jwt(twice), document=make_credential()) == (NotGenuine, "malformed_jws")
    head = encode(b'{"alg": "EdDSA", "alg": "none"}')
    signed = f"{head}.{encode(text.encode())}"
    raw = f"{signed}.{encode(sign('EdDSA', KEY, signed.encode()))}".encode()
    assert refusal(raw) == (NotGenuine, "malformed_jws")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw + b"=",
        lambda raw: raw + b".e30",
        lambda raw: raw.replace(b".", b".=", 1),
        lambda raw: raw.rpartition(b".")[0],
        lambda raw: raw + "é".encode(),
    ],
)
def test_base64_that_could_be_read_otherwise_is_refused(spoil: Any) -> None:
    raw = spoil(make_jwt(make_credential()))
    assert refusal(raw, document=make_credential()) == (NotGenuine, "malformed_jws")


def test_a_document_that_is_not_the_payload_is_refused() -> None:
    raw = make_jwt(make_credential())
    assert refusal(raw, document=make_credential(name="Another")) == (NotGenuine, "other_document")


def test_a_payload_with_two_credentials_is_refused() -> None:
    both = make_credential() | {"vc": make_credential(id="https://academy.example/credentials/2")}
    assert refusal(make_jwt(both)) == (NotGenuine, "two_payloads")


def test_the_time_of_signing_is_told_and_may_not_lie_ahead() -> None:
    at = int(SEALED_AT.timestamp())
    assert check(make_jwt(make_credential() | {"iat": at})).created == SEALED_AT
    later = int((NOW + timedelta(hours=1)).timestamp())
    assert refusal(make_jwt(make_credential() | {"iat": later})) == (NotGenuine, "signed_in_future")


def read_sample() -> list[bytes]:
    return [SAMPLE.read_bytes().strip()] if SAMPLE.exists() else []


@pytest.mark.parametrize("raw", read_sample())
def test_the_sample_of_the_standard_names_no_key_and_so_cannot_be_checked(raw: bytes) -> None:
    presented = reading.read(raw)[0]
    assert presented.document["issuer"]["id"] == "https://example.edu/issuers/565049"
    with pytest.raises(Unsupported, match="which of its keys"):
        check_signatures(presented, Web(), NOW)


def test_keys_are_spelled_as_the_register_spells_them() -> None:
    for kind in ("Ed25519", "P-256", "2048"):
        key = make_key(kind, "issuer")
        assert thumbprint(key.public_key()) == JWKRegistry.import_key(to_jwk(key)).thumbprint()


@settings(max_examples=250, deadline=None)
@given(
    header=st.dictionaries(
        st.sampled_from("kid jwk x5c x5u jku typ cty crit b64 iss x5t#S256".split()), ODD, max_size=2
    ),
    changed=st.dictionaries(
        st.sampled_from([*CLAIMS, "vc", "id", "issuer", "validFrom", "credentialSubject"]), ODD, max_size=2
    ),
    old=st.booleans(),
)
def test_whatever_stands_in_a_jwt_is_read_or_refused_in_words(header: Any, changed: Any, old: bool) -> None:
    payload = (make_claims() if old else make_credential()) | changed
    with contextlib.suppress(CredentialError):
        for presented in reading.read(make_jwt(payload, header=header)):
            assert check_signatures(presented, Web(), NOW)
