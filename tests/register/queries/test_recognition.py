"""Whose word counts is what our own ledger says, at the cut: recognition, remit, age allowed, and the proof of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.conf import settings
from django.utils import timezone

from ledger import publish, reader
from ledger.logs import latest_checkpoint
from ledger.tlog.note import parse_vkey
from ledger.tlog.proof import check_proof, parse_proof
from register import answers, knowledge
from register.queries import facts
from register.queries.facts import gather_facts, gather_many
from register.queries.peers import find_register
from register.replay import replay
from register.trust import Facts, decide, parse_question
from register.trust.facts import RECOGNISED
from tests import factories
from tests.register import peering


class Abroad(NamedTuple):
    """A peer's log with an accredited college of Belgium."""

    origin: str
    college: str
    agency: str


@pytest.fixture
def abroad(db: None, tmp_path: Path) -> Abroad:
    factories.open_register()
    with peering.peer_register(tmp_path, ("BE", "LU")) as origin:
        agency, college = factories.make_agency(), factories.make_issuer(country="BE")
        factories.make_accreditation(college, agency)
    factories.make_issuer()  # a later entry of our own, so that a cut there knows what the peer said before
    return Abroad(origin, college, agency)


def ask(issuer: str, **question: str) -> dict[str, Any]:
    now = timezone.now()
    return answers.answer(parse_question({"issuer": issuer, **question}, now), now)


def first_reason(answer: dict[str, Any]) -> str:
    code: str = answer["reasons"][0]["code"]
    return code


def test_a_peer_counts_while_our_ledger_recognises_it(abroad: Abroad) -> None:
    assert first_reason(ask(abroad.college)) == "register_not_recognised"
    peer = peering.recognise(abroad.origin)
    assert ask(abroad.college)["decision"] == "trusted"
    ended = peering.withdraw(peer.id)
    assert first_reason(ask(abroad.college)) == "register_not_recognised"
    own = settings.ASSAY_ORIGIN
    expected = {
        peer.index: "not_trusted",
        peer.index + 1: "trusted",
        ended.index: "trusted",
        ended.index + 1: "not_trusted",
    }
    assert {size: ask(abroad.college, known_at=f"{own}@{size}")["decision"] for size in expected} == expected


def test_the_remit_of_the_cut_narrows_what_a_peer_is_heard_about(abroad: Abroad) -> None:
    peer = peering.recognise(abroad.origin, remit=["LU"])
    assert first_reason(ask(abroad.college)) == "outside_territory"
    amended = peering.amend(peer.id, remit=None)
    assert ask(abroad.college)["decision"] == "trusted"
    before = ask(abroad.college, known_at=f"{settings.ASSAY_ORIGIN}@{amended.index}")
    assert first_reason(before) == "outside_territory"


def test_the_age_allowed_is_the_peers_own(abroad: Abroad) -> None:
    peer = peering.recognise(abroad.origin, max_age_seconds=600)
    later = timezone.now() + timedelta(seconds=900)
    question = parse_question({"issuer": abroad.college}, later)
    assert answers.answer(question, later)["decision"] == "unchecked"
    peering.amend(peer.id, max_age_seconds=1200)
    assert answers.answer(question, later)["decision"] == "trusted"
    peering.amend(peer.id, max_age_seconds=None)
    assert answers.answer(question, later)["decision"] == "trusted"


def test_an_answer_on_a_peers_word_proves_that_we_recognise_it(abroad: Abroad) -> None:
    peer = peering.recognise(abroad.origin)
    amended = peering.amend(peer.id, name="Renamed")
    answer = ask(abroad.college)
    own = settings.ASSAY_ORIGIN
    cited = [(item["origin"], item["index"], item["type"]) for item in answer["evidence"]]
    assert cited == [
        (own, 0, "register.opened"), (own, peer.index, "peer.recognised"), (own, amended.index, "peer.amended"),
        (abroad.origin, 0, "register.opened"), (abroad.origin, 1, "agency.recognised"),
        (abroad.origin, 2, "issuer.registered"), (abroad.origin, 3, "accreditation.granted"),
    ]  # fmt: skip
    keys = {origin: [parse_vkey(key_of(origin))] for origin in (own, abroad.origin)}
    for item in answer["evidence"]:
        check_proof(parse_proof(item["receipt"]), item["data"].encode(), keys[item["origin"]])


