"""Documents of other makers, where they are at hand: each gets the report it should, and nothing is fetched.

`ASSAY_SAMPLES` or the directory `shared/data/credentials` beside the project holds them; the project carries none of
them and passes without. The lists and DID documents among them are the web of these tests.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import pytest
import time_machine

from register.credentials.errors import NotACredential
from register.credentials.format import format_reports
from register.credentials.verification import verify
from tests.credential_world import World

NOW: Final = datetime(2026, 2, 1, tzinfo=UTC)
SAMPLES: Final = Path(os.environ.get("ASSAY_SAMPLES") or Path(__file__).parents[4] / "shared" / "data" / "credentials")
WEB: Final = {
    "https://digitalcredentials.github.io/vc-test-fixtures/statusLists/didkey-ed25519Signature2020/"
    "e5WK8CbZ1GjycuPombrj": "status-lists/e5WK8CbZ1GjycuPombrj",
    "https://digitalcredentials.github.io/vc-test-fixtures/dids/oidf/did.json": "dcc/did-web-oidf.json",
}


class Expected(NamedTuple):
    """Verdict, outcome of genuine and still_valid, and a code that is among the findings."""

    verdict: str
    genuine: str
    still_valid: str
    code: str


OPEN: Final = "cannot_be_confirmed"
NONE: Final = Expected("", "", "", "")
TABLE: Final = {
    "blockcerts/issuer-profile-mainnet-example.json": NONE,
    "blockcerts/mainnet-valid-2.0.json": Expected(OPEN, "not_checked", "not_checked", "hash_path_holds"),
    "blockcerts/mocknet-v3-valid.json": Expected(OPEN, "not_checked", "pass", "hash_path_holds"),
    "blockcerts/testnet-v3--tampered.json": Expected("not_valid", "fail", "not_checked", "not_genuine"),
    "dcc/did-web-oidf.json": NONE,
    "dcc/v1_bothSignatureTypes_didKey_legacy-noStatus-noExpiry.json": Expected(OPEN, "pass", "pass", "issuer_unknown"),
    "dcc/v1_dataIntegrityProof_didKey_oidf-noStatus-expired.json": Expected("not_valid", "pass", "fail", "expired"),
    "dcc/v1_dataIntegrityProof_didKey_oidf-noStatus-noExpiry.json": Expected(OPEN, "pass", "pass", "issuer_unknown"),
    "dcc/v1_ed25519_didKey_legacy-noStatus-noExpiry.json": NONE,
    "dcc/v1_ed25519_didWeb_legacy-validStatus-noExpiry.json": Expected(
        OPEN, "not_checked", "not_checked", "acquitted_by_another"
    ),
    "dcc/v2_dataIntegrityProof_didKey_legacyRegistry-noStatus-noExpiry-minimal.json": Expected(
        OPEN, "pass", "pass", "issuer_unknown"
    ),
    "dcc/v2_dataIntegrityProof_didKey_noRegistry-revokedStatus-noExpiry.json": Expected(
        "not_valid", "pass", "fail", "expired"
    ),
    "dcc/v2_dataIntegrityProof_didKey_oidf-noStatus-notExpired-complexIssuer.json": Expected(
        OPEN, "pass", "pass", "not_expired"
    ),
    "dcc/v2_ed25519_didKey_legacy-noStatus-noExpiry-tampered.json": Expected(
        "not_valid", "fail", "not_checked", "signature_invalid"
    ),
    "dcc/v2_ed25519_didKey_legacy-noStatus-noExpiry.json": Expected(OPEN, "pass", "pass", "issuer_unknown"),
    "edc/Sample-MC-Annex1-signed.jsonld": Expected(OPEN, "warning", "pass", "sealed"),
    "edc/Sample-MC-Annex1-unsigned.jsonld": Expected("not_valid", "fail", "not_checked", "unsigned"),
    "openbadges/complete.json": Expected(OPEN, "not_checked", "not_checked", "key_not_listed"),
    "openbadges/simple-json.png": Expected(OPEN, "not_checked", "pass", "key_not_listed"),
    "openbadges/simple-json.svg": Expected(OPEN, "not_checked", "pass", "key_not_listed"),
    "openbadges/simple.json": Expected(OPEN, "not_checked", "pass", "key_not_listed"),
    "openbadges/simple.jwt": Expected(OPEN, "not_checked", "pass", "key_not_named"),
    "status-lists/e5WK8CbZ1GjycuPombrj": Expected(OPEN, "pass", "pass", "issuer_unknown"),
    "w3c/signedDataInt.json": Expected(OPEN, "warning", "pass", "key_not_bound_to_issuer"),
    "w3c/signedJCS.json": Expected(OPEN, "warning", "pass", "key_not_bound_to_issuer"),
    "w3c/signedJCSECDSAP256.json": Expected(OPEN, "warning", "pass", "key_not_bound_to_issuer"),
}


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def list_samples() -> list[str]:
    found = (path for path in SAMPLES.rglob("*") if path.is_file()) if SAMPLES.is_dir() else ()
    return sorted(str(path.relative_to(SAMPLES)) for path in found)


@pytest.mark.parametrize("name", list_samples())
def test_each_sample_gets_the_report_it_should(name: str) -> None:
    expected = TABLE[name]
    web = {url: (SAMPLES / path).read_bytes() for url, path in WEB.items()}
    world = World(web=web)
    data = (SAMPLES / name).read_bytes()
    if expected is NONE:
        with pytest.raises(NotACredential):
            verify(data, world, world.fetch, now=NOW)
        return
    told = format_reports(verify(data, world, world.fetch, now=NOW))
    questions = told["questions"]
    found = Expected(
        told["verdict"], questions["genuine"]["outcome"], questions["still_valid"]["outcome"], expected.code
    )
    assert found == expected, questions
    assert expected.code in {one["code"] for answer in questions.values() for one in answer["findings"]}, questions


def test_the_official_sample_states_ten_of_eleven_elements() -> None:
    """Where it is at hand; the same is tested on one of our own in test_elements."""
    for name in [one for one in list_samples() if one == "edc/Sample-MC-Annex1-signed.jsonld"]:
        world = World()
        told = format_reports(verify((SAMPLES / name).read_bytes(), world, world.fetch, now=NOW))
        absent = [one["key"] for one in told["elements"]["mandatory"] if not one["present"]]
        assert absent == ["quality_assurance"]
        assert (told["about"]["eqf_level"], told["profile"]["fits"]) == (6, False)
