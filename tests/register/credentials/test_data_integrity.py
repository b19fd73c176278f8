"""Data Integrity: every suite checks what others sign, every proof holds, and only the issuer's makes it genuine."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fixtures
from register.credentials.errors import CredentialError, NotGenuine, Unreachable, Unsupported
from register.credentials.presented import SigningKey
from register.credentials.proofs.data_integrity import MOST_PROOFS
from tests.credential_proofs import (
    BADGES,
    CASES,
    ED,
    ED25519,
    INTEGRITY,
    NOW,
    OTHER,
    P256,
    P384,
    SUITES,
    V1,
    V2,
    Key,
    check,
    make_badge,
    make_proof,
    sign,
)
from tests.outside import Web

VECTORS = Path(fixtures.__file__).parent / "vectors" / "data-integrity"
WEB_DID = "did:web:college.example:badges"
WEB_PAGE = "https://college.example/badges/did.json"

Document = dict[str, Any]


def publish(key: Key = ED, did: str = WEB_DID, **fields: Any) -> Document:
    method = {"id": "#k", "type": "Multikey", "controller": did, "publicKeyMultibase": key.multikey, **fields}
    return {"id": did, "verificationMethod": [method], "assertionMethod": ["#k"]}


def sign_from_web(**fields: Any) -> Document:
    return sign(make_badge(issuer={"id": WEB_DID}), verificationMethod=f"{WEB_DID}#k", **fields)


def refused(document: Document, web: Any = None, now: Any = NOW) -> str:
    with pytest.raises(NotGenuine) as caught:
        check(document, web or Web({}), now)
    return caught.value.code


@pytest.mark.parametrize(("suite", "key"), CASES)
def test_a_signature_of_every_suite_is_checked_and_names_its_key(suite: str, key: Key) -> None:
    (signature,) = check(sign(make_badge(key), suite, key))
    assert (signature.suite, signature.controller) == (suite, key.did)
    assert SigningKey("did", key.did) in signature.keys
    assert [kept.kind for kept in signature.keys] == ["did", "jwk"]
    assert signature.created is not None
    assert signature.created.isoformat() == "2024-07-01T00:00:00+00:00"
    assert signature.findings == ()


@pytest.mark.parametrize(("suite", "key"), CASES)
def test_a_credential_of_the_first_data_model_is_checked_too(suite: str, key: Key) -> None:
    fields = {"validFrom": None, "validUntil": None, "issuanceDate": "2024-06-30T00:00:00Z"}
    badge = make_badge(key, **fields, **{"@context": [V1, BADGES, INTEGRITY, ED25519]})
    assert len(check(sign(badge, suite, key))) == 1


def test_vectors_made_once_are_still_genuine_and_no_other_text_is() -> None:
    """They pin canonical forms: a new PyLD or a changed context must not alter them."""
    vectors = json.loads((VECTORS / "own.json").read_text())
    assert len(vectors) == len(CASES)
    for vector in vectors:
        check(vector)
        vector["credentialSubject"]["achievement"]["name"] += "!"
        assert refused(vector) == "signature_invalid"


def test_the_vectors_of_the_specifications_hold() -> None:
    vectors = json.loads((VECTORS / "w3c.json").read_text())
    document = vectors["document"]
    before = {**document, "@context": vectors["before_cryptosuites"]["@context"]}
    signed = [{**document, "proof": proof} for proof in [*vectors["proofs"], vectors["chain"]]]
    for credential in (*signed, {**before, "proof": vectors["before_cryptosuites"]["proof"]}):
        assert check(credential)
        assert refused({**credential, "name": "Alumni Credentials"}) == "signature_invalid"
    assert {suite for case in signed for suite in [one.suite for one in check(case)]} == set(SUITES[:4])


def list_paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [found for name in value for found in list_paths(value[name], (*path, name))]
    if isinstance(value, list):
        return [found for at, item in enumerate(value) for found in list_paths(item, (*path, at))]
    return [path]


SIGNED = {case: sign(make_badge(case[1]), *case) for case in CASES}


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(CASES), st.data())
def test_no_text_of_a_credential_or_its_proof_can_be_altered(case: tuple[str, Key], data: st.DataObject) -> None:
    document = deepcopy(SIGNED[case])
    *path, last = data.draw(st.sampled_from(list_paths(document)))
    place: Any = document
    for step in path:
        place = place[step]
    place[last] = data.draw(st.sampled_from([place[last] + "x", "x", place[last][:-1], 7]))
    with pytest.raises(CredentialError):
        check(document, Web({}))


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(CASES), st.sampled_from(["name", "unheardOf", "credentialStatus", "evidence", "x:y", "@index"]))
def test_nothing_can_be_added(case: tuple[str, Key], name: str) -> None:
    for inner in ((), ("credentialSubject",), ("credentialSubject", "achievement"), ("issuer",)):
        document: Any = deepcopy(SIGNED[case])
        place = document
        for step in inner:
            place = place[step]
        place[name] = {"id": "urn:x:1", "type": "Image"} if name in ("evidence", "credentialStatus") else "added"
        if place.get(name) != SIGNED[case].get(name):
            with pytest.raises(CredentialError):
                check(document, Web({}))


def test_a_proof_of_another_document_proves_nothing() -> None:
    for suite, key in CASES:
        other = sign(make_badge(key, id="urn:uuid:1"), suite, key)
        assert refused({**make_badge(key), "proof": other["proof"]}) == "signature_invalid"


def test_the_signature_of_one_suite_is_not_that_of_another() -> None:
    document = sign(make_badge(), "eddsa-rdfc-2022")
    document["proof"]["cryptosuite"] = "ecdsa-rdfc-2019"
    assert refused(document) == "wrong_key_type"
    document["proof"]["cryptosuite"] = "eddsa-jcs-2022"
    assert refused(document) == "signature_invalid"


def test_a_signature_of_the_wrong_length_or_alphabet_is_none() -> None:
    for value in ("", "z", "z11", "mAAAA", "zO0Il", 7, None, "u" + "A" * 80, "z" + "2" * 3000):
        for key, suite in ((ED, "eddsa-jcs-2022"), (P256, "ecdsa-jcs-2019"), (P384, "ecdsa-jcs-2019")):
            document = sign(make_badge(key), suite, key)
            document["proof"]["proofValue"] = value
            assert refused(document) == "signature_invalid"


@pytest.mark.parametrize("suite", ["bbs-2023", "ecdsa-sd-2023", "eddsa-2022", "Ed25519Signature2020", "x", None, 7])
def test_a_suite_that_is_not_checked_is_named(suite: Any) -> None:
    document = sign(make_badge(), "eddsa-jcs-2022")
    document["proof"]["cryptosuite"] = suite
    with pytest.raises(Unsupported, match=f"{str(suite)[:20]}") as caught:
        check(document)
    assert caught.value.code == "suite_unsupported"


def test_a_proof_by_somebody_else_than_the_issuer_is_not_genuine() -> None:
    for suite in ("eddsa-jcs-2022", "eddsa-rdfc-2022", "Ed25519Signature2020"):
        assert refused(sign(make_badge(OTHER), suite, ED)) == "signed_by_another"


def test_without_an_issuer_nobody_can_have_signed() -> None:
    for issuer in (None, "", {"name": "College"}, ["did:key:z6Mk"], {"id": 7}):
        document = sign(make_badge(), "eddsa-jcs-2022")
        document["issuer"] = issuer
        assert refused(document) in ("issuer_missing", "malformed_credential")


def test_an_issuer_with_a_web_address_is_not_bound_by_a_key_elsewhere() -> None:
    (signature,) = check(sign(make_badge(issuer="https://college.example/badges")))
    assert [(found.code, found.outcome) for found in signature.findings] == [("key_not_bound_to_issuer", "warning")]


def test_a_key_at_the_issuers_web_address_is_the_issuers() -> None:
    home = "https://college.example/badges"
    document = sign(make_badge(issuer={"id": home}), verificationMethod=f"{home}#k")
    (signature,) = check(document, Web({home: publish(did=home)}))
    assert (signature.controller, signature.findings) == (home, ())


def test_a_key_below_the_issuers_address_is_the_issuers_and_one_beside_it_is_not() -> None:
    document = make_badge(issuer="https://college.example/badges")
    for home, codes in (
        ("https://college.example/badges/keys", []),
        ("https://college.example/badges-of-others", ["key_not_bound_to_issuer"]),
        ("https://college.example", ["key_not_bound_to_issuer"]),
    ):
        (signature,) = check(sign(document, verificationMethod=f"{home}#k"), Web({home: publish(did=home)}))
        assert [found.code for found in signature.findings] == codes


def test_a_key_that_its_own_address_spells_holds_but_is_not_seen_to_be_the_issuers() -> None:
    home = "https://college.example/badges"
    document = sign(make_badge(issuer={"id": home}), verificationMethod=f"{home}#{ED.multikey}")
    (signature,) = check(document, Web({}))
    assert [(found.code, found.outcome) for found in signature.findings] == [("key_not_listed", "not_checked")]
    document["name"] = "Altered"
    assert refused(document) == "signature_invalid"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"proofPurpose": "authentication"}, "proof_purpose"),
        ({"proofPurpose": None}, "proof_purpose"),
        ({"expires": "2025-01-01T00:00:00Z"}, "proof_expired"),
        ({"created": "yesterday"}, "malformed_proof"),
        ({"created": ["2024-07-01T00:00:00Z"]}, "malformed_proof"),
        ({"expires": "2030-02-30T00:00:00Z"}, "malformed_proof"),
        ({"verificationMethod": None}, "malformed_proof"),
        ({"verificationMethod": {"id": ED.method}}, "malformed_proof"),
        ({"verificationMethod": ED.did + "#" + OTHER.multikey}, "key_not_in_document"),
        ({"previousProof": "urn:uuid:elsewhere"}, "proof_missing"),
        ({"previousProof": []}, "proof_missing"),
    ],
)
def test_a_proof_that_contradicts_its_use_is_refused(options: Document, code: str) -> None:
    assert refused(sign(make_badge(), "eddsa-jcs-2022", **options)) == code


def test_a_proof_with_members_nobody_knows_is_not_followed() -> None:
    with pytest.raises(Unsupported) as caught:
        check(sign(make_badge(), "eddsa-jcs-2022", capability="x"))
    assert caught.value.code == "proof_option"


def test_a_signing_time_may_be_missing_and_one_in_the_future_is_told() -> None:
    (signature,) = check(sign(make_badge(), created=None))
    assert (signature.created, signature.findings) == (None, ())
    (signature,) = check(sign(make_badge(), created="2027-01-01T00:00:00Z", domain="https://jobs.example"))
    assert {found.code for found in signature.findings} == {"created_in_future", "proof_domain"}


def test_a_credential_without_any_proof_or_with_too_many_is_refused() -> None:
    badge = sign(make_badge(), "eddsa-jcs-2022")
    for proof in ([], None, "z", [badge["proof"]] * (MOST_PROOFS + 1), [badge["proof"], "z"]):
        assert refused({**badge, "proof": proof}) == "malformed_proof"


def test_every_proof_of_a_set_has_to_hold() -> None:
    document = sign(sign(make_badge(), "eddsa-jcs-2022"), "Ed25519Signature2020")
    assert [signature.suite for signature in check(document)] == ["eddsa-jcs-2022", "Ed25519Signature2020"]
    for at in (0, 1):
        broken = deepcopy(document)
        broken["proof"][at]["created"] = "2024-07-02T00:00:00Z"
        assert refused(broken) == "signature_invalid"


def test_who_signed_beside_the_issuer_is_a_remark_and_no_issuer() -> None:
    document = sign(sign(make_badge(), "eddsa-jcs-2022"), "eddsa-jcs-2022", OTHER)
    (signature,) = check(document)
    assert signature.controller == ED.did
    assert [(found.code, found.outcome) for found in signature.findings] == [("also_signed_by", "warning")]
    assert refused({**document, "issuer": P256.did}) == "signature_invalid"


def test_two_strangers_do_not_make_an_issuer() -> None:
    badge = make_badge(P256)
    assert refused(sign(sign(badge, "eddsa-rdfc-2022"), "eddsa-rdfc-2022", OTHER)) == "signed_by_another"


def test_a_proof_that_is_not_checked_beside_one_that_holds_is_told() -> None:
    document = sign(make_badge(), "eddsa-jcs-2022")
    document["proof"] = [document["proof"], {"type": "DataIntegrityProof", "cryptosuite": "bbs-2023"}]
    (signature,) = check(document)
    assert [(found.code, found.outcome) for found in signature.findings] == [("proof_not_checked", "warning")]


@pytest.mark.parametrize("suite", SUITES[:2])
def test_a_chain_signs_the_proofs_before_it(suite: str) -> None:
    badge = make_badge()
    first = make_proof(badge, suite, id="urn:uuid:1")
    second = make_proof({**badge, "proof": [first]}, suite, OTHER, id="urn:uuid:2", previousProof="urn:uuid:1")
    third = make_proof({**badge, "proof": [first, second]}, suite, previousProof=["urn:uuid:1", "urn:uuid:2"])
    fourth = make_proof({**badge, "proof": [first]}, suite, previousProof=["urn:uuid:1"])
    assert len(check({**badge, "proof": [first, fourth]})) == 2
    chain = [first, second, third]
    assert len(check({**badge, "proof": chain})) == 2
    assert refused({**badge, "proof": [first, third]}) == "proof_missing"
    assert refused({**badge, "proof": [{**first, "created": "2024-07-03T00:00:00Z"}, second, third]}) != ""
    other = make_proof(badge, suite, id="urn:uuid:1", created="2024-07-02T00:00:00Z")
    assert refused({**badge, "proof": [other, second, third]}) == "signature_invalid"
    assert refused({**badge, "proof": [first, first]}) == "malformed_proof"
    itself = make_proof(badge, suite, id="urn:uuid:1", previousProof="urn:uuid:1")
    assert refused({**badge, "proof": itself}) == "proof_missing"


def test_contexts_added_after_a_jcs_signature_are_outside_of_it() -> None:
    document = sign(make_badge(), "eddsa-jcs-2022")
    document["@context"] = [*document["@context"], INTEGRITY]
    assert refused(document) == "unsigned_term"
    document["@context"] = [BADGES, V2, ED25519]
    assert refused(document) == "unsigned_term"


def test_a_second_signature_may_cover_contexts_that_the_first_does_not() -> None:
    document = sign(make_badge(), "eddsa-jcs-2022")
    document["@context"] = [*document["@context"], INTEGRITY]
    assert len(check(sign(document, "eddsa-jcs-2022"))) == 2
    assert refused(sign(document, "eddsa-jcs-2022", OTHER)) == "unsigned_term"
    document["@context"] = [INTEGRITY, V2, BADGES, ED25519]
    assert refused(sign(document, "eddsa-jcs-2022")) == "unsigned_term"


def test_numbers_are_signed_as_ecmascript_writes_them() -> None:
    subject = {
        "id": "urn:x:1",
        "type": ["AchievementSubject"],
        "gpa": [3.1, 1e21, 2.0, -0.0, 5e-324, 12345678901234567890],
    }
    document = make_badge(credentialSubject=subject)
    proof = make_proof(
        json.loads(json.dumps(document).replace("12345678901234567890", "1.2345678901234567e19")), "eddsa-jcs-2022"
    )
    check({**document, "proof": proof})
    altered = deepcopy({**document, "proof": proof})
    altered["credentialSubject"]["gpa"][0] = 3.2
    assert refused(altered) == "signature_invalid"


def test_a_key_published_on_the_web_is_used_while_its_controller_lets_it() -> None:
    (signature,) = check(sign_from_web(), Web({WEB_PAGE: publish()}))
    assert {kept.value for kept in signature.keys} > {WEB_DID, ED.did}
    assert refused(sign_from_web(), Web({WEB_PAGE: publish(OTHER)})) == "signature_invalid"
    assert refused(sign_from_web(), Web({WEB_PAGE: publish(revoked="2025-01-01T00:00:00Z")})) == "key_revoked"
    assert refused(sign_from_web(), Web({WEB_PAGE: publish(expires="2024-01-01T00:00:00Z")})) == "key_expired"
    assert refused(sign_from_web(), Web({WEB_PAGE: {**publish(), "assertionMethod": []}})) == "key_not_for_assertions"


def test_a_key_that_ended_after_it_signed_leaves_a_remark() -> None:
    (signature,) = check(sign_from_web(), Web({WEB_PAGE: publish(expires="2025-01-01T00:00:00Z")}))
    assert [found.code for found in signature.findings] == ["key_expired"]
    (signature,) = check(sign_from_web(), Web({WEB_PAGE: publish(expires=(NOW + timedelta(1)).isoformat())}))
    assert signature.findings == ()


def test_a_key_out_of_reach_leaves_it_open() -> None:
    with pytest.raises(Unreachable):
        check(sign_from_web(), Web({}))
