"""Under which keys a receipt counts, and what is told of who countersigned it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
import time_machine

from ledger.tlog.note import COSIGNATURE, Signer
from register.credentials import commitments, reading
from register.credentials.ledger_keys import list_ledger_keys
from register.credentials.ports import LedgerKeys
from register.credentials.receipts import format_receipt
from register.credentials.report import ProvenTime, Report
from register.records import Ending, PeerRecord, Recorded, RegisterKey, RegisterRecord
from tests import anchored, ledgers
from tests.anchored import KNOWN
from tests.credential_forge import OTHER, badge, seal
from tests.credential_world import NOW, World

SAID = Recorded(0, NOW)
EARLY = datetime(2025, 3, 2, 12, 0, tzinfo=UTC)
BALTIC = Signer.generate("witness.baltic.example/w", sha256(b"test key of a witness").digest(), COSIGNATURE)
OTHER_LOG = Signer.generate(ledgers.ORIGIN, sha256(b"test key of another log").digest())
OWN = replace(KNOWN, own_witnesses=KNOWN.witnesses)
BOTH = replace(OWN, witnesses=(*OWN.witnesses, str(BALTIC.verifier)))
DATA = seal(badge(), created="2025-03-01T09:00:00Z")


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


# Keys -----------------------------------------------------------------------------------------------------------------


def key(vkey: str, use: Any = "log", reason: Any = None) -> RegisterKey:
    return RegisterKey(use, vkey, SAID, NOW, NOW if reason else None, reason)


def register(*keys: RegisterKey, vkey: str = "log", witness: str = "wit") -> RegisterRecord:
    jwk = {"kty": "OKP"}
    return RegisterRecord("id", "https://r.example", "R", ("NL",), "Op", vkey, witness, jwk, (0,), keys=keys)


def peer(origin: str = "peer", **fields: Any) -> PeerRecord:
    known = {"vkeys": (f"{origin}-log",), "witness_vkeys": (f"{origin}-wit",), "territory": ("BE",)}
    address = f"https://{origin}.example"
    told = {"id": origin, "url": address, "origin": origin, "name": origin, "address": address}
    return PeerRecord(**{**told, **known, "entries": (1,), "recognised": SAID, **fields})


def test_each_registers_witness_vouches_for_all_and_is_told_as_its_own() -> None:
    found = list_ledger_keys(register(), "own", [peer()])
    assert found == {
        "own": LedgerKeys("own", ("log",), ("wit", "peer-wit"), ("wit",)),
        "peer": LedgerKeys("peer", ("peer-log",), ("wit", "peer-wit"), ("peer-wit",)),
    }


def test_a_key_that_was_replaced_counts_unless_it_was_stolen() -> None:
    keys = (key("old", reason="scheduled"), key("taken", reason="compromised"), key("log"))
    witnesses = (key("seen", "witness", "scheduled"), key("lost", "witness", "compromised"))
    found = list_ledger_keys(register(*keys, *witnesses), "own", [])
    assert found["own"] == LedgerKeys("own", ("log", "old"), ("wit", "seen"), ("wit", "seen"), ("taken",))


def test_a_key_that_a_peer_reports_stolen_counts_no_more_even_while_our_ledger_names_it() -> None:
    known = peer(vkeys=("new", "taken"), former_vkeys=("older",), former_witness_vkeys=("lost",))
    said = register(key("taken", reason="compromised"), key("older", reason="compromised"),
                    key("lost", "witness", "compromised"), vkey="new")  # fmt: skip
    blind = list_ledger_keys(register(), "own", [known])["peer"]
    assert (blind.log, blind.own_witnesses) == (("new", "taken", "older"), ("peer-wit", "lost"))
    found = list_ledger_keys(register(), "own", [known], {"peer": said})
    assert found["peer"] == LedgerKeys("peer", ("new",), ("wit", "peer-wit"), ("peer-wit",), ("taken", "older"))
    assert found["own"].witnesses == ("wit", "peer-wit")


def test_one_whose_recognition_was_withdrawn_vouches_for_nobody() -> None:
    gone = peer(withdrawal=Ending(NOW, "other", SAID))
    assert list_ledger_keys(register(), "own", [gone]) == {"own": LedgerKeys("own", ("log",), ("wit",), ("wit",))}


# What is told ---------------------------------------------------------------------------------------------------------


@dataclass
class Scene:
    """A badge that Utopia anchored early, and its receipt with lines of its register's witness and of another's."""

    monkeypatch: pytest.MonkeyPatch
    world: World

    def look(self, keys: LedgerKeys, others_after: timedelta = timedelta(0), receipt: bytes = b"") -> Report:
        """Verify it as somebody who knows `keys`; the other witness saw it that much later."""
        self.monkeypatch.setattr(World, "find_ledger", lambda world, origin: keys)
        return self.world.verify(DATA, receipt or self.anchor(others_after))

    def anchor(self, others_after: timedelta = timedelta(0)) -> bytes:
        node = self.world.node
        node.cosigners, node.signed_at = [BALTIC], EARLY
        (presented,) = reading.read(DATA)
        batch = anchored.anchor(node, [*anchored.make_digests(3), commitments.digest(presented)])
        early = batch.receipt(3)
        node.signed_at += others_after
        first, later = (self.find_line(one.tlog_proof) for one in (early, batch.receipt(3)))
        node.signed_at = NOW
        return format_receipt(replace(early, tlog_proof=early.tlog_proof.replace(first, later)))

    @staticmethod
    def find_line(proof: bytes) -> bytes:
        return next(line for line in proof.splitlines() if BALTIC.name.encode() in line)


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(monkeypatch, settled())


def settled() -> World:
    world = World()
    world.accredit()
    world.bind()
    return world


def tell(report: Report) -> dict[str, str]:
    return {one.code: one.outcome for one in report.answers["anchored"].findings}


def test_that_only_the_register_itself_countersigned_is_told(scene: Scene) -> None:
    report = scene.look(OWN)
    assert (report.verdict, tell(report)) == ("valid", {"anchored": "pass", "anchored_alone": "pass"})
    assert "Only the register's own witness" in report.answers["anchored"].findings[1].text
    assert report.at == ProvenTime(EARLY, "anchor")


def test_what_another_operators_witness_countersigned_in_time_needs_no_remark(scene: Scene) -> None:
    for after in (timedelta(0), timedelta(hours=23)):
        report = scene.look(BOTH, after)
        assert (report.verdict, tell(report)) == ("valid", {"anchored": "pass"})
        scene = Scene(scene.monkeypatch, settled())


def test_until_when_it_was_the_registers_word_alone_is_told(scene: Scene) -> None:
    report = scene.look(BOTH, timedelta(days=40))
    assert tell(report) == {"anchored": "pass", "countersigned_late": "warning"}
    assert "11 April 2025" in report.answers["anchored"].text
    assert report.at == ProvenTime(EARLY, "anchor"), "another countersignature makes nothing later"


def test_a_key_stolen_afterwards_keeps_what_the_registers_own_witness_saw_and_says_whose_word_that_is(
    scene: Scene,
) -> None:
    """Row 11 of the trust decision on a node without peers."""
    receipt = scene.anchor()
    scene.world.revoke_keys("compromised", since="2025-04-01")
    report = scene.look(OWN, receipt=receipt)
    assert (report.verdict, tell(report)["anchored_alone"]) == ("valid_with_remarks", "pass")
    assert scene.world.verify(DATA).verdict == "not_valid"


def test_a_receipt_under_a_stolen_key_of_the_ledger_is_worth_nothing_and_no_forgery(scene: Scene) -> None:
    receipt = scene.anchor()
    stolen = replace(OWN, log=(), stolen=OWN.log)
    for keys in (stolen, replace(stolen, log=(str(OTHER_LOG.verifier),))):
        report = scene.look(keys, receipt=receipt)
        assert tell(report) == {"ledger_key_stolen": "not_checked"}
        assert report.at is not None
        assert report.at.source == "signing_time"
    forged = scene.look(replace(OWN, log=(str(OTHER_LOG.verifier),)), receipt=receipt)
    assert tell(forged) == {"not_signed": "fail"}


def test_a_key_of_the_register_that_nobody_confirmed_is_told_and_no_remark(scene: Scene) -> None:
    scene.world.unconfirmed_key = OWN.log[0]
    report = scene.world.verify(DATA)
    found = {one.code: one for one in report.answers["entitled"].findings}
    assert (report.verdict, found["key_unconfirmed"].outcome) == ("valid", "pass")
    assert OWN.log[0] in found["key_unconfirmed"].text


def test_nothing_rests_on_a_key_where_the_register_knows_nothing(scene: Scene) -> None:
    scene.world.unconfirmed_key = OWN.log[0]
    report = scene.world.verify(seal(badge(OTHER), OTHER))
    assert [one.code for one in report.answers["entitled"].findings] == ["issuer_unknown"]
