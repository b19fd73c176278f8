"""One institution in several registers: whose records lead to whose, what contradicts, and that a replay agrees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from ledger import publish, reader
from register import answers, knowledge
from register.queries.facts import gather_facts
from register.queries.facts_sql import MOST_CLAIMS
from register.replay import replay
from register.trust import Facts, decide, parse_question
from register.trust.facts import RECOGNISED
from tests import factories
from tests.register import peering

ROR = {"scheme": "ror", "value": "https://ror.org/04dkp9463"}
PIC = {"scheme": "pic", "value": "999974456"}
SCHAC = {"scheme": "schac", "value": "college.example"}
LOCAL = {"scheme": "national", "value": "17"}
KEY = "did:web:college.example"


@pytest.fixture(autouse=True)
def register(db: None) -> None:
    factories.open_register(("NL", "LU"))


def abroad(directory: Path, territory: tuple[str, ...] = ("BE",), key: str | None = None, **issuer: Any) -> str:
    """A recognised peer with one accredited issuer; return the issuer's id."""
    with peering.peer_register(directory, territory) as origin:
        college = factories.make_issuer(**{"country": "BE", **issuer})
        factories.make_accreditation(college, factories.make_agency(), valid_until="2030-01-01")
        if key is not None:
            factories.make_key(college, value=key)
    peering.recognise(origin)
    return college


def at_home(**issuer: Any) -> str:
    college = factories.make_issuer(**issuer)
    publish.cover(settings.ASSAY_ORIGIN)
    return college


def ask(issuer: str, **question: str) -> dict[str, Any]:
    """Answer from the read model, and insist that replays of the cited entries alone give the same."""
    now = timezone.now()
    asked = parse_question({"issuer": issuer, **question}, now)
    answer = answers.answer(asked, now)
    found = gather_facts(asked, now).facts
    whole = [replay(one.origin, reader.read_entries(one.origin, 0, one.size), own=one.own) for one in found.registers]
    sized = asked.known_as({one.origin: one.size for one in found.registers})
    assert decide(sized, refold(found, whole, asked)) == decide(sized, found)
    cited = {
        one.origin: [i["index"] for i in answer["evidence"] if i["origin"] == one.origin] for one in found.registers
    }
    few = [
        knowledge.replay_proven(one.origin, {i: reader.read_entry(one.origin, i) for i in cited[one.origin]}, one.size)
        for one in found.registers
    ]
    again = decide(sized, refold(found, few, asked))
    assert again.decision == answer["decision"]
    if answer["evidence"]:
        assert [reason.text for reason in again.reasons] == [reason["text"] for reason in answer["reasons"]]
    return answer


def refold(found: Facts, states: list[Any], asked: Any) -> Facts:
    own = next(state for state in states if state.origin == settings.ASSAY_ORIGIN)
    shared = knowledge.find_shared_issuers(states, asked.question.issuer)
    known = [
        knowledge.gather(
            state, asked.question.issuer, asked.question.key, own=one.own, checkpoint_size=one.checkpoint_size or 0,
            checkpoint_time=one.checkpoint_time, age_seconds=one.age_seconds, stale=one.stale,
            limit_seconds=one.limit_seconds, shared=shared.get(one.origin, ()),
            recognition=RECOGNISED if one.own else knowledge.recognise(own, one.origin),
        )
        for one, state in zip(found.registers, states, strict=True)
    ]  # fmt: skip
    return Facts(tuple(one.facts for one in known), {one.facts.origin: one.asked for one in known}, shared)


def test_a_record_of_our_own_is_answered_for_by_a_peers_of_the_same_institution(tmp_path: Path) -> None:
    theirs = abroad(tmp_path, ("LU", "BE"), country="LU", identifiers=[ROR, PIC])
    ours = at_home(country="LU", identifiers=[ROR, SCHAC])
    for name in (ours, theirs, "ror:04dkp9463", "pic:999974456", "schac:college.example"):
        answer = ask(name)
        assert answer["decision"] == "trusted", name
        assert answer["chain"]["issuer"]["id"] == theirs
    text = ask("schac:college.example")["reasons"][0]["text"]
    assert "are one institution: both are recorded as ror:https://ror.org/04dkp9463." in text
    assert "are one institution" not in ask("ror:04dkp9463")["reasons"][0]["text"]


def test_a_local_number_makes_no_institution_the_same(tmp_path: Path) -> None:
    abroad(tmp_path, ("LU",), country="LU", identifiers=[LOCAL])
    ours = at_home(country="LU", identifiers=[LOCAL])
    assert ask(ours)["decision"] == "not_trusted"


def test_an_identifier_given_up_makes_no_institution_the_same(tmp_path: Path) -> None:
    abroad(tmp_path, ("LU",), country="LU", identifiers=[{**ROR, "valid_until": "2021-01-01"}])
    ours = at_home(country="LU", identifiers=[ROR])
    assert ask(ours)["decision"] == "not_trusted"
    assert ask(ours, at="2020-06-01")["decision"] == "trusted"


