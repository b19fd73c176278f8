"""The facts of the read model are those of a replayed ledger, at every size of it; answers carry their proofs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test.utils import override_settings
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ledger import publish, reader
from ledger.signer import node_signers
from ledger.tlog.checkpoint import open_checkpoint
from ledger.tlog.proof import check_proof, parse_proof
from register import answers, commands, knowledge, payloads
from register.errors import NotUnderstood, Refused
from register.moments import format_instant
from register.projection import replaying
from register.queries.facts import gather_facts
from register.replay import replay
from register.trust import Facts, RegisterFacts, decide, parse_question
from tests import factories
from tests.factories import OPERATOR, ending
from tests.statements import count_statements

_origins = itertools.count(1)
DAYS = ["2019-01-01", "2020-06-01", "2022-01-01", "2024-01-01", "2025-07-01", "2026-01-01"]
KEYS = ["did:web:a.example", "did:web:b.example"]
PICS = ["100000001", "100000002"]


@contextmanager
def new_register(directory: Path) -> Iterator[str]:
    """A register of its own beside those there already, with keys of its own."""
    number = next(_origins)
    names = {"ASSAY_ORIGIN": f"r{number}.example/ledger", "ASSAY_BASE_URL": f"http://r{number}.example"}
    with override_settings(**names, ASSAY_KEYS_DIR=directory / str(number), ASSAY_GUARD_DIR=directory / f"g{number}"):
        factories.open_register()
        yield settings.ASSAY_ORIGIN


class Story:
    """A register in which drawn commands are said, as far as the rules let them."""

    def __init__(self) -> None:
        self.things: dict[str, list[str]] = {"agency": [factories.make_agency()], "issuer": [factories.make_issuer()]}
        self.key_owner: dict[str, str] = {}

    def say(self, verb: str, numbers: list[int]) -> None:
        """Do one thing to things picked by number; what the rules refuse is left out."""
        with suppress(Refused, ValueError):
            getattr(self, f"do_{verb}")(numbers)

    def pick(self, kind: str, number: int) -> str:
        held = self.things.get(kind) or ["00000000-0000-7000-8000-000000000000"]
        return held[number % len(held)]

    def do_issuer(self, n: list[int]) -> None:
        claims = [{"scheme": "pic", "value": PICS[n[0] % 2], "valid_until": DAYS[n[1] % 6]}] if n[0] % 3 else []
        self.things["issuer"].append(factories.make_issuer(identifiers=claims))

    def do_amend(self, n: list[int]) -> None:
        claims = [{"scheme": "pic", "value": PICS[n[1] % 2]}] if n[1] % 3 else []
        changes = payloads.IssuerChanges.model_validate({"identifiers": claims, "acronym": str(n[2])})
        commands.amend_issuer(self.pick("issuer", n[0]), changes, actor=OPERATOR)

    def do_grant(self, n: list[int]) -> None:
        programme = self.pick("programme", n[2])
        scope: dict[str, Any] = {"programmes": [programme]} if n[3] % 3 == 0 else {"eqf_levels": [5 + n[3] % 3]}
        granted = factories.make_accreditation(
            self.pick("issuer", n[0]), self.pick("agency", n[1]), valid_from=DAYS[n[2] % 3], scope=scope
        )
        self.things.setdefault("accreditation", []).append(granted)

    def do_suspend(self, n: list[int]) -> None:
        commands.suspend_accreditation(self.pick("accreditation", n[0]), ending(DAYS[n[1] % 6]), actor=OPERATOR)

    def do_revoke(self, n: list[int]) -> None:
        commands.revoke_accreditation(self.pick("accreditation", n[0]), ending(DAYS[n[1] % 6]), actor=OPERATOR)

    def do_relate(self, n: list[int]) -> None:
        relation = ["merged_into", "alliance", "faculty_of", "absorbed"][n[2] % 4]
        terms = payloads.RelationTerms.model_validate(
            {"relation": relation, "other": self.pick("issuer", n[1]), "valid_from": DAYS[n[3] % 6]}
        )
        commands.relate_issuer(self.pick("issuer", n[0]), terms, actor=OPERATOR)

    def do_key(self, n: list[int]) -> None:
        issuer = self.pick("issuer", n[0])
        key = factories.make_key(issuer, value=KEYS[n[1] % 2])
        self.things.setdefault("key", []).append(key)
        self.key_owner[key] = issuer

    def do_revoke_key(self, n: list[int]) -> None:
        key = self.pick("key", n[0])
        terms = payloads.KeyRevocationTerms.model_validate({"reason": "superseded", "effective_from": DAYS[n[1] % 6]})
        commands.revoke_key(self.key_owner.get(key, key), key, terms, actor=OPERATOR)

    def do_mandate(self, n: list[int]) -> None:
        self.things.setdefault("mandate", []).append(
            factories.make_mandate(self.pick("issuer", n[0]), self.pick("issuer", n[1]))
        )

    def do_programme(self, n: list[int]) -> None:
        self.things.setdefault("programme", []).append(factories.make_programme(self.pick("issuer", n[0])))


VERBS = [name.removeprefix("do_") for name in vars(Story) if name.startswith("do_")]
STORIES = st.lists(
    st.tuples(st.sampled_from(VERBS), st.lists(st.integers(0, 11), min_size=4, max_size=4)), min_size=4, max_size=14
)


def reference(origin: str, size: int, question: dict[str, str], like: RegisterFacts, now: datetime) -> Facts:
    """The facts of the register out of a plain replay of its first entries."""
    asked = parse_question(question, now).question
    known = knowledge.gather(
        replay(origin, reader.read_entries(origin, 0, size)), asked.issuer, asked.key, own=True,
        checkpoint_size=like.checkpoint_size or 0, checkpoint_time=like.checkpoint_time, age_seconds=like.age_seconds,
        stale=like.stale, limit_seconds=like.limit_seconds,
    )  # fmt: skip
    return Facts((known.facts,), {origin: known.asked})


def check_equal(origin: str, size: int, question: dict[str, str], now: datetime) -> None:
    """Insist that the read model's facts, and the decision on them, are those of the replay."""
    asked = parse_question({**question, "known_at": f"{origin}@{size}"}, now)
    gathered = gather_facts(asked, now)
    (mine,) = [register for register in gathered.facts.registers if register.origin == origin]
    facts = Facts((mine,), {origin: gathered.facts.asked[origin]})
    expected = reference(origin, size, question, mine, now)
    (theirs,) = expected.registers
    # Of an issuer's programmes the read model brings those that a scope names, which are all a decision looks at.
    named = {programme for a in theirs.accreditations for programme in a.scope.programmes or ()}
    assert set(mine.programmes) == {p for p in theirs.programmes if p in named}
    assert replace(mine, programmes={}) == replace(theirs, programmes={})
    assert facts.asked == expected.asked
    sized = asked.known_as({origin: size})
    assert decide(sized, facts) == decide(sized, expected)


