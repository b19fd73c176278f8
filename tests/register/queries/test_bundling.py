"""The node's bundle answers as the node does, whatever was said, at every size; one of chosen issuers, about these."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings

from ledger import publish
from ledger.tlog.note import parse_vkey
from ledger.tlog.proof import check_proof, parse_proof
from register import answers, commands, payloads
from register.api.node import statement_key
from register.credential_ports import NodeRegisters
from register.credentials.bundle.checking import check_whole
from register.credentials.bundle.manifest import sign_manifest
from register.credentials.bundle.opening import open_bytes
from register.credentials.bundle.registers import BundleRegisters
from register.credentials.bundle.writing import Order, write_bundle
from register.credentials.errors import Unreachable
from register.errors import NotFound
from register.identifiers import parse_identifier
from register.queries import bundling
from register.queries.credentials import find_withdrawals
from register.queries.cuts import resolve_cut
from register.trust import parse_question
from tests import factories
from tests.factories import OPERATOR
from tests.register import peering
from tests.register.queries.test_facts import KEYS, PICS, STORIES, Story, new_register

DAY = timedelta(seconds=86_400)
ROR = {"scheme": "ror", "value": "https://ror.org/04dkp9463"}


def bundle(now: datetime, *issuers: str, max_age: timedelta = DAY) -> BundleRegisters:
    """Make the node's bundle, open it at the same instant, and check all of it."""
    publish.cover(settings.ASSAY_ORIGIN)
    ledgers = bundling.list_ledgers(settings.ASSAY_ORIGIN)
    if issuers:
        ledgers = bundling.choose(ledgers, [parse_identifier(one) for one in issuers], now)
    order = Order(settings.ASSAY_BASE_URL, now, issuers or None, settings.ASSAY_FRESHNESS_SECONDS, ledgers)
    data = b"".join(write_bundle(order, lambda manifest: sign_manifest(manifest, statement_key())))
    opened = open_bytes(data, now=now, max_age=max_age)
    check_whole(opened, lambda count: None)
    return opened


def check_same(registers: BundleRegisters, question: Mapping[str, str], now: datetime) -> Mapping[str, Any]:
    """Insist that node and bundle answer alike, in everything but the receipts, which are under equal checkpoints."""
    theirs = dict(registers.decide(question))
    ours = answers.answer(parse_question(question, now), now)
    for fresh in ours["fresh"].values():
        fresh.pop("covered_by", None)
    assert theirs.pop("bundle")["past_limit"] is False
    assert [_without_receipt(one) for one in theirs["evidence"]] == [_without_receipt(one) for one in ours["evidence"]]
    assert {**theirs, "evidence": []} == {**ours, "evidence": []}
    return theirs


def _without_receipt(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != "receipt"}


@contextmanager
def only_while_it_lasts(origin: str) -> Iterator[None]:
    """Let the read model forget a register after an example: the next one is none of its peers."""
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM register_cursor WHERE log_id = (SELECT id FROM ledger_log WHERE origin = %s)", [origin]
            )


