"""Blockcerts: hash and path are recomputed, alterations are found, and the chain is never said to have been asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import base58
import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.credentials.claims import read_claims
from register.credentials.errors import CredentialError, NotGenuine, Unsupported
from register.credentials.presented import Presented, Signature
from register.credentials.proofs import check_signatures
from register.credentials.proofs.merkle_proofs import MerkleProof, parse_2017, parse_2019
from register.credentials.reading import read
from tests import credential_proofs, wrapping
from tests.credential_proofs import NOW, normalise
from tests.outside import fetch_nothing

V3 = ("https://www.w3.org/2018/credentials/v1", "https://w3id.org/blockcerts/v3.1")
TRANSACTION = "ab" * 32
OWN_TERMS = {"nonce": {"@id": "https://university.example/terms#nonce", "@type": "https://schema.org/Text"}}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def climb(leaf: str, siblings: Sequence[tuple[str, str]]) -> str:
    """Return the root above a leaf, the slow and obvious way."""
    for side, other in siblings:
        pair = other + leaf if side == "left" else leaf + other
        leaf = sha256(bytes.fromhex(pair))
    return leaf


SIBLINGS = [("right", sha256(b"one")), ("left", sha256(b"two")), ("right", sha256(b"three"))]
Pack = Callable[[str], bytes]


def pack_bytes(text: str) -> bytes:
    return cbor2.dumps(bytes.fromhex(text))


def pack_text(text: str) -> bytes:
    return cbor2.dumps(text)


def encode_2019(value: object) -> str:
    return "z" + base58.b58encode(cbor2.dumps(value)).decode()


def make_2019(
    target: str,
    root: str | None = None,
    siblings: Sequence[tuple[str, str]] = tuple(SIBLINGS),
    chain: tuple[int, int] = (0, 1),
    pack: Pack = pack_bytes,
) -> list[Any]:
    """Return a Merkle proof as it stands in CBOR: numbered members, hashes as CBOR within CBOR."""
    path = [[0 if side == "left" else 1, pack(other)] for side, other in siblings]
    anchor = [[0, chain[0]], [1, chain[1]], [2, pack(TRANSACTION)]]
    return [[3, path], [0, pack(root or climb(target, siblings))], [1, pack(target)], [2, [anchor]]]


def make_v3(*earlier: Mapping[str, Any], wrap: Mapping[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    """Return a certificate of version 3, anchored with the proofs that it had before."""
    options = {name: members.pop(name) for name in ("chain", "pack", "root") if name in members}
    document = {
        "@context": list(V3),
        "id": "urn:uuid:5bfa2d5c-0f9c-4a3b-8f2f-0b8c7c9f7d10",
        "type": ["VerifiableCredential", "BlockcertsCredential"],
        "issuer": "https://university.example/issuer.json",
        "issuanceDate": "2024-05-01T10:00:00Z",
        "credentialSubject": {"id": "did:example:learner", "claim": {"id": "urn:x:1", "name": "Master of Puppets"}},
        **members,
    }
    signed = {**document, "proof": list(earlier)} if earlier else document
    value = encode_2019(make_2019(sha256(normalise(signed)), **options))
    proof = {"type": "MerkleProof2019", "proofPurpose": "assertionMethod", "proofValue": value, **(wrap or {})}
    return {**document, "proof": [*earlier, proof] if earlier else proof}


def make_v2(*contexts: Any, **anchor: Any) -> dict[str, Any]:
    """Return a certificate of version 2."""
    document: dict[str, Any] = {
        "@context": ["https://w3id.org/openbadges/v2", "https://w3id.org/blockcerts/v2", *contexts],
        "type": "Assertion",
        "id": "urn:uuid:8d2e5c7a-91a4-4a52-a9fe-5e2f60cf7b11",
        "recipient": {"type": "email", "identity": "learner@university.example", "hashed": False},
        "badge": {
            "type": "BadgeClass",
            "id": "urn:uuid:1",
            "name": "Certificate of Accomplishment",
            "description": "Awarded for an accomplishment.",
            "issuer": {"type": "Profile", "id": "https://university.example/issuer.json", "name": "University"},
        },
        "issuedOn": "2018-02-07T23:52:16.636+00:00",
    }
    if contexts:
        document["nonce"] = "814ce340"
    target = sha256(normalise(document))
    signature = {
        "type": ["MerkleProof2017", "Extension"],
        "merkleRoot": climb(target, SIBLINGS),
        "targetHash": target,
        "proof": [{side: other} for side, other in SIBLINGS],
        "anchors": [{"sourceId": TRANSACTION, "type": "BTCOpReturn", "chain": "bitcoinMainnet", **anchor}],
    }
    return {**document, "signature": signature}


def present(document: Mapping[str, Any]) -> Presented:
    (found,) = read(json.dumps(document).encode())
    return found


def check(document: Mapping[str, Any]) -> tuple[Signature, ...]:
    return check_signatures(present(document), fetch_nothing, NOW)


def list_codes(signature: Signature) -> list[tuple[str, str]]:
    return [(finding.code, finding.outcome) for finding in signature.findings]


def refuse(document: Mapping[str, Any], code: str, error: type[CredentialError] = NotGenuine) -> None:
    with pytest.raises(error) as refusal:
        check(document)
    assert refusal.value.code == code, refusal.value.message


HOLDS = [("hash_path_holds", "pass"), ("chain_not_checked", "not_checked")]
ON_TESTS = [("hash_path_holds", "pass"), ("test_network", "not_checked")]


@pytest.mark.parametrize("make", [make_v2, make_v3])
def test_a_certificate_that_was_not_altered_holds_and_its_chain_was_not_asked(make: Callable[[], Any]) -> None:
    (signature,) = check(make())
    assert list_codes(signature) == HOLDS
    assert (signature.keys, signature.controller, signature.created) == ((), None, None), (
        "nobody is shown to have signed"
    )
    assert signature.findings[1].evidence == {"chain": "bitcoin", "network": "mainnet", "transaction": TRANSACTION}


@pytest.mark.parametrize("pack", [pack_bytes, pack_text])
def test_hashes_are_read_as_both_encoders_write_them(pack: Pack) -> None:
    assert list_codes(check(make_v3(pack=pack))[0]) == HOLDS


@pytest.mark.parametrize(
    "wrap",
    [
        {"type": "ChainedProof2021", "chainedProofType": "MerkleProof2019"},
        {"type": "DataIntegrityProof", "cryptosuite": "merkle-proof-2019"},
    ],
)
def test_the_path_is_found_under_each_of_its_names(wrap: Mapping[str, Any]) -> None:
    assert list_codes(check(make_v3(wrap=wrap))[0]) == HOLDS


@pytest.mark.parametrize("chain", [(0, 3), (1, 3), (1, 11155111), (2, 80001), (-1, -1), (0, 77), (99, 1)])
def test_a_network_for_tests_proves_nothing_and_the_report_says_so(chain: tuple[int, int]) -> None:
    assert list_codes(check(make_v3(chain=chain))[0]) == ON_TESTS


@pytest.mark.parametrize("chain", ["bitcoinTestnet", "bitcoinRegtest", "ethereumRopsten", "mockchain", "dogecoin"])
def test_so_it_is_in_version_2(chain: str) -> None:
    assert list_codes(check(make_v2(chain=chain))[0]) == ON_TESTS


ALTERATIONS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "the title": lambda it: it["credentialSubject"]["claim"].update(name="Doctor of Puppets"),
    "the date": lambda it: it.update(issuanceDate="2014-05-01T10:00:00Z"),
    "the issuer": lambda it: it.update(issuer="https://other.example/issuer.json"),
    "something more": lambda it: it["credentialSubject"].update(email="a@b.example"),
    "something less": lambda it: it.pop("issuanceDate"),
}


@pytest.mark.parametrize("name", ALTERATIONS)
def test_an_altered_certificate_is_found(name: str) -> None:
    document = make_v3()
    ALTERATIONS[name](document)
    refuse(document, "altered")


def test_an_altered_certificate_of_version_2_is_found_also_when_it_has_terms_of_its_own() -> None:
    for document in (make_v2(), make_v2(OWN_TERMS)):
        document["badge"]["name"] = "Doctorate"
        refuse(document, "altered")


def test_what_the_hash_does_not_cover_is_found() -> None:
    document = make_v3()
    document["credentialSubject"]["honours"] = "with distinction"
    refuse(document, "unsigned_term")


def test_a_context_that_is_not_known_is_not_followed() -> None:
    document = make_v3()
    document["@context"] = [*V3, "https://university.example/terms"]
    refuse(document, "unknown_context", Unsupported)


def test_terms_of_its_own_leave_open_what_its_words_mean() -> None:
    (signature,) = check(make_v2(OWN_TERMS))
    assert list_codes(signature) == [*HOLDS, ("own_terms", "not_checked")]
    refuse(
        make_v2({**OWN_TERMS, **{f"term{number}": "https://x.example/" for number in range(1000)}}),
        "inline_context",
        Unsupported,
    )


def test_a_path_to_another_root_is_found() -> None:
    refuse(make_v3(root=sha256(b"another")), "broken_path")
    document = make_v2()
    document["signature"]["proof"].reverse()
    refuse(document, "broken_path")


def test_a_proof_of_another_purpose_is_refused() -> None:
    refuse(make_v3(wrap={"proofPurpose": "authentication"}), "wrong_purpose")


def test_another_signature_beside_the_path_shows_who_issued_it() -> None:
    badge: dict[str, Any] = {
        "@context": [V3[0], credential_proofs.ED25519, V3[1]],
        "id": "urn:uuid:5bfa2d5c-0f9c-4a3b-8f2f-0b8c7c9f7d11",
        "type": ["VerifiableCredential"],
        "issuer": credential_proofs.ED.did,
        "issuanceDate": "2024-05-01T10:00:00Z",
        "credentialSubject": {"id": "did:example:learner"},
    }
    signed = credential_proofs.sign(badge, "Ed25519Signature2020")
    own, path = check(make_v3(signed["proof"], **badge))
    assert own.controller == credential_proofs.ED.did
    assert list_codes(path) == [("hash_path_holds", "pass"), ("chain_not_checked", "warning")]
    other = credential_proofs.sign({**badge, "issuanceDate": "2014-05-01T10:00:00Z"}, "Ed25519Signature2020")
    forged = {**signed["proof"], "proofValue": other["proof"]["proofValue"]}
    with pytest.raises(NotGenuine):
        check(make_v3(forged, **badge))


def test_a_signature_that_cannot_be_checked_leaves_it_open() -> None:
    other = {"type": "EcdsaSecp256k1Signature2019", "jws": "a..b", "proofPurpose": "assertionMethod"}
    other |= {"created": "2022-11-03T17:12:32Z", "verificationMethod": "https://university.example/issuer.json#key-1"}
    (signature,) = check(make_v3(other))
    assert list_codes(signature) == [*HOLDS, ("proof_not_checked", "not_checked")]


GOOD = make_2019(sha256(b"document"))
MALFORMED: dict[str, object] = {
    "no text": None,
    "not base58btc": "uAAAA",
    "no base58": "z0OIl",
    "no CBOR": "z" + base58.b58encode(b"\x1c\xff").decode(),
    "endless": "z" + "2" * 30_000,
    "a number": encode_2019(7),
    "no pairs": encode_2019([[1, 2, 3]]),
    "a member twice": encode_2019([*GOOD, GOOD[0]]),
    "a member more": encode_2019([*GOOD, [7, b"x"]]),
    "a member less": encode_2019(GOOD[1:]),
    "no anchor": encode_2019([*GOOD[:3], [2, []]]),
    "many anchors": encode_2019([*GOOD[:3], [2, GOOD[3][1] * 11]]),
    "a side that is none": encode_2019([[3, [[2, pack_bytes("00" * 32)]]], *GOOD[1:]]),
    "a side that is a list": encode_2019([[3, [[[0], pack_bytes("00" * 32)]]], *GOOD[1:]]),
    "a short hash": encode_2019([[3, [[0, pack_bytes("00" * 31)]]], *GOOD[1:]]),
    "a path without end": encode_2019([[3, [[0, pack_bytes("00" * 32)]] * 65], *GOOD[1:]]),
    "nested without end": "z" + base58.b58encode(b"\x81" * 5000 + b"\x01").decode(),
}


@pytest.mark.parametrize("value", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_proof_is_refused_with_a_sentence(value: object) -> None:
    with pytest.raises(NotGenuine) as refusal:
        parse_2019(value)
    assert refusal.value.code == "malformed_proof"


def test_proofs_are_read_as_they_were_written() -> None:
    assert encode_2019(GOOD) != encode_2019(make_2019(sha256(b"other")))
    assert parse_2019(encode_2019(GOOD)).path == tuple(SIBLINGS)
    assert parse_2019(encode_2019(dict(map(tuple, GOOD)))) == parse_2019(encode_2019(GOOD))


MALFORMED_2017: dict[str, dict[str, Any]] = {
    "no steps": {"proof": None},
    "no anchors": {"anchors": []},
    "an anchor of nothing": {"anchors": [{}]},
    "a step to both sides": {"proof": [{"left": "00" * 32, "right": "00" * 32}]},
    "a step to nowhere": {"proof": [{"up": "00" * 32}]},
    "a step that is none": {"proof": ["left"]},
    "a short hash": {"targetHash": "00" * 31},
    "a hash that is none": {"merkleRoot": "zz" * 32},
    "a path without end": {"proof": [{"left": "00" * 32}] * 65},
}


@pytest.mark.parametrize("change", MALFORMED_2017.values(), ids=MALFORMED_2017.keys())
def test_a_malformed_proof_of_version_2_is_refused_with_a_sentence(change: dict[str, Any]) -> None:
    with pytest.raises(NotGenuine) as refusal:
        parse_2017({**make_v2()["signature"], **change})
    assert refusal.value.code == "malformed_proof"


@given(st.binary(max_size=400))
def test_no_bytes_bring_the_reading_of_proofs_down(data: bytes) -> None:
    with pytest.raises(NotGenuine):
        parse_2019("z" + base58.b58encode(data).decode())


HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)


@given(HASHES, st.lists(st.tuples(st.sampled_from(["left", "right"]), HASHES), max_size=8), st.data())
def test_a_path_leads_where_hashing_step_by_step_leads_and_nowhere_else(
    leaf: str, siblings: list[tuple[Any, str]], data: st.DataObject
) -> None:
    root = climb(leaf, siblings)
    MerkleProof(leaf, root, tuple(siblings), ()).check(leaf)
    other = data.draw(HASHES.filter(lambda one: one != leaf))
    with pytest.raises(NotGenuine):
        MerkleProof(leaf, root, tuple(siblings), ()).check(other)
    with pytest.raises(NotGenuine):
        MerkleProof(other, root, tuple(siblings), ()).check(other)


def test_what_a_certificate_says_of_itself_is_read() -> None:
    two, three = (read_claims(present(document)) for document in (make_v2(), make_v3()))
    assert two.issuers == three.issuers == ("https://university.example/issuer.json",)
    assert (two.title, two.issuer_name) == ("Certificate of Accomplishment", "University")
    assert two.issued_at == datetime(2018, 2, 7, 23, 52, 16, 636000, UTC)
    assert [entry.type for entry in two.status] == ["BlockcertsRevocationList"]
    assert (three.title, three.issued_at) == ("Master of Puppets", datetime(2024, 5, 1, 10, tzinfo=UTC))
    assert (three.model, three.status) == ("blockcerts", ())


@pytest.mark.parametrize("badge", [None, {}, {"issuer": {}}, {"issuer": "https://university.example"}])
def test_a_certificate_of_version_2_without_an_issuer_is_not_whole(badge: Any) -> None:
    with pytest.raises(NotGenuine) as refusal:
        read_claims(present({**make_v2(), "badge": badge}))
    assert refusal.value.code == "malformed_issuer"


def test_the_samples_beside_the_project_hold_or_do_not() -> None:
    folder = wrapping.SHARED / "blockcerts"
    expected = {
        "mainnet-valid-2.0.json": [*HOLDS, ("own_terms", "not_checked")],
        "mocknet-v3-valid.json": [*ON_TESTS, ("proof_not_checked", "not_checked")],
    }
    for name, codes in expected.items():
        if (folder / name).exists():
            assert list_codes(check(json.loads((folder / name).read_bytes()))[0]) == codes, name
    if (folder / "testnet-v3--tampered.json").exists():
        refuse(json.loads((folder / "testnet-v3--tampered.json").read_bytes()), "unsigned_term")
