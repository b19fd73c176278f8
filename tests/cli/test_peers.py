"""`assay trust` with evidence from two ledgers: a peer's word is believed as far as the node's own ledger lets it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from django.conf import settings
from django.utils import timezone

from deploy.cli import main
from ledger import publish
from ledger.logs import latest_checkpoint
from ledger.signer import node_signers
from register import answers
from register.trust import parse_question
from tests import factories
from tests.register import peering

Answer = dict[str, Any]
URL = "http://node.example"


@dataclass
class Told:
    """A real answer of a real node, and what a liar makes of it."""

    answer: Answer
    peer: str
    rewrite: Callable[[Answer], Answer] = lambda answer: answer

    def handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/.well-known/assay.json":
            signers = node_signers()
            keys = {"vkey": str(signers.log.verifier), "witness_vkey": str(signers.witness.verifier)}
            return httpx.Response(200, json={"origin": settings.ASSAY_ORIGIN, **keys})
        if path == "/ledger/checkpoint":
            return httpx.Response(200, content=bytes(latest_checkpoint(settings.ASSAY_ORIGIN).note))
        return httpx.Response(200, json=self.rewrite(json.loads(json.dumps(self.answer))))


@pytest.fixture
def told(db: None, tmp_path: Path) -> Told:
    factories.open_register()
    with peering.peer_register(tmp_path) as origin:
        college = factories.make_issuer(country="BE")
        factories.make_accreditation(college, factories.make_agency())
    peering.amend(peering.recognise(origin, max_age_seconds=3600).id, name="Renamed")
    now = timezone.now()
    return Told(answers.answer(parse_question({"issuer": college}, now), now), origin)


def trust(monkeypatch: pytest.MonkeyPatch, told: Told, *options: str) -> int:
    client, transport = httpx.Client, httpx.MockTransport(told.handle)
    with monkeypatch.context() as patch:
        patch.setattr(httpx, "Client", lambda **given: client(**{**given, "transport": transport}))
        issuer = told.answer["question"]["issuer"]
        return main(["trust", issuer, "--register", URL, *options])


def without(answer: Answer, origin: str, event_type: str) -> Answer:
    kept = [item for item in answer["evidence"] if (item["origin"], item["type"]) != (origin, event_type)]
    assert len(kept) < len(answer["evidence"])
    return answer | {"evidence": kept}


def test_a_peers_word_is_proven_by_two_ledgers(
    monkeypatch: pytest.MonkeyPatch, told: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told.answer["decision"] == "trusted"
    assert trust(monkeypatch, told) == 0
    shown = capsys.readouterr().out
    assert f"4 entries proven of {told.peer}, whose keys that ledger names" in shown
    assert trust(monkeypatch, told, "--json") == 0
    assert json.loads(capsys.readouterr().out)["verification"]["peers"] == {told.peer: [0, 1, 2, 3]}


def test_a_peer_that_the_nodes_ledger_does_not_recognise_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, told: Told
) -> None:
    own = settings.ASSAY_ORIGIN
    told.rewrite = lambda answer: without(answer, own, "peer.amended")
    assert trust(monkeypatch, told) == 0
    told.rewrite = lambda answer: without(without(answer, own, "peer.amended"), own, "peer.recognised")
    assert trust(monkeypatch, told) == 3
    told.rewrite = lambda answer: without(answer, told.peer, "accreditation.granted")
    assert trust(monkeypatch, told) == 3


def test_a_peers_entries_under_other_keys_than_the_recognised_ones_are_not_believed(
    monkeypatch: pytest.MonkeyPatch, told: Told, tmp_path: Path
) -> None:
    with peering.peer_register(tmp_path) as other:
        factories.make_issuer(country="BE")
        foreign = publish.cover(other).note.decode()
    honest = latest_checkpoint(told.peer).note.decode()

    def swap(answer: Answer) -> Answer:
        for item in answer["evidence"]:
            item["receipt"] = item["receipt"].replace(honest, foreign)
        return answer

    told.rewrite = swap
    assert trust(monkeypatch, told) == 3


@pytest.mark.parametrize(("minutes", "code"), [(59, 0), (61, 3)])
def test_a_peers_word_is_as_old_as_our_ledger_lets_it_be(
    monkeypatch: pytest.MonkeyPatch, told: Told, minutes: int, code: int
) -> None:
    class Later(datetime):
        """A clock that is ahead."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + timedelta(minutes=minutes)

    with monkeypatch.context() as patch:
        patch.setattr("deploy.cli.trust.datetime", Later)
        assert trust(monkeypatch, told, "--max-age", "86400") == code
