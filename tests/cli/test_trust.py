"""`assay trust` believes what is proven, recomputes the decision, and fails closed for everything else."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from deploy.cli import main
from ledger.tlog.checkpoint import add_signatures
from ledger.tlog.note import COSIGNATURE, Signer, parse_note
from tests import ledgers
from tests.cli.conftest import Ask
from tests.ledgers import UTOPIA, ending, grant, make_id
from tests.peers import LOG, STRANGER, WITNESS, Answer, Peer, open_peer

GRANTED = make_id(50)
THIEF = Signer.generate("thief.example/witness", bytes(range(32)), COSIGNATURE)


def open_granted(**fields: Any) -> Peer:
    peer = open_peer()
    grant(peer.ledger, GRANTED, **fields)
    return peer


def revoke(peer: Peer, effective_from: str) -> int:
    return peer.ledger.say(
        "accreditation.revoked", GRANTED, ending(effective_from, actor=ledgers.as_agency(ledgers.WIDE))
    ).index


def trust(ask: Ask, peer: Peer, *options: str) -> int:
    return ask(peer, "trust", UTOPIA, "--register", "URL", *options)


def read_json(capsys: pytest.CaptureFixture[str]) -> Answer:
    answer: Answer = json.loads(capsys.readouterr().out)
    return answer


@pytest.mark.parametrize(("at", "code"), [("2024-01-01", 0), ("2025-05-31", 0), ("2023-12-31", 1), ("2025-06-01", 1)])
def test_the_exit_code_is_that_of_the_recomputed_decision(ask: Ask, at: str, code: int) -> None:
    peer = open_granted()
    revoke(peer, "2025-06-01")
    assert trust(ask, peer, "--at", at) == code


def test_an_answer_says_its_reason_its_proof_and_what_rests_on_the_nodes_word(
    ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    peer = open_granted()
    revoke(peer, "2025-06-01")
    assert trust(ask, peer, "--at", "2024-06-01") == 0
    shown = capsys.readouterr().out
    assert shown.startswith("TRUSTED")
    for part in (
        "[accredited]",
        "Since then: revoked",
        "entries proven under checkpoint",
        "left out no entry",
        "--vkey",
    ):
        assert part in shown


def test_a_pinned_key_no_longer_rests_on_the_nodes_word(ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    assert trust(ask, open_granted(), "--vkey", str(LOG.verifier), "--at", "2024-06-01") == 0
    assert "taken from the node itself" not in capsys.readouterr().out


def test_an_issuer_nobody_knows_is_unknown(ask: Ask) -> None:
    assert ask(open_peer(), "trust", "ror:00aaaaa00", "--register", "URL") == 3


def test_an_accreditation_nobody_granted_is_not_trusted(ask: Ask) -> None:
    assert trust(ask, open_peer()) == 1


def test_knowledge_of_an_earlier_size_and_of_an_earlier_day_is_respected(ask: Ask) -> None:
    peer = open_granted()
    index = revoke(peer, "2024-02-01")
    before = f"{ledgers.ORIGIN}@{index}"
    assert trust(ask, peer, "--at", "2024-06-01") == 1
    assert trust(ask, peer, "--at", "2024-06-01", "--known-at", before) == 0
    assert trust(ask, peer, "--at", "2024-06-01", "--known-at", before, "--audit") == 0
    assert trust(ask, peer, "--at", "2024-06-01", "--known-at", "2022-01-01") == 3


def test_a_node_that_calls_a_revoked_issuer_trusted_is_not_believed(ask: Ask) -> None:
    peer = open_granted()
    revoke(peer, "2025-06-01")
    peer.rewrite = lambda answer: answer | {"decision": "trusted"}
    assert trust(ask, peer, "--at", "2026-01-01") == 3


def test_a_node_that_withholds_a_revocation_is_caught_by_an_audit(ask: Ask) -> None:
    peer = open_granted()
    peer.withheld = frozenset({revoke(peer, "2025-06-01")})
    assert trust(ask, peer, "--at", "2026-01-01") == 0
    assert trust(ask, peer, "--at", "2026-01-01", "--audit") == 3


def _evidence(answer: Answer, change: dict[str, Any]) -> Answer:
    first, *others = answer["evidence"]
    return answer | {"evidence": [first | change, *others]}


@pytest.mark.parametrize(
    "lie",
    [
        lambda answer: _evidence(answer, {"data": answer["evidence"][0]["data"].replace("NL", "BE")}),
        lambda answer: _evidence(answer, {"index": 1}),
        lambda answer: _evidence(answer, {"index": "0"}),
        lambda answer: _evidence(answer, {"receipt": answer["evidence"][1]["receipt"]}),
        lambda answer: _evidence(answer, {"receipt": None}),
        lambda answer: _evidence(answer, {"receipt": answer["evidence"][0]["receipt"].replace("index 0", "index 3")}),
        lambda answer: _evidence(answer, {"origin": "other.example/ledger"}),
        lambda answer: answer | {"evidence": answer["evidence"][1:]},
        lambda answer: answer | {"evidence": []},
        lambda answer: answer | {"evidence": None},
        lambda answer: answer | {"question": answer["question"] | {"known_at": {}}},
        lambda answer: answer | {"question": answer["question"] | {"known_at": {ledgers.ORIGIN: 10**9}}},
        lambda answer: answer | {"question": answer["question"] | {"known_at": {ledgers.ORIGIN: True}}},
        lambda answer: {"decision": "trusted"},
    ],
    ids=[
        "entry altered", "index moved", "index as text", "receipt of another entry", "no receipt",
        "index in the receipt", "another ledger", "opening left out", "nothing proven", "no list", "no size",
        "size beyond the tree", "size no number", "bare verdict",
    ],
)  # fmt: skip
def test_an_answer_whose_proofs_do_not_hold_is_unchecked(ask: Ask, lie: Any) -> None:
    peer = open_granted()
    peer.rewrite = lie
    assert trust(ask, peer, "--at", "2024-06-01") == 3


def test_the_key_of_a_stranger_is_refused_when_the_nodes_key_is_known(ask: Ask) -> None:
    peer = replace(open_granted(), signer=STRANGER)
    assert trust(ask, peer, "--at", "2024-06-01", "--vkey", str(LOG.verifier)) == 3


def test_a_checkpoint_older_than_the_limit_is_never_trusted(ask: Ask) -> None:
    peer = open_granted()
    peer.signed_at = datetime.now(UTC) - timedelta(hours=2)
    assert trust(ask, peer, "--at", "2024-06-01") == 0
    assert trust(ask, peer, "--at", "2024-06-01", "--max-age", "3600") == 3


def test_an_old_checkpoint_is_not_made_fresh_by_a_witness_the_ledger_does_not_name(ask: Ask) -> None:
    """Whoever holds no key of the node can still bring a witness of their own and cosign an old checkpoint anew."""
    peer = open_granted()
    peer.signed_at = datetime.now(UTC) - timedelta(days=3)
    revived = add_signatures(peer.checkpoint(), [THIEF.cosign(parse_note(peer.checkpoint()).text, _now())])
    told = {"origin": ledgers.ORIGIN, "vkey": str(LOG.verifier), "witness_vkey": str(THIEF.verifier)}
    peer.respond = {"/.well-known/assay.json": lambda: httpx.Response(200, json=told)}

    def revive(answer: Answer) -> Answer:
        for item in answer["evidence"]:
            item["receipt"] = item["receipt"].replace(peer.checkpoint().decode(), revived.decode())
        return answer | {"decision": "trusted"}

    peer.rewrite = revive
    assert trust(ask, peer, "--at", "2024-06-01", "--vkey", str(LOG.verifier)) == 3


def test_entries_recorded_after_the_transaction_time_asked_prove_nothing(
    ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    peer = open_granted()
    honest = peer.answer({"issuer": UTOPIA, "at": "2024-06-01"})
    peer.rewrite = lambda _: honest
    for known_at in ("2022-06-01", f"{ledgers.ORIGIN}@1"):
        assert trust(ask, peer, "--at", "2024-06-01", "--known-at", known_at) == 3
        assert "UNKNOWN" not in capsys.readouterr().out


def test_a_node_that_answers_from_fewer_entries_than_it_signed_or_was_asked_about_is_not_believed(ask: Ask) -> None:
    peer = open_granted()
    index = revoke(peer, "2024-02-01")
    earlier = peer.answer({"issuer": UTOPIA, "at": "2024-06-01", "known_at": f"{ledgers.ORIGIN}@{index}"})
    peer.rewrite = lambda _: earlier
    assert trust(ask, peer, "--at", "2024-06-01", "--known-at", f"{ledgers.ORIGIN}@{index}") == 0
    assert trust(ask, peer, "--at", "2024-06-01") == 3
    assert trust(ask, peer, "--at", "2024-06-01", "--known-at", f"{ledgers.ORIGIN}@{index + 1}") == 3


def test_a_size_of_another_ledger_cannot_be_checked(ask: Ask) -> None:
    peer = open_granted()
    honest = peer.answer({"issuer": UTOPIA, "at": "2024-06-01"})
    peer.rewrite = lambda _: honest
    for options in ((), ("--audit",)):
        assert trust(ask, peer, "--at", "2024-06-01", "--known-at", "other.example/ledger@3", *options) == 3


def test_entries_proven_under_two_histories_are_not_put_together(ask: Ask) -> None:
    peer, other = open_granted(), open_granted(kind="programme")
    elsewhere = {item["index"]: item for item in other.answer({"issuer": UTOPIA, "at": "2024-06-01"})["evidence"]}

    def mix(answer: Answer) -> Answer:
        return answer | {"evidence": [elsewhere[answer["evidence"][0]["index"]], *answer["evidence"][1:]]}

    assert trust(ask, peer, "--at", "2024-06-01") == trust(ask, other, "--at", "2024-06-01") == 0
    peer.rewrite = mix
    assert trust(ask, peer, "--at", "2024-06-01") == 3


def test_a_cosignature_beyond_the_calendar_gives_no_time(ask: Ask) -> None:
    peer = open_granted()
    plain = replace(peer).checkpoint()
    note = parse_note(plain)
    late = add_signatures(plain, [WITNESS.cosign(note.text, 2**62)]).decode()

    def postpone(answer: Answer) -> Answer:
        for item in answer["evidence"]:
            item["receipt"] = item["receipt"].replace(plain.decode(), late)
        return answer

    peer.rewrite = postpone
    peer.respond = {"/ledger/checkpoint": lambda: httpx.Response(200, content=late.encode())}
    assert trust(ask, peer, "--at", "2024-06-01") == 3
    assert ask(peer, "audit", "URL") == 0


def test_proven_entries_that_do_not_fit_together_are_unchecked(ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    peer = open_granted()
    answer = peer.answer({"issuer": UTOPIA, "at": "2024-06-01"})
    cited = [item["index"] for item in answer["evidence"]]
    peer.ledger.own = False  # so that its rules let the next entry stand, set aside
    wrong = {"corrects": 0, "scope": {"eqf_levels": [6]}, "reason": "administrative_error"}
    step = peer.ledger.say("accreditation.amended", GRANTED, {**wrong, "actor": ledgers.as_agency(ledgers.WIDE)})
    answer["evidence"] = [peer.evidence(index) for index in (*cited, step.index)]
    answer["question"]["known_at"] = {ledgers.ORIGIN: len(peer.entries)}
    peer.respond = {"/api/v1/trust": lambda: httpx.Response(200, json=answer)}
    assert trust(ask, peer, "--at", "2024-06-01") == 3
    assert "expected an entry whose scope still holds" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["http://[", "http://x:abc", "http://é..x", "http://xn--", "ftp://x", "http://"])
def test_an_address_that_is_none_is_a_usage_error(url: str) -> None:
    assert main(["trust", UTOPIA, "--register", url]) == 2


def test_a_fault_of_our_own_is_no_verdict(monkeypatch: pytest.MonkeyPatch, ask: Ask) -> None:
    monkeypatch.setattr("deploy.cli.asking.decide", lambda *_: 1 // 0)
    assert trust(ask, open_granted()) == 2


def _now() -> int:
    return int(datetime.now(UTC).timestamp())


def test_json_carries_the_answer_and_what_was_verified(ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    assert trust(ask, open_granted(), "--at", "2024-06-01", "--json") == 0
    answer = read_json(capsys)
    assert answer["decision"] == answer["verification"]["decision"] == "trusted"
    assert answer["verification"]["entries_proven"]


def test_json_of_an_unproven_answer_says_unchecked(ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    peer = open_granted()
    peer.rewrite = lambda answer: answer | {"evidence": []}
    assert trust(ask, peer, "--json") == 3
    assert read_json(capsys)["decision"] == "unchecked"


@pytest.mark.parametrize(
    "response",
    [
        lambda: httpx.Response(500),
        lambda: httpx.Response(302, headers={"Location": "http://127.0.0.1/"}),
        lambda: httpx.Response(200, content=b"<html>"),
        lambda: httpx.Response(200, content=b"[]"),
        lambda: httpx.Response(200, content=b"[" * 100_000),
        lambda: httpx.Response(200, content=b" " * (33 << 20)),
    ],
    ids=["error", "redirect", "page", "list", "deep", "huge"],
)
def test_what_is_no_answer_is_an_input_error(ask: Ask, response: Any) -> None:
    peer = open_granted()
    peer.respond = {"/api/v1/trust": response}
    assert trust(ask, peer) == 2


@pytest.mark.parametrize("options", [("--at", "2024-13-01"), ("--level", "9"), ("--field", "xx"), ("--known-at", "x")])
def test_a_question_that_cannot_be_read_is_a_usage_error(
    ask: Ask, options: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    peer = open_granted()
    assert trust(ask, peer, *options) == 2
    assert capsys.readouterr().err.startswith("assay: ")
    assert peer.asked == []
