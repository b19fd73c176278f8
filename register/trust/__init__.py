"""The trust decision: one pure function that every API, page, command and protocol adapter calls.

    decide(question, facts) -> Decision

No database, no clock, no settings: the caller reads the question (`parse_question`), assembles the facts known at its
transaction time, judges their freshness (`judge_freshness`) and publishes the answer (`format_decision`).
"""

from register.trust.decision import Chain, Decision, Fresh, Since, Verdict, format_decision
from register.trust.facts import Facts, Freshness, RegisterFacts, judge_freshness
from register.trust.judgement import decide
from register.trust.question import FIELDS, AskedQuestion, Question, TreeSize, parse_question
from register.trust.reasons import LINKS, REASONS, Citation, Reason

__all__ = [
    "FIELDS",
    "LINKS",
    "REASONS",
    "AskedQuestion",
    "Chain",
    "Citation",
    "Decision",
    "Facts",
    "Fresh",
    "Freshness",
    "Question",
    "Reason",
    "RegisterFacts",
    "Since",
    "TreeSize",
    "Verdict",
    "decide",
    "format_decision",
    "judge_freshness",
    "parse_question",
]
