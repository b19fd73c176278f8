"""A seal is by the certificate its header means, valid when it sealed; only trusted authorities add to its own word."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest
from cryptography import x509

from register.credentials import reading
from register.credentials.errors import NotGenuine, Unsupported
from register.credentials.presented import SigningKey
from register.credentials.proofs import check_signatures
from register.credentials.proofs.trust_anchors import TrustAnchors, read_anchors
from tests.register.seals import SEALING, TEXT, TIMED, check, find_codes, refusal, refuse_to_fetch
from tests.sealed import (
    NOW,
    SEALED_AT,
    UNTIL,
    Holder,
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
    assert find_codes(check(raw))["timestamp_untrusted"] == "pass"
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
    assert find_codes(signature)["timestamp_untrusted"] == "pass"


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


def test_anchors_are_read_from_pem() -> None:
    place = files("fixtures") / "sealed"
    authority = read_anchors((place / "authority.pem").read_bytes())
    presented = reading.read((place / "micro-credential.json").read_bytes())[0]
    signature = check_signatures(presented, refuse_to_fetch, NOW, TrustAnchors(authority, authority))[0]
    assert SigningKey("eidas", "VATNL-000000000B00") in signature.keys
    assert signature.timestamp == SEALED_AT + timedelta(seconds=3)
    assert find_codes(signature) == {"sealed": "pass", "timestamp": "pass"}
    for pem in (b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"\xff"):
        with pytest.raises(NotGenuine, match="PEM"):
            read_anchors(pem)
