"""A node that changed its keys is audited and asked with the key that somebody wrote down years ago."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from federation.introduction import PATH
from ledger.tlog.note import COSIGNATURE
from tests import ledgers
from tests.cli.conftest import Ask
from tests.federation.cast import signer_of
from tests.federation.strangers import Stranger, meet_stranger
from tests.peers import URL


def listen(stranger: Stranger) -> None:
    """Let a node describe itself as it is at each moment."""
    stranger.peer.respond = {PATH: lambda: httpx.Response(200, json=stranger.document())}


@pytest.fixture
def dutch() -> Stranger:
    stranger = meet_stranger("nl", URL)
    listen(stranger)
    return stranger


def test_a_ledger_is_audited_with_any_key_it_ever_had(
    ask: Ask, dutch: Stranger, capsys: pytest.CaptureFixture[str]
) -> None:
    known = [dutch.vkey]
    for number, overlap in ((2, timedelta(days=30)), (3, None), (4, None)):
        dutch.hand_over(number, overlap=overlap, both=overlap is not None, witness=number == 3)
        known.append(dutch.vkey)
    for vkey in known:
        assert ask(dutch.peer, "audit", "URL", "--vkey", vkey) == 0, vkey
    assert "6 entries" in capsys.readouterr().out
    assert ask(dutch.peer, "audit", "URL") == 0


def test_an_issuer_is_asked_about_with_an_old_key(ask: Ask, dutch: Stranger) -> None:
    known = dutch.vkey
    dutch.hand_over(2, both=False)
    exits = {
        ask(dutch.peer, "trust", ledgers.UTOPIA, "--register", "URL", "--vkey", vkey) for vkey in (known, dutch.vkey)
    }
    assert exits == {1}, "not accredited, and proven so"


def test_a_key_that_was_stolen_leads_nowhere(ask: Ask, dutch: Stranger, capsys: pytest.CaptureFixture[str]) -> None:
    known = dutch.vkey
    dutch.hand_over(2, reason="compromised")
    assert ask(dutch.peer, "audit", "URL", "--vkey", known) != 0
    assert "in other hands" in capsys.readouterr().err
    assert ask(dutch.peer, "audit", "URL", "--vkey", dutch.vkey) == 0


def test_a_new_key_without_the_old_ones_signature_is_refused(ask: Ask, dutch: Stranger) -> None:
    known = dutch.vkey
    dutch.hand_over(2, both=False)
    dutch.handover[0]["former_receipt"] = None
    assert ask(dutch.peer, "audit", "URL", "--vkey", known) != 0


def test_a_thief_who_rewrites_the_ledger_cannot_use_the_honest_handover(ask: Ask, dutch: Stranger) -> None:
    known = dutch.vkey
    dutch.hand_over(2, both=False)
    impostor = meet_stranger("nl", URL)
    impostor.peer.signer = dutch.peer.signer
    impostor.peer.ledger.entries[2] = dutch.peer.entries[2].replace(b"College", b"Academy")
    impostor.handover = []
    listen(impostor)
    assert ask(impostor.peer, "audit", "URL", "--vkey", known) != 0


def test_a_mirror_cannot_put_its_own_witness_in_place_of_one_that_was_replaced(ask: Ask, dutch: Stranger) -> None:
    dutch.hand_over(2, both=False, witness=True)
    known = dutch.vkey
    assert ask(dutch.peer, "audit", "URL", "--vkey", known) == 0
    dutch.peer.witness = signer_of(dutch.peer.witness.name, COSIGNATURE, 9)
    assert ask(dutch.peer, "audit", "URL", "--vkey", known) == 2
