"""How an issuer stands by a story told as entries, without a database."""

from __future__ import annotations

from datetime import UTC, datetime

from register.identifiers import NODE, Identifier
from register.knowledge import gather
from register.moments import parse_moment
from register.queries.facts import Gathered
from register.site.standing import Instants, IssuerStanding, read_standings
from register.trust import AskedQuestion, Facts, Question
from tests.register.trust.story import Story, id_of

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def stand(story: Story, issuer: str = "college", at: str | None = None, known_at: str | None = None) -> IssuerStanding:
    """Return how an issuer of the story stands, today unless `at` says otherwise."""
    instants = Instants(at=parse_moment(at) if at else NOW, now=NOW, today=at is None)
    question = Question(Identifier(NODE, id_of(issuer)), at=instants.at)
    state = story.replay(known_at)
    known = gather(
        state,
        question.issuer,
        None,
        own=True,
        checkpoint_size=state.size,
        checkpoint_time=state.time,
        age_seconds=0,
        stale=False,
        limit_seconds=86_400,
    )
    facts = Facts((known.facts,), {story.origin: known.asked})
    (found,) = read_standings(Gathered(facts, {}), AskedQuestion(question), instants)
    return found
