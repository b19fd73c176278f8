"""A story told as ledger entries, and the facts that follow from them at any transaction time.

Events are drafted, parsed, judged by the rules and folded as on a node; only the ledger is a plain list. Names stand
for ids: the same name is the same thing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from register.events import draft, kind_of
from register.identifiers import NODE, Identifier
from register.knowledge import gather, replay_proven
from register.moments import parse_end_of_moment, parse_moment
from register.replay import step
from register.state import State
from register.trust import Decision, Facts, Question, decide
from tests.register.trust.cast import HOME

PATHS = {
    "register": "",
    "agency": "/agencies/{0}",
    "issuer": "/issuers/{0}",
    "programme": "/programmes/{0}",
    "mandate": "/mandates/{0}",
    "accreditation": "/accreditations/{0}",
    "key": "/issuers/{1}/keys/{0}",
    "peer": "/peers/{0}",
    "fork": "/forks/{0}",
    "batch": "/batches/{0}",
    "withdrawal": "/withdrawals/{0}",
}


def id_of(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, name))


@dataclass
class Story:
    """One register's ledger; `own` says whether we are that register."""

    origin: str = HOME
    territory: tuple[str, ...] = ("NL",)
    own: bool = True
    entries: list[tuple[datetime, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        opening: dict[str, Any] = {"name": "Register", "territory": list(self.territory), "operator": "Operator"}
        opening |= {"vkey": "vkey", "witness_vkey": "witness", "statement_jwk": {"kty": "OKP"}}
        self.say("register.opened", "", "2020-01-01", actor={"role": "node"}, **opening)

    @property
    def url(self) -> str:
        return f"https://{self.origin.split('/')[0]}"

    def say(self, event_type: str, name: str, time: str, /, holder: str = "", **data: Any) -> int:
        """Append an entry about the thing called `name`; return its index."""
        index = len(self.entries)
        path = PATHS[kind_of(event_type)].format(id_of(name), id_of(holder))
        content = {"actor": {"role": "operator"}, **data}
        event_id = id_of(f"{self.origin} {index}")
        entry = draft(
            event_type,
            event_id=event_id,
            source=self.url,
            subject=self.url + path,
            time=parse_moment(time),
            data=content,
        )
        self.entries.append((parse_moment(time), entry))
        return index

    def recognise(self, name: str = "agency", time: str = "2020-01-02", **data: Any) -> int:
        given = {"names": {"en": name.title()}, "country": "NL", "valid_from": "2020-01-01", **data}
        return self.say("agency.recognised", name, time, **given)

    def register(self, name: str = "college", time: str = "2020-01-03", **data: Any) -> int:
        return self.say("issuer.registered", name, time, **{"names": {"en": name.title()}, "country": "NL", **data})

    def grant(self, name: str = "grant", time: str = "2024-01-01", **data: Any) -> int:
        issuer, agency = id_of(data.pop("issuer", "college")), id_of(data.pop("agency", "agency"))
        given = {"issuer": issuer, "agency": agency, "valid_from": "2024-01-01", **data}
        return self.say("accreditation.granted", name, time, **given)

    def end(self, event_type: str, name: str, time: str, effective_from: str, reason: str = "quality") -> int:
        return self.say(event_type, name, time, effective_from=effective_from, reason=reason)

    def bind(self, name: str, value: str, issuer: str = "college", time: str = "2024-01-01") -> int:
        given = {"kind": "did", "value": value, "issuer": id_of(issuer), "valid_from": "2020-01-01"}
        return self.say("key.bound", name, time, holder=issuer, **given)

    def replay(self, known_at: str | None = None) -> State:
        """Judge and fold what was recorded up to an instant."""
        state = State(self.origin)
        until = parse_end_of_moment(known_at) if known_at else None
        for time, entry in self.entries:
            if until is None or time <= until:
                step(state, entry, own=self.own)
        return state

    def ask(
        self, known_at: str | None = None, issuer: str = "college", *, stale: bool = False, **asked: Any
    ) -> Decision:
        """Put a question about an issuer to this register alone, as known at an instant."""
        return ask([self], known_at, issuer, stale=stale, **asked)

    def ask_proven(self, decision: Decision, issuer: str = "college", **asked: Any) -> Decision:
        """Put the same question to nothing but the entries a decision cites."""
        cited = {cite.index: self.entries[cite.index][1] for cite in decision.cites if cite.origin == self.origin}
        state = replay_proven(self.origin, cited, len(self.entries))
        question = _question(issuer, asked)
        return decide(question, _facts([(self, state)], question, stale=False))


def ask(
    stories: list[Story], known_at: str | None = None, issuer: str = "college", *, stale: bool = False, **asked: Any
) -> Decision:
    """Put a question to several registers."""
    question = _question(issuer, asked)
    states = [(story, story.replay(known_at)) for story in stories]
    return decide(question, _facts(states, question, stale=stale))


def _question(issuer: str, asked: dict[str, Any]) -> Question:
    given = {"at": "2025-01-01", "anchored_at": None, **asked}
    instants = {name: parse_moment(given[name]) if given[name] else None for name in ("at", "anchored_at")}
    identifier = given.pop("identifier", Identifier(NODE, id_of(issuer)))
    return Question(identifier, **(given | instants))


def _facts(states: list[tuple[Story, State]], question: Question, *, stale: bool) -> Facts:
    known = {
        story.origin: gather(
            state, question.issuer, question.key, own=story.own, checkpoint_size=state.size,
            checkpoint_time=state.time, age_seconds=0, stale=stale, limit_seconds=86_400,
        )
        for story, state in states
    }  # fmt: skip
    return Facts(tuple(one.facts for one in known.values()), {origin: one.asked for origin, one in known.items()})