def test_a_peer_lends_nobodys_accreditation_to_an_issuer_of_another_country(tmp_path: Path) -> None:
    """A record abroad that claims our college's identifier beside a DID of its own does not become our college."""
    ours = at_home(identifiers=[ROR])
    factories.make_accreditation(ours, factories.make_agency())
    publish.cover(settings.ASSAY_ORIGIN)
    did = {"scheme": "did", "value": "did:web:fake.example"}
    with peering.peer_register(tmp_path) as origin:
        fake = factories.make_issuer(country="BE", identifiers=[ROR, did])
    peering.recognise(origin)
    for name in (fake, "did:web:fake.example"):
        answer = ask(name)
        assert (answer["decision"], answer["chain"]["issuer"]["id"]) == ("not_trusted", fake)
        assert "records ror:https://ror.org/04dkp9463 for" in answer["reasons"][0]["text"]
    answer = ask(ours)
    assert (answer["decision"], answer["chain"]["issuer"]["id"]) == ("trusted", ours)
    assert "in Belgium (BE); ask with the country that matters." in answer["reasons"][0]["text"]


def test_a_peer_that_knows_nobody_by_it_contradicts_nothing(tmp_path: Path) -> None:
    abroad(tmp_path, identifiers=[PIC])
    ours = at_home(identifiers=[ROR])
    assert "But " not in ask(ours)["reasons"][0]["text"]
    assert {item["origin"] for item in ask(ours)["evidence"]} == {settings.ASSAY_ORIGIN}


def test_one_key_of_two_institutions_is_told(tmp_path: Path) -> None:
    theirs = abroad(tmp_path, key=KEY)
    ours = at_home()
    factories.make_key(ours, value=KEY)
    factories.make_accreditation(ours, factories.make_agency())
    publish.cover(settings.ASSAY_ORIGIN)
    for issuer in (ours, theirs):
        answer = ask(issuer, key=KEY)
        assert answer["decision"] == "trusted"
        assert f"records the key {KEY} for" in answer["reasons"][0]["text"]
    assert "records the key" not in ask(ours)["reasons"][0]["text"]


def test_one_key_of_one_institution_in_two_registers_is_no_contradiction(tmp_path: Path) -> None:
    abroad(tmp_path, ("LU",), country="LU", identifiers=[ROR], key=KEY)
    ours = at_home(country="LU", identifiers=[ROR])
    factories.make_key(ours, value=KEY)
    publish.cover(settings.ASSAY_ORIGIN)
    answer = ask(ours, key=KEY)
    assert answer["decision"] == "trusted"
    assert "records the key" not in answer["reasons"][0]["text"]


def test_who_is_not_recognised_has_no_say_about_identity(tmp_path: Path) -> None:
    with peering.peer_register(tmp_path, ("LU",)) as origin:
        theirs = factories.make_issuer(country="LU", identifiers=[ROR])
        factories.make_accreditation(theirs, factories.make_agency())
    ours = at_home(country="LU", identifiers=[ROR])
    assert ask(ours)["decision"] == "not_trusted"
    peering.recognise(origin, remit=["LU"])
    assert ask(ours)["decision"] == "trusted"


def test_an_id_of_ours_means_ours_and_an_address_what_stands_there(tmp_path: Path) -> None:
    ours = at_home()
    with peering.peer_register(tmp_path) as origin:
        told = {"names": {"en": "Same id"}, "country": "BE"}
        agency = factories.make_agency()
        shadow = peering.slip_in(origin, "issuer.registered", "issuers", told, ours)
        granted = {"issuer": shadow, "agency": agency, "valid_from": "2020-01-01"}
        peering.slip_in(origin, "accreditation.granted", "accreditations", granted)
        theirs = f"{settings.ASSAY_BASE_URL}/issuers/{ours}"
    peering.recognise(origin)
    assert ask(ours)["decision"] == "not_trusted"
    assert ask(f"{settings.ASSAY_BASE_URL}/issuers/{ours}")["decision"] == "not_trusted"
    assert ask(theirs)["decision"] == "trusted"
    assert ask(theirs)["chain"]["issuer"]["url"] == theirs


def test_a_flood_of_set_aside_claims_is_read_no_further_than_said(tmp_path: Path) -> None:
    ours = at_home(identifiers=[ROR])
    factories.make_accreditation(ours, factories.make_agency())
    publish.cover(settings.ASSAY_ORIGIN)
    told = {"names": {"en": "Claimed"}, "country": "NL", "identifiers": [ROR]}
    with peering.peer_register(tmp_path, name="Flooding register") as flooding:
        for number in range(MOST_CLAIMS + 2):
            thing = f"00000000-0000-7000-8000-{number:012d}"
            peering.slip_in(flooding, "issuer.registered", "issuers", told, thing)
    peering.recognise(flooding)
    quiet = abroad(tmp_path, identifiers=[PIC])
    for question in ("ror:04dkp9463", ours):
        asked = parse_question({"issuer": question}, timezone.now())
        gathered = gather_facts(asked, timezone.now())
        known = next(one for one in gathered.facts.registers if one.origin == flooding)
        assert len(known.issuers) == MOST_CLAIMS
    answer = answers.answer(parse_question({"issuer": "ror:04dkp9463"}, timezone.now()), timezone.now())
    assert answer["decision"] == "trusted"
    assert answer["fresh"][flooding]["most_claims"] == MOST_CLAIMS
    assert not any("most_claims" in told for origin, told in answer["fresh"].items() if origin != flooding)
    assert quiet
