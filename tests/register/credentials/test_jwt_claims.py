"""The credential inside a JWT: completed by the claims beside it, refused where they contradict it."""

from __future__ import annotations

from typing import Any

import pytest

from register.credentials import reading
from register.credentials.errors import NotGenuine, Unsupported
from register.credentials.proofs import check_signatures
from register.credentials.proofs.jwt_claims import unwrap
from tests.register.tokens import (
    DID,
    V1,
    WEB,
    Web,
    check,
    make_claims,
    make_credential,
    make_jwt,
    refusal,
)
from tests.sealed import NOW, SEALED_AT


def test_registered_claims_complete_the_vc_claim() -> None:
    assert unwrap(make_claims()) == {
        "@context": [V1],
        "type": ["VerifiableCredential"],
        "id": "https://academy.example/credentials/1",
        "issuer": DID,
        "issuanceDate": "2025-03-01T09:00:00Z",
        "expirationDate": "2026-02-01T00:00:00Z",
        "credentialSubject": {"degree": "x", "id": "did:example:holder"},
    }
    assert check(make_jwt(make_claims(), header={"typ": "JWT"})).controller == DID


def test_reading_gives_the_merged_credential() -> None:
    vc = make_claims()["vc"] | {"issuer": {"id": DID, "name": "Academy of Example"}}
    presented = reading.read(make_jwt(make_claims(vc=vc), header={"typ": "JWT"}))[0]
    assert presented.document["issuer"] == {"id": DID, "name": "Academy of Example"}
    assert presented.document["credentialSubject"]["id"] == "did:example:holder"
    assert check_signatures(presented, Web(), NOW)[0].controller == DID


@pytest.mark.parametrize(
    "inside",
    [
        {"issuer": WEB},
        {"issuer": {"id": WEB}},
        {"id": "https://academy.example/credentials/2"},
        {"credentialSubject": {"id": "did:example:somebody"}},
        {"credentialSubject": [{"id": "did:example:somebody"}, {"id": "did:example:other"}]},
        {"issuanceDate": "2025-03-02T09:00:00Z"},
        {"validFrom": "2025-03-02T09:00:00Z"},
        {"expirationDate": "2030-01-01T00:00:00Z"},
        {"validUntil": "2030-01-01T00:00:00Z"},
    ],
)
def test_claims_that_contradict_the_credential_are_refused(inside: dict[str, Any]) -> None:
    claims = make_claims(vc=make_claims()["vc"] | inside)
    assert refusal(make_jwt(claims, header={"typ": "JWT"})) == (NotGenuine, "claims_contradict")


@pytest.mark.parametrize(
    "changes",
    [{"vc": "text"}, {"iss": 5}, {"nbf": "2025"}, {"nbf": True}, {"exp": -1}, {"exp": 1e300}, {"exp": float("1e16")}],
)
def test_claims_of_the_wrong_kind_are_refused(changes: dict[str, Any]) -> None:
    assert refusal(make_jwt(make_claims(**changes), header={"typ": "JWT"})) == (NotGenuine, "malformed_claims")


def test_seconds_are_compared_and_parts_of_them_are_not() -> None:
    inside = make_claims()["vc"] | {"issuanceDate": "2025-03-01T10:00:00.250+01:00"}
    assert unwrap(make_claims(vc=inside))["issuanceDate"] == "2025-03-01T10:00:00.250+01:00"


def test_claims_of_a_vc_jwt_bound_the_signature_and_so_the_credential() -> None:
    tight = unwrap(make_credential(validUntil="2030-01-01T00:00:00Z") | {"exp": int(NOW.timestamp())}, "vc+jwt")
    assert tight["validUntil"] == "2026-02-01T00:00:00Z"
    loose = unwrap(make_credential(validUntil="2025-06-01T00:00:00Z") | {"exp": int(NOW.timestamp())}, "vc+jwt")
    assert loose["validUntil"] == "2025-06-01T00:00:00Z"
    assert unwrap(make_credential() | {"nbf": int(NOW.timestamp())}, "vc+jwt")["validFrom"] == "2026-02-01T00:00:00Z"


def test_badges_whose_payload_is_the_credential_itself_are_read() -> None:
    badge = make_credential(type=["VerifiableCredential", "OpenBadgeCredential"])
    claims = badge | {"iss": DID, "jti": badge["id"], "sub": "did:example:holder", "nbf": int(SEALED_AT.timestamp())}
    assert unwrap(claims, "JWT") == badge


def test_selective_disclosure_is_named_as_not_supported() -> None:
    with pytest.raises(Unsupported, match="SD-JWT"):
        unwrap(make_credential() | {"_sd_alg": "sha-256"})