@pytest.mark.django_db
@hypothesis_settings(
    max_examples=10,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # each example is dozens of commits: shrinking takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(said=STORIES)
def test_whatever_was_said_facts_are_those_of_a_replay_at_every_size(
    tmp_path: Path, said: list[tuple[str, list[int]]]
) -> None:
    with new_register(tmp_path) as origin:
        story = Story()
        for verb, numbers in said:
            story.say(verb, numbers)
        signed = publish.cover(origin)
        now = timezone.now()
        questions = [{"issuer": issuer} for issuer in story.things["issuer"]]
        questions += [{"issuer": f"pic:{pic}"} for pic in PICS] + [{"issuer": key} for key in KEYS]
        questions += [{"issuer": story.things["issuer"][0], "key": KEYS[0]}]
        for question in questions:
            for size in {0, 1, signed.size // 2, signed.size - 1, signed.size}:
                check_equal(origin, size, question, now)
        assert replaying.check() is None


@pytest.fixture
def cast(db: None) -> dict[str, str]:
    factories.open_register()
    agency, college = (
        factories.make_agency(),
        factories.make_issuer(identifiers=[{"scheme": "ror", "value": "04dkp9463"}]),
    )
    granted = factories.make_accreditation(college, agency, scope={"eqf_levels": [6]})
    publish.cover(settings.ASSAY_ORIGIN)
    return {"agency": agency, "college": college, "granted": granted}


def ask(**question: str) -> dict[str, Any]:
    now = timezone.now()
    return answers.answer(parse_question(question, now), now)


def test_an_answer_carries_every_entry_it_rests_on_with_its_receipt(cast: dict[str, str]) -> None:
    answer = ask(issuer="ror:04dkp9463", eqf_level="6")
    assert answer["decision"] == "trusted"
    assert answer["question"]["known_at"] == {settings.ASSAY_ORIGIN: 4}
    assert [(item["index"], item["type"]) for item in answer["evidence"]] == [
        (0, "register.opened"), (1, "agency.recognised"), (2, "issuer.registered"), (3, "accreditation.granted"),
    ]  # fmt: skip
    for item in answer["evidence"]:
        check_proof(parse_proof(item["receipt"]), item["data"].encode(), [node_signers().log.verifier])


def test_an_answer_about_the_past_names_the_earliest_checkpoint_that_covers_the_cut(cast: dict[str, str]) -> None:
    commands.revoke_accreditation(cast["granted"], ending("2021-01-01"), actor=OPERATOR)
    between = reader.get_log(settings.ASSAY_ORIGIN).last_time
    assert between is not None
    publish.cover(settings.ASSAY_ORIGIN)
    factories.make_issuer()
    publish.cover(settings.ASSAY_ORIGIN)
    for known_at, size, covering in ((f"{settings.ASSAY_ORIGIN}@3", 3, 4), (format_instant(between), 5, 5)):
        answer = ask(issuer=cast["college"], known_at=known_at)
        named = answer["fresh"][settings.ASSAY_ORIGIN]["covered_by"]
        signed = open_checkpoint(named["note"].encode(), node_signers().verifiers, settings.ASSAY_ORIGIN)
        assert answer["question"]["known_at"] == {settings.ASSAY_ORIGIN: size}
        assert (named["size"], signed.checkpoint.size) == (covering, covering)
    assert "covered_by" not in ask(issuer=cast["college"])["fresh"][settings.ASSAY_ORIGIN]


def test_answers_to_many_are_the_answers_to_each(cast: dict[str, str]) -> None:
    now = timezone.now()
    asked = [
        parse_question(question, now)
        for question in (
            {"issuer": cast["college"]},
            {"issuer": "pic:999974456"},
            {"issuer": cast["college"], "known_at": f"{settings.ASSAY_ORIGIN}@3"},
            {"issuer": "ror:04dkp9463", "eqf_level": "7"},
            {"issuer": cast["college"], "known_at": "2020-01-01"},
        )
    ]
    many = answers.answer_many(asked, now)
    assert many == [answers.answer(question, now) for question in asked]
    assert [answer["decision"] for answer in many] == ["trusted", "unknown", "not_trusted", "not_trusted", "unknown"]


def test_an_answer_takes_the_same_few_queries_however_many_ask(cast: dict[str, str]) -> None:
    for number in range(5):
        factories.make_accreditation(cast["college"], cast["agency"], local_identifier=str(number))
    publish.cover(settings.ASSAY_ORIGIN)
    now = timezone.now()
    question = parse_question({"issuer": cast["college"]}, now)
    executed = [count_statements(partial(answers.answer_many, [question] * n, now)) for n in (1, 50)]
    assert all(0 < count <= 3 for count in executed), executed


def test_entries_not_yet_signed_are_not_spoken_of(cast: dict[str, str]) -> None:
    commands.revoke_accreditation(cast["granted"], ending("2021-01-01"), actor=OPERATOR)
    assert ask(issuer=cast["college"])["decision"] == "trusted"
    publish.cover(settings.ASSAY_ORIGIN)
    assert ask(issuer=cast["college"])["decision"] == "not_trusted"


@pytest.mark.parametrize(
    "known_at", ["register.nl.example/ledger@5", "register.be.example/ledger@1", "register.nl.example/ledger@999999999"]
)
def test_a_size_that_is_not_held_is_not_understood(cast: dict[str, str], known_at: str) -> None:
    with pytest.raises(NotUnderstood) as error:
        ask(issuer=cast["college"], known_at=known_at)
    assert error.value.field == "known_at"
