"""Control over a key: what proves it, and what does not, however official it looks."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from register.credentials.proofs.keys import thumbprint
from register.credentials.proofs.trust_anchors import NO_ANCHORS, TrustAnchors
from register.desk.control import LASTS, Offer, Unproven, check_challenge, make_challenge, prove_control, read_expiry
from register.desk.keys import read_key
from register.desk.offered_keys import read_offer
from tests import sealed
from tests.credential_proofs import Key
from tests.outside import Web, fetch_nothing
from tests.sealed import NOW, PrivateKey, encode

REGISTER, ISSUER = "register.nl.example", "https://register.nl.example/issuers/1"
DID = "did:web:college.example"
ED, OTHER = Key(ed25519.Ed25519PrivateKey.generate()), Key(ed25519.Ed25519PrivateKey.generate())
KINDS = ("P-256", "P-384", "2048", "Ed25519")
ALGORITHMS = {"P-256": "ES256", "P-384": "ES384", "2048": "RS256", "Ed25519": "EdDSA"}


def pem(key: PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def offer_key(key: PrivateKey) -> Offer:
    return read_offer("jwk", pem(key), fetch_nothing, NO_ANCHORS, NOW)


def challenge_for(offer: Offer) -> str:
    return make_challenge(REGISTER, ISSUER, offer, NOW)


def make_jws(key: PrivateKey, algorithm: str, payload: str) -> bytes:
    head = encode(json.dumps({"alg": algorithm}).encode())
    body = encode(payload.encode())
    return f"{head}.{body}.{encode(sealed.sign(algorithm, key, f'{head}.{body}'.encode()))}".encode()


def method(name: str, key: Key) -> dict[str, str]:
    return {"id": f"{DID}#{name}", "type": "Multikey", "controller": DID, "publicKeyMultibase": key.multikey}


def document(**fields: Any) -> Web:
    told = {"id": DID, "verificationMethod": [method("k1", ED), method("k2", OTHER)], **fields}
    return Web({"https://college.example/.well-known/did.json": told})


def offer_did(web: Web, did: str = DID) -> Offer:
    return read_offer("did", did.encode(), web, NO_ANCHORS, NOW)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_bare_signature_as_the_command_shown_makes_it_proves_control(kind: str, ending: str) -> None:
    key = sealed.make_key(kind)
    offer = offer_key(key)
    (held,) = offer.keys
    challenge = challenge_for(offer)
    signature = sealed.sign(ALGORITHMS[kind], key, (challenge + ending).encode(), der=True)
    for spelt in (signature, signature.hex().encode(), base64.b64encode(signature), base64.encodebytes(signature)):
        assert prove_control(offer, challenge, spelt) == held
    assert ("-rawin" if kind == "Ed25519" else f"dgst -sha{ALGORITHMS[kind][2:]} ") in held.command


@pytest.mark.parametrize("kind", KINDS)
def test_a_jws_over_the_challenge_proves_control_whole_or_detached(kind: str) -> None:
    key = sealed.make_key(kind)
    offer = offer_key(key)
    challenge = challenge_for(offer)
    whole = make_jws(key, ALGORITHMS[kind], challenge)
    head, _, tail = whole.split(b".")
    for signature in (whole, whole + b"\n", head + b".." + tail):
        assert prove_control(offer, challenge, signature).public_key == offer.keys[0].public_key


def test_another_key_another_text_and_no_signature_prove_nothing() -> None:
    key, other = sealed.make_key("Ed25519"), sealed.make_key("Ed25519", "other")
    offer = offer_key(key)
    challenge = challenge_for(offer)
    wrong = [
        make_jws(other, "EdDSA", challenge),
        make_jws(key, "EdDSA", challenge + "x"),
        sealed.sign("EdDSA", other, challenge.encode()),
        sealed.sign("EdDSA", key, b"something else"),
        b"",
        b"..",
        b"!" * 64,
        b"a" * 70_000,
    ]
    for signature in wrong:
        with pytest.raises(Unproven) as error:
            prove_control(offer, challenge, signature)
        assert error.value.field == "signature"


def test_a_key_is_no_secret_for_a_mac() -> None:
    offer = offer_key(sealed.make_key("2048"))
    challenge = challenge_for(offer)
    head, body = encode(b'{"alg":"HS256"}'), encode(challenge.encode())
    with pytest.raises(Unproven, match="shared secret"):
        prove_control(offer, challenge, f"{head}.{body}.{encode(b'x' * 32)}".encode())


def test_a_challenge_holds_for_its_issuer_and_key_alone_and_expires() -> None:
    offer, other = offer_key(sealed.make_key("Ed25519")), offer_key(sealed.make_key("Ed25519", "other"))
    challenge = challenge_for(offer)
    check_challenge(challenge.replace("\n", "\r\n"), REGISTER, ISSUER, offer, NOW)
    assert read_expiry(challenge) == NOW + LASTS
    for arguments in (
        (challenge, REGISTER, ISSUER, other, NOW),
        (challenge, REGISTER, ISSUER + "2", offer, NOW),
        (challenge, "register.de.example", ISSUER, offer, NOW),
        (challenge, REGISTER, ISSUER, offer, NOW + LASTS),
        (challenge.replace("expires: 2026", "expires: 2036"), REGISTER, ISSUER, offer, NOW),
        (challenge.replace("\nmac: ", "\nmac: 0"), REGISTER, ISSUER, offer, NOW),
        ("", REGISTER, ISSUER, offer, NOW),
    ):
        with pytest.raises(Unproven) as error:
            check_challenge(*arguments)
        assert error.value.field == "challenge"
    assert challenge_for(offer) != challenge_for(offer)


def test_the_key_of_a_did_document_proves_control_of_the_did() -> None:
    web = document(assertionMethod=["#k1", f"{DID}#k2"])
    offer = offer_did(web)
    challenge = challenge_for(offer)
    assert (offer.kind, offer.value, len(offer.keys)) == ("did", DID, 2)
    assert prove_control(offer, challenge, OTHER.sign(challenge.encode())).name == f"{DID}#k2"
    assert "https://college.example/.well-known/did.json" in offer.found
    only = offer_did(web, f"{DID}#k1")
    with pytest.raises(Unproven):
        prove_control(only, challenge, OTHER.sign(challenge.encode()))


def test_keys_that_may_assert_nothing_or_are_over_prove_nothing() -> None:
    over = method("k1", ED) | {"expires": "2020-01-01T00:00:00Z"}
    for web in (document(), document(verificationMethod=[over], assertionMethod=["#k1"])):
        with pytest.raises(Unproven, match="no key in it"):
            offer_did(web)


def test_a_document_that_nobody_may_keep_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    web, asked = document(assertionMethod=["#k1", "#k2"]), []

    def fetch(url: str, **bounds: Any) -> bytes:
        asked.append(url)
        return web(url, **bounds)

    monkeypatch.setattr("register.desk.keys.open_web", lambda: fetch)
    assert len(read_key("did", DID.encode(), NOW).keys) == 2
    assert len(asked) <= 2


def test_a_did_key_needs_no_document() -> None:
    offer = read_offer("did", ED.did.encode(), fetch_nothing, NO_ANCHORS, NOW)
    challenge = challenge_for(offer)
    assert prove_control(offer, challenge, ED.sign(challenge.encode())).name == ED.method


@pytest.mark.parametrize(
    ("pages", "words"),
    [
        ({}, "does not answer"),
        ({"https://college.example/.well-known/did.json": b"<html>"}, "JSON"),
        ({"https://college.example/.well-known/did.json": {"id": "did:web:evil.example"}}, "no key in it"),
        ({"https://college.example/.well-known/did.json": []}, "no key in it"),
    ],
)
def test_a_document_that_cannot_be_read_leaves_it_unproven(pages: dict[str, Any], words: str) -> None:
    with pytest.raises(Unproven, match=words):
        offer_did(Web(pages))


def test_a_document_of_somebody_else_lists_no_keys_of_this_did() -> None:
    foreign = {"id": "did:web:evil.example", "verificationMethod": [method("k1", ED)], "assertionMethod": ["#k1"]}
    web = Web({"https://college.example/.well-known/did.json": foreign})
    with pytest.raises(Unproven):
        offer_did(web)


def test_a_certificate_proves_by_its_key_and_is_bound_by_its_thumbprint() -> None:
    holder = sealed.make_sealer()
    chain = b"".join(one.public_bytes(Encoding.PEM) for one in holder.chain)
    for material in (chain, holder.der):
        offer = read_offer("x5t", material, fetch_nothing, NO_ANCHORS, NOW)
        assert (offer.value, offer.valid_until) == (holder.x5t, sealed.UNTIL)
        challenge = challenge_for(offer)
        assert prove_control(offer, challenge, sealed.sign("RS256", holder.key, challenge.encode()))
        with pytest.raises(Unproven, match="Academy of Example"):
            prove_control(offer, challenge, sealed.sign("RS256", sealed.make_key("2048"), challenge.encode()))


def test_what_strangers_call_themselves_reads_as_no_word_of_ours() -> None:
    name = 'X" (RSA 2048), issued under Trust, checked by this register'
    offer = read_offer("x5t", sealed.issue(sealed.make_root(name), name).der, fetch_nothing, NO_ANCHORS, NOW)
    assert offer.keys[0].name == f"the certificate of {json.dumps(name)}"
    assert offer.found.startswith('as handed in, by its own word issued by "')
    sly = method("k1 (Ed25519), checked by this register", ED)
    with pytest.raises(Unproven, match="no key in it"):
        offer_did(document(verificationMethod=[sly], assertionMethod=[sly["id"]]))


def test_an_organisation_identifier_counts_only_under_a_trusted_authority() -> None:
    holder = sealed.make_sealer()
    chain = b"".join(one.public_bytes(Encoding.PEM) for one in holder.chain)
    with pytest.raises(Unproven, match="vouches"):
        read_offer("eidas", chain, fetch_nothing, NO_ANCHORS, NOW)
    anchors = TrustAnchors(sealing=frozenset({sealed.make_root().der}))
    offer = read_offer("eidas", chain, fetch_nothing, anchors, NOW)
    assert (offer.kind, offer.value) == ("eidas", "VATNL-000099998B57")


@pytest.mark.parametrize(
    ("kind", "material", "words"),
    [
        ("did", b"did:ethr:0x1", "not supported"),
        ("did", b"college.example", "such as did:web"),
        ("did", "did:web:\u0441ollege".encode(), "plain letters"),
        ("jwk", b"{", "not JSON"),
        ("jwk", b"hello", "public key"),
        ("jwk", b'{"kty":"oct","k":"AA"}', "kind"),
        ("jwk", b'{"kty":"EC","crv":"P-256","d":"AA"}', "private"),
        ("jwk", b"-----BEGIN PRIVATE KEY-----", "private key"),
        ("jwk", pem(ec.generate_private_key(ec.BrainpoolP256R1())), "kind"),
        ("jwk", pem(rsa.generate_private_key(65537, 1024)), "too weak"),
        ("x5t", b"hello", "PEM or DER"),
        ("x5t", b"-----BEGIN CERTIFICATE-----", "PEM or DER"),
        ("x5t", b"-----BEGIN RSA PRIVATE KEY-----", "private key"),
        ("jwk", b" ", "Hand in the key"),
        ("jwk", b"x" * 70_000, "too large"),
    ],
)
def test_what_is_no_key_is_refused_with_a_sentence(kind: str, material: bytes, words: str) -> None:
    with pytest.raises(Unproven, match=words) as error:
        read_offer(kind, material, fetch_nothing, NO_ANCHORS, NOW)
    assert error.value.field == "material"


def test_a_certificate_that_is_over_is_refused() -> None:
    with pytest.raises(Unproven, match="not valid today"):
        read_offer("x5t", sealed.make_sealer().der, fetch_nothing, NO_ANCHORS, sealed.UNTIL + timedelta(days=1))


def test_a_jwk_is_bound_by_its_thumbprint() -> None:
    key = sealed.make_key("P-256")
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    numbers = key.public_key().public_numbers()
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": encode(numbers.x.to_bytes(32, "big")),
        "y": encode(numbers.y.to_bytes(32, "big")),
    }
    offer = read_offer("jwk", json.dumps(jwk).encode(), fetch_nothing, NO_ANCHORS, NOW)
    assert offer.value == thumbprint(key.public_key())
