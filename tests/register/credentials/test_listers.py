"""A status list acquits as the issuer's word only: its own, its register's, or of whom a register binds to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine

from register.credentials.report import Report
from tests import ledgers
from tests.credential_forge import OTHER, badge, seal
from tests.credential_world import LIST, NOW, ROR, UTOPIA, World, entry
from tests.ledgers import ELYSIUM

LISTED: dict[str, Any] = {"credentialStatus": [entry()]}
KEY = ledgers.make_id(62)


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def settle() -> World:
    """Return a world in which Utopia is accredited and signs with PEN, and its list is signed by OTHER."""
    world = World()
    world.accredit()
    world.bind()
    world.publish_list(pen=OTHER)
    return world


def look(world: World) -> tuple[str, dict[str, str]]:
    return tell(world.verify(seal(badge(**LISTED), created="2025-03-01T09:00:00Z")))


def tell(report: Report) -> tuple[str, dict[str, str]]:
    return report.verdict, {one.code: one.outcome for one in report.answers["still_valid"].findings}


def bind_list_key(world: World, issuer: str, **fields: str) -> None:
    ledgers.bind(world.node.ledger, KEY, issuer=issuer, value=OTHER.did, **fields)


def mandate(world: World, **fields: object) -> None:
    terms = ledgers.mandate_terms(sealer=ELYSIUM, awarding_body=UTOPIA, **fields)
    world.node.ledger.say("mandate.granted", ledgers.make_id(70), terms | {"actor": ledgers.as_issuer(UTOPIA)})


def test_a_list_of_the_issuers_other_key_acquits() -> None:
    world = settle()
    bind_list_key(world, UTOPIA)
    assert look(world) == ("valid", {"not_on_list": "pass"})
    asked = [question for question in world.questions if question.get("key") == OTHER.did]
    assert [{*question} for question in asked] == [{"issuer", "at", "key"}], "nothing of the credential is told"


def test_a_list_of_one_with_a_mandate_of_the_issuer_acquits() -> None:
    world = settle()
    bind_list_key(world, ELYSIUM)
    assert look(world)[0] == "cannot_be_confirmed"
    mandate(world)
    assert look(world) == ("valid", {"not_on_list": "pass"})


def steal(world: World) -> None:
    bind_list_key(world, UTOPIA)
    terms = {"effective_from": "2025-06-01", "reason": "compromised", "since": "2025-06-01"}
    world.node.ledger.say("key.revoked", KEY, terms)


def end(world: World) -> None:
    bind_list_key(world, UTOPIA, valid_until="2025-12-31")


def bind_to_another(world: World) -> None:
    bind_list_key(world, ELYSIUM)


def end_mandate(world: World) -> None:
    bind_list_key(world, ELYSIUM)
    mandate(world, valid_until="2025-12-31")


@pytest.mark.parametrize("happen", [steal, end, bind_to_another, end_mandate, lambda world: None])
def test_a_list_of_anybody_else_leaves_it_open(happen: Callable[[World], None]) -> None:
    world = settle()
    happen(world)
    assert look(world) == ("cannot_be_confirmed", {"not_on_list": "pass", "acquitted_by_another": "not_checked"})


def test_a_revocation_on_a_strangers_list_is_taken_seriously() -> None:
    world = settle()
    world.publish_list(7, pen=OTHER)
    assert look(world) == ("not_valid", {"revoked_by_list": "fail", "status_of_another": "warning"})


def test_an_accreditation_that_ended_since_does_not_spoil_the_issuers_list() -> None:
    world = settle()
    bind_list_key(world, UTOPIA)
    world.end("accreditation.revoked", ledgers.make_id(50), "2025-09-01", actor=ledgers.as_agency(ledgers.WIDE))
    verdict, found = look(world)
    assert (verdict, found) == ("valid_with_remarks", {"not_on_list": "pass"})


def test_a_signature_that_anybody_added_does_not_make_a_list_the_issuers() -> None:
    """Where the issuer goes by an address, proofs of any key hold beside its own; the register tells them apart."""
    world = settle()
    document = badge(issuer={"id": ROR, "type": ["Profile"], "name": "College of Tests"}, **LISTED)
    proofs = [json.loads(seal(document, pen))["proof"] for pen in (OTHER,)]
    ours = json.loads(seal(document))["proof"]
    signed = json.dumps({**document, "proof": [ours, *proofs]}).encode()
    assert tell(world.verify(signed))[1]["acquitted_by_another"] == "not_checked"


def test_what_a_register_out_of_reach_binds_is_not_known() -> None:
    world = settle()
    bind_list_key(world, UTOPIA)
    world.unreachable = True
    assert look(world)[1]["acquitted_by_another"] == "not_checked"
    assert world.fetched == [LIST]
