"""Whatever is recorded later, an answer as known earlier stays what it was, word for word."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from register.identifiers import NODE, Identifier
from register.knowledge import gather
from register.moments import parse_moment
from register.replay import step
from register.state import State
from register.trust import Facts, Question, decide
from tests.register.trust.cast import KEY
from tests.register.trust.story import Story, id_of

DATES = [f"202{year}-{month:02}-01" for year in (4, 5, 6) for month in (1, 4, 7, 10)]
dates = st.sampled_from(DATES)
COLLEGE = Identifier(NODE, id_of("college"))


def revoke(story: Story, time: str, date: str) -> None:
    story.end("accreditation.revoked", "grant", time, date)


def suspend(story: Story, time: str, date: str) -> None:
    story.end("accreditation.suspended", "grant", time, date)


def reinstate(story: Story, time: str, date: str) -> None:
    story.say("accreditation.reinstated", "grant", time, effective_from=date)


def narrow(story: Story, time: str, date: str) -> None:
    story.say("accreditation.amended", "grant", time, scope={"eqf_levels": [6]}, effective_from=date)


def correct(story: Story, time: str, date: str) -> None:
    story.say("accreditation.amended", "grant", time, scope={"eqf_levels": [7]}, corrects=3)


def withdraw(story: Story, time: str, date: str) -> None:
    story.end("agency.withdrawn", "agency", time, date)


def close(story: Story, time: str, date: str) -> None:
    story.end("issuer.closed", "college", time, date)


def merge(story: Story, time: str, date: str) -> None:
    terms = {"relation": "merged_into", "other": id_of("university"), "valid_from": date}
    story.say("issuer.related", "college", time, **terms)


def steal(story: Story, time: str, date: str) -> None:
    story.say("key.revoked", "key", time, holder="college", reason="compromised", since=date)


def grant_again(story: Story, time: str, date: str) -> None:
    story.grant(f"grant-{len(story.entries)}", time, valid_from=date)


ACTS = (revoke, suspend, reinstate, narrow, correct, withdraw, close, merge, steal, grant_again)
acts = st.lists(st.tuples(st.sampled_from(ACTS), dates, dates), max_size=8).map(
    lambda chosen: sorted(chosen, key=lambda act: act[1])
)


def tell(chosen: list[tuple[Any, str, str]]) -> Story:
    """A peer's ledger: what the rules refuse is kept and does not count, so any order of acts can be told."""
    story = Story(own=False)
    story.recognise()
    story.register()
    story.grant(time="2020-02-01", valid_from="2020-02-01")
    story.register("university", "2020-02-02")
    story.grant("of-university", "2020-02-03", issuer="university", valid_from="2020-02-03")
    story.bind("key", KEY, time="2020-02-04")
    for act, time, date in chosen:
        act(story, time, date)
    return story


@given(acts, dates, dates, st.sampled_from((None, KEY)))
def test_later_entries_never_change_an_earlier_answer(
    chosen: list[Any], known_at: str, at: str, key: str | None
) -> None:
    earlier = tell([act for act in chosen if act[1] <= known_at])
    assert tell(chosen).ask(known_at, at=at, key=key) == earlier.ask(at=at, key=key)


@given(acts, dates)
def test_facts_once_gathered_do_not_change_while_the_ledger_grows(chosen: list[Any], at: str) -> None:
    story = tell(chosen)
    question = Question(COLLEGE, parse_moment(at), key=KEY)
    state = State(story.origin)
    kept: list[tuple[Facts, Any]] = []
    for _, entry in story.entries:
        step(state, entry, own=False)
        known = gather(
            state, COLLEGE, KEY, own=False, checkpoint_size=state.size, checkpoint_time=state.time, age_seconds=0,
            stale=False, limit_seconds=1,
        )  # fmt: skip
        facts = Facts((known.facts,), {story.origin: known.asked})
        kept.append((facts, decide(question, facts)))
    assert all(decide(question, facts) == decision for facts, decision in kept)


@given(acts, dates, st.sampled_from((None, 6, 7)), st.sampled_from((None, KEY)))
def test_the_cited_entries_alone_give_the_same_verdict(
    chosen: list[Any], at: str, level: int | None, key: str | None
) -> None:
    story = tell(chosen)
    decision = story.ask(at=at, eqf_level=level, key=key)
    proven = story.ask_proven(decision, at=at, eqf_level=level, key=key)
    accepted = {cite.index for cite in decision.cites}
    assert (proven.decision, proven.reasons) == (decision.decision, decision.reasons)
    assert {cite.index for cite in proven.cites} <= accepted