@pytest.mark.django_db
@hypothesis_settings(
    max_examples=8,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(said=STORIES)
def test_whatever_was_said_the_bundle_answers_as_the_node(tmp_path: Path, said: list[tuple[str, list[int]]]) -> None:
    with new_register(tmp_path) as origin, only_while_it_lasts(origin):
        story = Story()
        for verb, numbers in said:
            story.say(verb, numbers)
        now = timezone.now()
        registers = bundle(now)
        size = registers.ledgers[0].size
        questions = [{"issuer": issuer} for issuer in story.things["issuer"]]
        questions += [{"issuer": f"pic:{pic}"} for pic in PICS] + [{"issuer": key} for key in KEYS]
        questions += [{"issuer": story.things["issuer"][0], "key": KEYS[0], "at": "2024-06-01"}]
        for question in questions:
            check_same(registers, question, now)
            for cut in {0, 1, size // 2, size - 1}:
                check_same(registers, {**question, "known_at": f"{origin}@{cut}"}, now)


@pytest.fixture
def register(db: None) -> None:
    factories.open_register(("NL", "LU"))


@pytest.fixture
def abroad(register: None, tmp_path: Path) -> dict[str, str]:
    """A college at home and one abroad that are one institution, and one that the peer may not speak for."""
    home = factories.make_issuer(identifiers=[ROR])
    factories.make_accreditation(home, factories.make_agency())
    with peering.peer_register(tmp_path, ("BE",)) as origin:
        college = factories.make_issuer(country="BE", identifiers=[ROR, {"scheme": "pic", "value": "999974456"}])
        factories.make_accreditation(college, factories.make_agency(), valid_until="2030-01-01")
        factories.make_key(college, value="did:web:college.example")
        terms = {"names": {"en": "Elsewhere"}, "country": "FR"}
        outside = peering.slip_in(origin, "issuer.registered", "issuers", terms)
        peering.slip_in(origin, "agency.amended", "agencies", {"names": {"en": "Nobody"}})
    return {"origin": origin, "home": home, "college": college, "outside": outside}


def ask_all(things: Mapping[str, str]) -> list[dict[str, str]]:
    questions = [{"issuer": things[name]} for name in ("home", "college", "outside")]
    questions += [{"issuer": f"http://home.example/issuers/{things['college']}"}, {"issuer": "ror:04dkp9463"}]
    questions += [{"issuer": "pic:999974456"}, {"issuer": "did:web:college.example"}, {"issuer": "pic:100000001"}]
    return [*questions, {"issuer": things["home"], "key": "did:web:college.example"}]


def test_peers_answer_from_the_bundle_as_from_the_node(abroad: dict[str, str]) -> None:
    peering.recognise(abroad["origin"])
    now = timezone.now()
    registers = bundle(now)
    for question in ask_all(abroad):
        for jurisdiction in ("NL", "BE"):
            check_same(registers, {**question, "jurisdiction": jurisdiction}, now)
    assert registers.decide({"issuer": abroad["college"], "jurisdiction": "BE"})["decision"] == "trusted"


def test_a_peer_is_as_recognised_in_the_bundle_as_it_was_then(abroad: dict[str, str]) -> None:
    peer = peering.recognise(abroad["origin"]).id
    before = bundling.list_ledgers(settings.ASSAY_ORIGIN)[0].size
    peering.withdraw(peer)
    now = timezone.now()
    registers = bundle(now)
    assert registers.find_ledger(abroad["origin"]) is None
    for question in ask_all(abroad):
        check_same(registers, question, now)
        check_same(registers, {**question, "known_at": f"{settings.ASSAY_ORIGIN}@{before}"}, now)


def test_receipts_count_under_the_same_keys_in_the_bundle_as_at_the_node(abroad: dict[str, str]) -> None:
    for change in (None, lambda: peering.recognise(abroad["origin"])):
        if change is not None:
            change()
        now = timezone.now()
        registers, node = bundle(now), NodeRegisters(now)
        for origin in (settings.ASSAY_ORIGIN, abroad["origin"], "nobody.example/ledger"):
            assert registers.find_ledger(origin) == node.find_ledger(origin)
    keys = registers.find_ledger(abroad["origin"])
    assert keys is not None
    assert set(keys.own_witnesses) < set(keys.witnesses)


def test_a_question_as_known_at_an_instant_cuts_every_ledger_alike(abroad: dict[str, str]) -> None:
    peering.recognise(abroad["origin"])
    between = timezone.now()
    commands.close_issuer(abroad["home"], factories.ending("2026-01-01"), actor=OPERATOR)
    now = timezone.now()
    registers = bundle(now)
    for question in ask_all(abroad):
        check_same(registers, {**question, "known_at": between.isoformat()}, now)
        check_same(registers, {**question, "known_at": "2020-01-01"}, now)


def test_evidence_from_a_bundle_proves_itself(abroad: dict[str, str]) -> None:
    registers = bundle(timezone.now())
    keys = registers.find_ledger(settings.ASSAY_ORIGIN)
    assert keys is not None
    evidence = registers.decide({"issuer": abroad["home"]})["evidence"]
    assert evidence
    for item in evidence:
        check_proof(parse_proof(item["receipt"]), item["data"].encode(), [parse_vkey(key) for key in keys.log])


def test_a_bundle_of_chosen_issuers_answers_about_these_as_the_node(abroad: dict[str, str]) -> None:
    peering.recognise(abroad["origin"])
    other = factories.make_issuer()
    factories.make_accreditation(other, factories.make_agency())
    factories.make_mandate(abroad["home"], other)
    now = timezone.now()
    registers = bundle(now, "ror:04dkp9463")
    assert registers.ledgers[0].count < registers.ledgers[0].size
    for question in ask_all(abroad):
        if question["issuer"] not in (abroad["outside"], "pic:100000001"):
            check_same(registers, question, now)


@pytest.mark.parametrize("issuer", ["other", "pic:100000001"])
def test_a_bundle_of_chosen_issuers_says_nothing_about_others(register: None, issuer: str) -> None:
    """An issuer of which it holds a part, because it seals for a chosen one, is not unaccredited by that."""
    home, other = factories.make_issuer(), factories.make_issuer()
    factories.make_accreditation(other, factories.make_agency())
    factories.make_mandate(home, other)
    registers = bundle(timezone.now(), home)
    asked = other if issuer == "other" else issuer
    with pytest.raises(Unreachable, match="not in this bundle"):
        registers.decide({"issuer": asked})
    with pytest.raises(Unreachable, match="not in this bundle"):
        registers.find_withdrawals(asked)


def test_an_issuer_nobody_knows_is_no_choice(register: None) -> None:
    with pytest.raises(NotFound, match="pic:100000001"):
        bundle(timezone.now(), "pic:100000001")


@pytest.mark.parametrize("chosen", [True, False])
def test_withdrawals_are_those_of_the_node(register: None, chosen: bool) -> None:
    college, plain = factories.make_issuer(), factories.make_issuer()
    root, first, second = (f"{number:064x}" for number in (1, 2, 3))
    batch = {"issuer": college, "root": root, "count": 2, "tree_algorithm": "sha256"}
    commands.anchor_batch(payloads.BatchTerms.model_validate(batch), actor=OPERATOR)
    for verb in ("suspend", "reinstate", "revoke"):
        withdraw(verb, college, [first, second] if verb == "suspend" else [first])
    now = timezone.now()
    registers = bundle(now, college, plain) if chosen else bundle(now)
    ours, theirs = find_withdrawals(college, resolve_cut()), registers.find_withdrawals(college)
    assert (theirs.anchors, theirs.fresh) == (True, True)
    assert dict(theirs.by_commitment) == dict(ours.by_commitment)
    assert [one.state for one in theirs.by_commitment[first]] == ["suspended", "reinstated", "revoked"]
    assert theirs.by_commitment.get(root) is None
    assert registers.find_withdrawals(f"{settings.ASSAY_BASE_URL}/issuers/{college}").anchors
    assert not registers.find_withdrawals(plain).anchors


def withdraw(verb: str, issuer: str, commitments: list[str]) -> None:
    reason = "administrative_error"
    terms = {"issuer": issuer, "commitments": commitments, "reason": reason, "effective_from": "2026-01-01"}
    act = getattr(commands, f"{verb}_credentials")
    act(payloads.WithdrawalTerms.model_validate(terms), actor=OPERATOR)


def test_past_the_verifiers_limit_nothing_is_trusted(abroad: dict[str, str]) -> None:
    peering.recognise(abroad["origin"])
    now = timezone.now()
    publish.cover(settings.ASSAY_ORIGIN)
    order = Order("https://a.example", now, None, 86_400, bundling.list_ledgers(settings.ASSAY_ORIGIN))
    data = b"".join(write_bundle(order, lambda manifest: sign_manifest(manifest, statement_key())))
    for days, decision in ((29, "trusted"), (31, "unchecked")):
        registers = open_bytes(data, now=now + timedelta(days=days))
        for issuer in (abroad["home"], abroad["college"]):
            answer = registers.decide({"issuer": issuer, "at": "2026-01-01"})
            assert answer["decision"] == decision
            assert answer["bundle"]["age_seconds"] // 86_400 == days
        assert registers.find_withdrawals(abroad["home"]).fresh is (days == 29)
    pinned = {"issuer": abroad["home"], "known_at": now.isoformat()}
    assert registers.decide(pinned)["decision"] == "unchecked"
    assert json.dumps(registers.decide(pinned))
