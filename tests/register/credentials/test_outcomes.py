"""Formats × outcomes: what every kind of credential gets in every situation, one table.

Rows are situations, columns the ways of securing and wrapping a credential; what is expected is the verdict and the
code that tells it.
"""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from PIL import Image, PngImagePlugin

from register.credentials.errors import NotACredential
from register.credentials.report import Report
from tests import ledgers
from tests.credential_forge import OTHER, badge, seal, sign_jwt
from tests.credential_world import ARCADIA, NOW, ROR, UTOPIA, World, entry
from tests.ledgers import ELYSIUM
from tests.sealed import make_edc
from tests.sealed import seal as seal_edc

Make = Callable[..., bytes]


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    """Let the day be NOW everywhere: certificates of the tests end in 2027."""
    with time_machine.travel(NOW, tick=False):
        yield


# Ways -----------------------------------------------------------------------------------------------------------------


def make_jcs(**fields: Any) -> bytes:
    return seal(badge(**fields), created="2025-03-01T09:00:00Z")


def make_jwt(**fields: Any) -> bytes:
    return sign_jwt(badge(validFrom="2025-03-01T00:00:00Z", **fields), iss=None)


def make_sealed(**fields: Any) -> bytes:
    named = {"validUntil": "expirationDate"}
    return seal_edc(make_edc(**{named.get(name, name): value for name, value in fields.items() if name != "issuer"}))


def bake_png(**fields: Any) -> bytes:
    chunks, out = PngImagePlugin.PngInfo(), io.BytesIO()
    chunks.add_itxt("openbadgecredential", make_jcs(**fields).decode())
    Image.new("RGB", (8, 8)).save(out, "PNG", pnginfo=chunks)
    return out.getvalue()


def bake_svg(**fields: Any) -> bytes:
    inner = make_jcs(**fields).decode()
    return (
        '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" xmlns:openbadges="https://purl.imsglobal.org/ob/v3p0">'
        f"<openbadges:credential><![CDATA[{inner}]]></openbadges:credential></svg>"
    ).encode()


def zip_up(**fields: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("badge.json", make_jcs(**fields))
    return out.getvalue()


def present(**fields: Any) -> bytes:
    holder = {"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiablePresentation"]}
    return json.dumps({**holder, "verifiableCredential": [json.loads(make_jcs(**fields))]}).encode()


WAYS: dict[str, Make] = {
    "jcs": make_jcs,
    "jwt": make_jwt,
    "edc": make_sealed,
    "png": bake_png,
    "svg": bake_svg,
    "zip": zip_up,
    "presentation": present,
}


# Situations -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A situation: what happens before, how the credential differs, and what is expected of the report."""

    verdict: str
    question: str
    code: str
    arrange: Callable[[World], None] = lambda world: None
    fields: Callable[[], dict[str, Any]] = dict
    receipt: Callable[[World, bytes], bytes | None] | None = None


def settle(world: World) -> None:
    world.accredit()
    world.bind()


def revoke_afterwards(world: World) -> None:
    settle(world)
    world.end("accreditation.revoked", ledgers.make_id(50), "2025-09-01", actor=ledgers.as_agency(ledgers.WIDE))


def revoke_before(world: World) -> None:
    settle(world)
    world.end("accreditation.revoked", ledgers.make_id(50), "2025-01-01", actor=ledgers.as_agency(ledgers.WIDE))


def steal(world: World) -> None:
    settle(world)
    world.revoke_keys("compromised", since="2025-04-01")


def supersede(world: World) -> None:
    settle(world)
    world.revoke_keys("superseded")


def close(world: World) -> None:
    settle(world)
    world.end("issuer.closed", UTOPIA, "2025-09-01")


def merge(world: World) -> None:
    settle(world)
    terms = {"relation": "merged_into", "other": ARCADIA, "valid_from": "2025-09-01"}
    world.node.ledger.say("issuer.related", UTOPIA, terms)
    world.end("issuer.closed", UTOPIA, "2025-09-01", reason="merged")


def revoke_on_list(world: World) -> None:
    settle(world)
    world.publish_list(7)


def suspend_on_list(world: World) -> None:
    settle(world)
    world.publish_list(7, purpose="suspension")


def forge_list(world: World) -> None:
    settle(world)
    world.publish_list()
    listed = json.loads(world.web["https://status.example/lists/1"])
    listed["credentialSubject"]["encodedList"] += "A"
    world.web["https://status.example/lists/1"] = json.dumps(listed).encode()


def lose_register(world: World) -> None:
    world.unreachable = True