def key_of(origin: str) -> str:
    register = find_register(origin)
    assert register is not None
    return register.vkey


def test_our_own_answers_name_no_peer_as_evidence(abroad: Abroad) -> None:
    college = factories.make_issuer()
    factories.make_accreditation(college, factories.make_agency())
    peering.recognise(abroad.origin)
    answer = ask(college)
    assert {item["origin"] for item in answer["evidence"]} == {settings.ASSAY_ORIGIN}
    assert answer["question"]["known_at"].keys() == {settings.ASSAY_ORIGIN, abroad.origin}


def test_a_register_no_longer_recognised_makes_nothing_unchecked(abroad: Abroad) -> None:
    peer = peering.recognise(abroad.origin)
    stale = timezone.now() + timedelta(seconds=settings.ASSAY_FRESHNESS_SECONDS + 60)
    question = parse_question({"issuer": "ror:04dkp9463"}, stale)
    codes = [reason["code"] for reason in answers.answer(question, stale)["reasons"]]
    assert codes == ["issuer_unknown", "stale", "stale"]
    peering.withdraw(peer.id)
    answer = answers.answer(question, stale)
    assert [reason["code"] for reason in answer["reasons"]] == ["issuer_unknown", "stale"]
    assert answer["fresh"].keys() == {settings.ASSAY_ORIGIN}


@pytest.mark.parametrize("back", [0, 1, 2, 3, 4])
def test_facts_of_all_registers_are_those_of_replays(abroad: Abroad, back: int) -> None:
    peer = peering.recognise(abroad.origin, remit=["BE"], max_age_seconds=600)
    peering.amend(peer.id, remit=None)
    peering.withdraw(peer.id)
    own, now = settings.ASSAY_ORIGIN, timezone.now()
    size = latest_checkpoint(own).size - back
    asked = parse_question({"issuer": abroad.college, "known_at": f"{own}@{size}"}, now)
    found = gather_facts(asked, now).facts
    states = {one.origin: replay(one.origin, reader.read_entries(one.origin, 0, one.size)) for one in found.registers}
    registers, named = [], {}
    for one in found.registers:
        recognition = RECOGNISED if one.own else knowledge.recognise(states[own], one.origin)
        known = knowledge.gather(
            states[one.origin], asked.question.issuer, None, own=one.own, checkpoint_size=one.checkpoint_size or 0,
            checkpoint_time=one.checkpoint_time, age_seconds=one.age_seconds, stale=one.stale,
            limit_seconds=recognition.max_age_seconds or settings.ASSAY_FRESHNESS_SECONDS, recognition=recognition,
        )  # fmt: skip
        registers.append(known.facts)
        named[one.origin] = known.asked
    again = Facts(tuple(registers), named)
    assert found == again
    question = asked.known_as({one.origin: one.size for one in found.registers})
    assert decide(question, found) == decide(question, again)


def test_a_node_that_follows_nobody_asks_the_shorter_statement(db: None, tmp_path: Path) -> None:
    factories.open_register()
    issuer = factories.make_issuer()
    publish.cover(settings.ASSAY_ORIGIN)
    now = timezone.now()
    question = parse_question({"issuer": issuer}, now)
    gather_facts(question, now)
    assert not facts._Company.expected
    with peering.peer_register(tmp_path) as origin:
        other = factories.make_issuer(country="BE")
    peering.recognise(origin)
    both = gather_many([question, parse_question({"issuer": other}, now)], now)
    assert facts._Company.expected
    assert [register.recognised for register in both[1].facts.registers] == [True, True]
    assert both[1].facts.asked == {settings.ASSAY_ORIGIN: (), origin: (other,)}


def test_a_node_without_a_register_of_its_own_recognises_nobody(db: None, tmp_path: Path) -> None:
    with peering.peer_register(tmp_path) as origin:
        issuer = factories.make_issuer(country="BE")
    assert first_reason(ask(issuer)) == "register_not_recognised"
    assert ask("ror:04dkp9463")["decision"] == "unknown"
    assert find_register(origin) is not None
