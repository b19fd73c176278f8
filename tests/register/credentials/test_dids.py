"""DIDs and keys: what each method resolves to, and what is refused before anything is fetched or believed."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import base58
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc.errors import SecurityWarning
from joserfc.jwk import JWKRegistry

from register.credentials.errors import CredentialError, NotGenuine, Unreachable, Unsupported
from register.credentials.presented import SigningKey
from register.credentials.proofs.dids import MOST_METHODS, locate_web, resolve
from register.credentials.proofs.keys import (
    format_multikey,
    read_jwk,
    read_multibase,
    read_multikey,
    spell,
    thumbprint,
)
from tests.credential_proofs import ED, OTHER, P256, P384
from tests.outside import Web, fetch_nothing

DID = "did:web:college.example"
PAGE = "https://college.example/.well-known/did.json"
KEYS = [
    ED.private.public_key(),
    P256.private.public_key(),
    P384.private.public_key(),
    ec.derive_private_key(5, ec.SECP521R1()).public_key(),
    ec.derive_private_key(5, ec.SECP256K1()).public_key(),
    rsa.generate_private_key(65537, 2048).public_key(),
]
OKP = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
"""The key of RFC 8037, appendix A.2; its thumbprint is in A.3."""


def document(did: str = DID, **fields: Any) -> dict[str, Any]:
    method = {"id": f"{did}#a", "type": "Multikey", "controller": did, "publicKeyMultibase": ED.multikey}
    return {"id": did, "verificationMethod": [method], "assertionMethod": [f"{did}#a"], **fields}


def method(**fields: Any) -> dict[str, Any]:
    found = {**document()["verificationMethod"][0], **fields}
    return document(verificationMethod=[{name: value for name, value in found.items() if value is not None}])


def did_jwk(jwk: Any) -> str:
    return "did:jwk:" + base64.urlsafe_b64encode(json.dumps(jwk).encode()).rstrip(b"=").decode()


def refused(address: Any, web: Any = fetch_nothing) -> str:
    with pytest.raises(CredentialError) as caught:
        resolve(address, web)
    return caught.value.code


@pytest.mark.parametrize("key", KEYS, ids=lambda key: type(key).__name__)
def test_a_multikey_reads_back_as_the_key_it_was_written_from(key: Any) -> None:
    assert read_multikey(format_multikey(key)) == key
    found = resolve(f"did:key:{format_multikey(key)}", fetch_nothing)
    assert found.public_key == key
    assert found.purposes >= {"assertionMethod"}
    assert SigningKey("jwk", thumbprint(key)) in found.keys


def test_a_thumbprint_is_that_of_rfc_8037() -> None:
    assert thumbprint(read_jwk(OKP)) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def as_jwk(key: Any) -> dict[str, Any]:
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    kind = "OKP" if isinstance(key, ed25519.Ed25519PublicKey) else "RSA" if isinstance(key, rsa.RSAPublicKey) else "EC"
    return JWKRegistry.import_key(pem, kind).as_dict(private=False)


@pytest.mark.parametrize("key", KEYS, ids=lambda key: type(key).__name__)
def test_a_jwk_reads_back_and_its_thumbprint_is_made_by_the_rules(key: Any) -> None:
    """RFC 7638, section 3: SHA-256 of the required members alone, in order, without white space."""
    jwk = as_jwk(key)
    needed = {name: jwk[name] for name in ("crv", "e", "kty", "n", "x", "y") if name in jwk}
    digest = hashlib.sha256(json.dumps(needed, sort_keys=True, separators=(",", ":")).encode()).digest()
    assert thumbprint(key) == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert read_jwk({**jwk, "kid": "1", "alg": "x"}) == key


def test_a_key_is_spelled_in_every_way_a_register_may_know_it() -> None:
    (web, own, jwk) = spell(ED.private.public_key(), DID)
    assert (web, own) == (SigningKey("did", DID), SigningKey("did", ED.did))
    assert jwk.kind == "jwk"
    assert len(spell(ED.private.public_key(), ED.did)) == 2


def test_a_did_key_names_its_only_key_or_nothing() -> None:
    assert resolve(ED.did, fetch_nothing) == resolve(ED.method, fetch_nothing)
    assert refused(f"{ED.did}#{OTHER.multikey}") == "key_not_in_document"
    assert refused(f"{ED.did}#0") == "key_not_in_document"


def test_a_did_jwk_holds_its_key() -> None:
    found = resolve(did_jwk(OKP) + "#0", fetch_nothing)
    assert thumbprint(found.public_key) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert refused(did_jwk(OKP) + "#1") == "key_not_in_document"
    assert refused(did_jwk({**OKP, "use": "enc"})) == "key_not_for_signing"
    assert refused(did_jwk({**OKP, "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"})) == "private_key_published"
    assert refused("did:jwk:bm90IGpzb24") == "malformed_key"


@pytest.mark.parametrize(
    ("jwk", "code"),
    [
        ({"kty": "oct", "k": "AAAA"}, "key_type"),
        ({"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"}, "malformed_key"),
        ({"kty": "OKP", "crv": "Ed25519"}, "malformed_key"),
        ({"kty": "OKP", "crv": "X25519", "x": OKP["x"]}, "key_type"),
        ({"kty": "RSA", "e": "AQAB", "n": "A" * 3000}, "malformed_key"),
        ({"kty": "OKP", "crv": "Ed25519", "x": 7}, "malformed_key"),
        ([], "malformed_key"),
        ("x", "malformed_key"),
        ({"kty": ["EC"]}, "key_type"),
    ],
)
def test_what_is_no_signing_key_is_refused(jwk: Any, code: str) -> None:
    with pytest.raises((NotGenuine, Unsupported)) as caught:
        read_jwk(jwk)
    assert caught.value.code == code


def test_a_short_rsa_key_is_too_weak_in_either_spelling() -> None:
    weak = rsa.generate_private_key(65537, 1024).public_key()
    number = weak.public_numbers().n.to_bytes(128, "big")
    jwk = {"kty": "RSA", "e": "AQAB", "n": base64.urlsafe_b64encode(number).rstrip(b"=").decode()}
    with pytest.raises(NotGenuine, match="1024") as caught, pytest.warns(SecurityWarning):
        read_jwk(jwk)
    assert caught.value.code == "weak_key"
    assert refused(f"did:key:{format_multikey(weak)}") == "weak_key"


@pytest.mark.parametrize(
    ("did", "page"),
    [
        ("did:web:college.example", PAGE),
        ("did:web:college.example:a:b", "https://college.example/a/b/did.json"),
        ("did:web:college.example%3A8443", "https://college.example:8443/.well-known/did.json"),
        ("did:web:college.example:a%20b", "https://college.example/a%20b/did.json"),
    ],
)
def test_a_did_web_lies_where_its_method_says(did: str, page: str) -> None:
    assert locate_web(did) == page
    assert resolve(f"{did}#a", Web({page: document(did)})).controller == did


@pytest.mark.parametrize(
    "did",
    [
        "did:web:a@b",
        "did:web:college.example%2Fa",
        "did:web:college.example%40evil.example",
        "did:web:college.example:..:secret",
        "did:web:college.example:%2e%2e",
        "did:web:college.example::a",
        "did:web::",
        "did:web:[::1]",
        "did:web:college.example%3A8443%3A1",
        "did:web:-college.example",
        "did:",
        "did:web:",
        "DID:web:college.example",
        "z6Mk",
        "",
        7,
        "did:web:" + "a" * 3000,
    ],
)
def test_an_address_that_would_lead_astray_is_not_followed(did: Any) -> None:
    assert refused(did) == "malformed_did"


@pytest.mark.parametrize("did", ["did:ion:EiA", "did:ebsi:z2d", "did:ethr:0x1", "did:indy:a:b", "did:example:1#k"])
def test_other_methods_are_named(did: str) -> None:
    assert refused(did) == "did_method"


def test_parameters_of_a_did_are_not_ignored() -> None:
    assert refused(f"{DID}?versionId=1#a") == "did_parameters"
    assert refused(f"{DID}/path#a") == "did_parameters"


@pytest.mark.parametrize(
    ("page", "code"),
    [
        ({**document(), "id": "did:web:other.example"}, "foreign_document"),
        ({name: value for name, value in document().items() if name != "id"}, "foreign_document"),
        (method(id="#b"), "key_not_in_document"),
        (method(controller="did:web:other.example"), "foreign_key"),
        (method(publicKeyMultibase=None), "key_type"),
        (method(publicKeyMultibase="z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F"), "key_type"),
        (method(publicKeyMultibase="z" + base58.b58encode(b"\xed\x01" + bytes(31)).decode()), "malformed_key"),
        (method(secretKeyMultibase="z3u2"), "private_key_published"),
        (method(expires="soon"), "malformed_key"),
        (document(verificationMethod=document()["verificationMethod"] * (MOST_METHODS + 1)), "did_document_too_large"),
        (document(verificationMethod="x", assertionMethod=7), "key_not_in_document"),
        (b"<html>", "did_document_malformed"),
        (b"[]", "did_document_malformed"),
        (b'{"id": "did:web:college.example", "id": "did:web:other.example"}', "did_document_malformed"),
        (b"[" * 100_000, "did_document_malformed"),
        (b"\xff\xfe", "did_document_malformed"),
    ],
)
def test_a_document_that_does_not_say_whose_key_it_is_is_refused(page: Any, code: str) -> None:
    assert refused(f"{DID}#a", Web({PAGE: page})) == code


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "Ed25519VerificationKey2020"},
        {"type": "JsonWebKey2020", "publicKeyMultibase": None},
        {"type": "JsonWebKey", "publicKeyMultibase": None},
        {"type": "Ed25519VerificationKey2018", "publicKeyMultibase": None},
        {"id": "#a"},
        {"controller": None},
    ],
)
def test_keys_are_read_in_every_spelling_of_documents(fields: dict[str, Any]) -> None:
    raw = ED.private.public_key().public_bytes_raw() if isinstance(ED.private, ed25519.Ed25519PrivateKey) else b""
    if "JsonWebKey" in fields.get("type", ""):
        fields = {**fields, "publicKeyJwk": as_jwk(ED.private.public_key())}
    if fields.get("type") == "Ed25519VerificationKey2018":
        fields = {**fields, "publicKeyBase58": base58.b58encode(raw).decode()}
    found = resolve(f"{DID}#a", Web({PAGE: method(**fields)}))
    assert found.public_key == ED.private.public_key()
    assert found.purposes == {"assertionMethod"}


def test_a_key_may_stand_within_the_relationship_itself() -> None:
    whole = document()
    page = {"id": DID, "assertionMethod": whole["verificationMethod"]}
    assert resolve(f"{DID}#a", Web({PAGE: page})).purposes == {"assertionMethod"}


def test_a_did_alone_stands_for_its_only_key() -> None:
    assert resolve(DID, Web({PAGE: document()})).id == f"{DID}#a"
    assert refused(DID, Web({PAGE: document(assertionMethod=[])})) == "key_not_named"
    assert refused(DID, Web({PAGE: document(assertionMethod=[f"{DID}#a", f"{DID}#b"])})) == "key_not_named"


def test_a_key_not_listed_for_assertions_has_no_such_purpose() -> None:
    page = document(assertionMethod=[], authentication=["#a"])
    assert resolve(f"{DID}#a", Web({PAGE: page})).purposes == {"authentication"}


def test_a_key_at_a_web_address_is_its_controllers() -> None:
    home = "https://college.example/keys/1"
    page = {"id": home, "type": "Multikey", "controller": "https://college.example", "publicKeyMultibase": ED.multikey}
    assert resolve(home, Web({home: page})).controller == "https://college.example"
    assert refused(home, Web({home: {**page, "id": home + "2"}})) == "key_not_in_document"
    assert refused(home, Web({home: document()})) == "foreign_document"
    assert refused("http://college.example/keys/1") == "insecure_key_address"


def test_a_key_spelled_in_its_address_is_used_only_as_long_as_the_page_is_out_of_reach() -> None:
    address = f"https://college.example/badges#{ED.multikey}"
    assert not resolve(address, Web({})).proven
    assert refused(address, Web({"https://college.example/badges": {"id": "https://college.example/badges"}})) == (
        "key_not_in_document"
    )
    with pytest.raises(Unreachable):
        resolve("https://college.example/badges#k", Web({}))


@given(st.text(max_size=60) | st.text("zu123ABCdef", max_size=60))
def test_multibase_reads_or_refuses_any_text(text: str) -> None:
    try:
        assert isinstance(read_multibase(text), bytes)
    except ValueError:
        return


@given(st.binary(max_size=80))
def test_any_bytes_as_a_multikey_are_a_key_or_an_error(data: bytes) -> None:
    for prefix in (b"", b"\xed\x01", b"\x80\x24", b"\x85\x24"):
        try:
            key = read_multikey("z" + base58.b58encode(prefix + data).decode())
        except CredentialError:
            continue
        assert format_multikey(key) == "z" + base58.b58encode(prefix + data).decode()


def test_a_name_that_leads_nowhere_leaves_it_open() -> None:
    with pytest.raises(Unsupported) as refused_as:
        resolve("urn:uuid:4ca4a241-fc3b-4d92-978e-f56fa96ae795#key", lambda *_args, **_options: b"")
    assert refused_as.value.code == "nameless_key"


@pytest.mark.parametrize(
    "victim", [DID, "https://college.example", "https://evil.example/k", "https://evil.example.college"]
)
def test_whoever_publishes_a_key_cannot_name_another_as_its_controller(victim: str) -> None:
    page = "https://evil.example/key"
    published = {"id": page, "type": "Multikey", "controller": victim, "publicKeyMultibase": ED.multikey}
    found = resolve(page, Web({page: published}))
    assert found.controller == page
    assert not found.proven
    assert SigningKey("did", victim) not in found.keys


def test_an_address_that_is_none_is_refused() -> None:
    assert refused("https://[x/key") == "malformed_did"


def test_a_document_with_half_a_character_is_not_read() -> None:
    page = "https://college.example/.well-known/did.json"
    broken = json.dumps(document() | {"name": "\ud800"}).encode()
    with pytest.raises(Unreachable):
        resolve(f"{DID}#a", lambda *_args, **_options: broken if page else b"")


@given(st.binary(max_size=80) | st.binary(max_size=8).map(lambda data: bytes(5) + data))
def test_base58_reads_back_as_the_same_bytes(data: bytes) -> None:
    text = "z" + base58.b58encode(data).decode()
    if len(text) > 1:
        assert read_multibase(text) == data == base58.b58decode(text[1:])


@pytest.mark.parametrize("text", ["z0", "zO", "zI", "zl", "z1 1", "z2g\n", "z\n", "z", "Z1"])
def test_what_is_no_base58_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"base58|multibase|character"):
        read_multibase(text)