def anchor_early(world: World, data: bytes) -> bytes:
    return world.anchor(data, datetime(2025, 3, 2, 12, 0, tzinfo=UTC))


def anchor_late(world: World, data: bytes) -> bytes:
    return world.anchor(data, datetime(2025, 5, 1, 12, 0, tzinfo=UTC))


def anchor_and_revoke(world: World, data: bytes) -> bytes:
    receipt = anchor_early(world, data)
    world.withdraw(receipt)
    return receipt


def anchor_and_reinstate(world: World, data: bytes) -> bytes:
    receipt = anchor_early(world, data)
    world.withdraw(receipt, "suspended")
    world.withdraw(receipt, "reinstated", "2025-07-01", reason="appeal_upheld")
    return receipt


def anchor_another(world: World, data: bytes) -> bytes:
    return world.anchor(sign_jwt(badge(name="Another")), datetime(2025, 3, 2, 12, 0, tzinfo=UTC))


def anchor_elsewhere(world: World, data: bytes) -> bytes:
    """Somebody else than its issuer anchors it, under another salt than the one that may be revoked."""
    at = datetime(2025, 3, 3, 12, 0, tzinfo=UTC)
    return world.anchor(data, at, issuer=ELYSIUM, actor=ledgers.as_issuer(ELYSIUM))


def revoke_and_hide(world: World, data: bytes) -> bytes | None:
    anchor_and_revoke(world, data)
    return None


def anchor_and_hide(world: World, data: bytes) -> bytes | None:
    anchor_early(world, data)
    return None


BY_ROR = {"issuer": {"id": ROR, "type": ["Profile"], "name": "College of Tests"}}
LISTED = {"credentialStatus": [entry()]}
SUSPENDED = {"credentialStatus": [entry(purpose="suspension")]}

CASES: dict[str, Case] = {
    "accredited, bound": Case("valid", "entitled", "accredited", settle),
    "expired": Case("not_valid", "still_valid", "expired", settle, lambda: {"validUntil": "2025-12-31T00:00:00Z"}),
    "not expired": Case("valid", "still_valid", "not_expired", settle, lambda: {"validUntil": "2027-12-31T00:00:00Z"}),
    "revoked on its list": Case("not_valid", "still_valid", "revoked_by_list", revoke_on_list, lambda: LISTED),
    "suspended on its list": Case("not_valid", "still_valid", "suspended_by_list", suspend_on_list, lambda: SUSPENDED),
    "list out of reach": Case("cannot_be_confirmed", "still_valid", "status_unreachable", settle, lambda: LISTED),
    "list forged": Case("cannot_be_confirmed", "still_valid", "status_not_genuine", forge_list, lambda: LISTED),
    "issuer unknown": Case("cannot_be_confirmed", "entitled", "issuer_unknown", lambda world: forget(world)),
    "register out of reach": Case("cannot_be_confirmed", "entitled", "register_unreachable", lose_register),
    "accredited, another's key": Case(
        "not_valid", "entitled", "key_not_bound", lambda world: bind_elsewhere(world), lambda: BY_ROR
    ),
    "never accredited": Case("not_valid", "entitled", "no_accreditation", lambda world: world.bind()),
    "accreditation revoked before": Case("not_valid", "entitled", "revoked", revoke_before),
    "accreditation revoked after": Case("valid_with_remarks", "entitled", "since_revoked", revoke_afterwards),
    "level beyond": Case("not_valid", "entitled", "out_of_scope_level", lambda world: settle_level(world, 7)),
    "field not stated": Case("valid_with_remarks", "entitled", "not_stated", lambda world: settle_programme(world)),
    "issuer closed after": Case("valid_with_remarks", "entitled", "since_issuer_closed", close),
    "issuer merged after": Case("valid_with_remarks", "entitled", "since_succession", merge),
    "key superseded after": Case("valid_with_remarks", "entitled", "since_key_revoked", supersede),
    "key stolen, not anchored": Case("not_valid", "entitled", "key_compromised_unanchored", steal),
    "key stolen, anchored before": Case(
        "valid_with_remarks", "entitled", "since_key_revoked", steal, receipt=anchor_early
    ),
    "key stolen, anchored after": Case(
        "not_valid", "entitled", "key_compromised_unanchored", steal, receipt=anchor_late
    ),
    "anchored": Case("valid", "anchored", "anchored", settle, receipt=anchor_early),
    "anchored and revoked": Case("not_valid", "still_valid", "revoked", settle, receipt=anchor_and_revoke),
    "anchored, suspended, reinstated": Case(
        "valid", "still_valid", "not_withdrawn", settle, receipt=anchor_and_reinstate
    ),
    "receipt of another": Case("not_valid", "anchored", "other_credential", settle, receipt=anchor_another),
    "anchored by another": Case(
        "valid_with_remarks", "still_valid", "withdrawals_unseen", settle, receipt=anchor_elsewhere
    ),
    "revoked, receipt left out": Case(
        "cannot_be_confirmed", "still_valid", "withdrawals_hidden", settle, receipt=revoke_and_hide
    ),
    "receipt left out": Case(
        "valid_with_remarks", "still_valid", "withdrawals_unseen", settle, receipt=anchor_and_hide
    ),
}


def forget(world: World) -> None:
    """No issuer has any identifier or key that the credentials name."""
    world.node.ledger.say("issuer.amended", UTOPIA, {"identifiers": []})


def bind_elsewhere(world: World) -> None:
    """The identifiers in the credential are Utopia's, the keys are Elysium's."""
    world.accredit()
    world.bind(ELYSIUM)


def settle_level(world: World, level: int) -> None:
    world.accredit(scope={"eqf_levels": [level]})
    world.bind()


def settle_programme(world: World) -> None:
    world.accredit(scope={"programmes": [ledgers.MATHS]})
    world.bind()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", CASES)
def test_every_way_gets_in_every_situation_what_it_should(name: str, way: str) -> None:
    case, world = CASES[name], World()
    case.arrange(world)
    data = WAYS[way](**case.fields())
    receipt = case.receipt(world, data) if case.receipt else None
    check(world.verify(data, receipt), case)


def check(report: Report, case: Case) -> None:
    found = {question: [one.code for one in answer.findings] for question, answer in report.answers.items()}
    assert case.code in found[case.question], (report.verdict, found)
    assert report.verdict == case.verdict, (report.verdict, found)


@pytest.mark.parametrize("way", WAYS)
def test_what_was_altered_is_not_valid_and_asks_nobody(way: str) -> None:
    world = World()
    settle(world)
    data = WAYS[way]()
    for old, new in ((b"Applied Measurement", b"Applied Maths      "), (b"Reading old maps", b"Reading new maps")):
        data = data.replace(old, new)
    if way == "jwt":
        head, body, mark = data.split(b".")
        changed = base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4)).replace(b"Applied", b"Unknown")
        data = b".".join([head, base64.urlsafe_b64encode(changed).rstrip(b"="), mark])
    if way in ("png", "zip"):
        return  # a checksum of the container speaks first, see the tests of reading
    report = world.verify(data)
    assert (report.verdict, report.answers["genuine"].outcome) == ("not_valid", "fail")
    assert {report.answers[name].outcome for name in ("entitled", "still_valid", "anchored")} == {"not_checked"}
    assert (world.questions, world.fetched) == ([], [])
    assert report.decision is None


@pytest.mark.parametrize("way", WAYS)
def test_what_is_cut_short_is_never_green(way: str) -> None:
    world = World()
    settle(world)
    try:
        report = world.verify(WAYS[way]()[:-40])
    except NotACredential:
        return
    assert report.verdict in ("not_valid", "cannot_be_confirmed")
    assert report.answers["genuine"].outcome != "pass"


def test_a_mandate_lets_a_company_seal_for_the_body_that_awards() -> None:
    other = {"id": "did:web:arcadia.example", "type": ["Profile"], "name": "College 0c"}
    subject = badge()["credentialSubject"] | {"source": other}
    for mandated, verdict, code in ((True, "valid", "accredited"), (False, "not_valid", "key_not_bound")):
        world = World()
        world.accredit(ARCADIA)
        world.bind(ELYSIUM)
        if mandated:
            world.node.ledger.say("mandate.granted", ledgers.make_id(70), ledgers.mandate_terms())
        check(world.verify(make_jcs(credentialSubject=subject)), Case(verdict, "entitled", code))


def test_a_key_nobody_bound_is_refused_where_the_issuer_is_known() -> None:
    world = World()
    settle(world)
    document = badge(issuer={"id": "https://ror.org/04dkp9463", "type": ["Profile"], "name": "College 0b"})
    report = world.verify(seal(document, OTHER))
    assert report.verdict == "not_valid"
    assert "key_unknown" in [one.code for one in report.answers["entitled"].findings]


def test_a_receipt_of_an_invented_ledger_hides_no_revocation(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    settle(world)
    data = sign_jwt(badge())
    receipt = anchor_and_revoke(world, data)
    assert world.verify(data, receipt).verdict == "not_valid"
    monkeypatch.setattr(World, "find_ledger", lambda self, origin: None)
    assert world.verify(data, receipt).verdict == "cannot_be_confirmed"
