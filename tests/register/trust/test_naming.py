"""Identifiers that pass from one organisation to another name the one that holds them at the instant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from register.identifiers import Identifier
from register.records import IdentifierClaim
from register.trust import Decision, Facts, decide
from tests.register.trust.cast import (
    KEY,
    accreditation,
    day,
    facts,
    issuer,
    key,
    key_end,
    period,
    question,
    register_facts,
)

DOMAIN = Identifier("schac", "college.example")
EVER = period("2000-01-01")


def claim(start: str | None, end: str | None) -> IdentifierClaim:
    return IdentifierClaim(*DOMAIN, day(start) if start else None, day(end) if end else None)


def ask(known: Facts, at: str, identifier: Identifier) -> Decision:
    return decide(replace(question(at), issuer=identifier), known)


DOMAINS = facts(
    register_facts(
        issuer(identifiers=(claim(None, "2020-01-01"),)),
        issuer("heir", (4,), identifiers=(claim("2022-01-01", None),)),
        accreditation("of-college", 10, valid=EVER),
        accreditation("of-heir", 11, issuer="heir", valid=EVER),
    ),
    asked=("college", "heir"),
)
KEYS = facts(
    register_facts(
        issuer("heir", (4,)),
        accreditation("of-college", 10, valid=EVER),
        accreditation("of-heir", 11, issuer="heir", valid=EVER),
        key("college", index=20, revocation=key_end("superseded", "2022-01-01")),
        key("heir", index=21, valid=period("2022-01-01")),
    ),
    asked=("college", "heir"),
)


@pytest.mark.parametrize(
    ("at", "named"),
    [
        ("2019-12-31T23:59:59Z", "college"),
        ("2020-01-01", "college"),
        ("2021-12-31", "college"),
        ("2022-01-01", "heir"),
        ("2026-01-01", "heir"),
    ],
)
def test_a_domain_names_its_holder_at_the_instant_or_else_the_last_one(at: str, named: str) -> None:
    decision = ask(DOMAINS, at, DOMAIN)
    assert decision.chain.issuer is not None
    assert decision.chain.issuer.id == named


@pytest.mark.parametrize(("at", "named"), [("2021-12-31", "college"), ("2022-01-01", "heir")])
def test_a_key_that_was_handed_on_names_its_holder_at_the_instant(at: str, named: str) -> None:
    decision = ask(KEYS, at, Identifier("did", KEY))
    assert decision.chain.issuer is not None
    assert decision.chain.issuer.id == named
    assert {20, 21} <= {cite.index for cite in decision.cites}


def test_before_anybody_held_it_the_first_holder_is_meant() -> None:
    later = facts(
        register_facts(
            issuer(identifiers=(claim("2022-01-01", "2023-01-01"),)),
            issuer("heir", (4,), identifiers=(claim("2023-01-01", None),)),
        ),
        asked=("heir", "college"),
    )
    decision = ask(later, "2021-01-01", DOMAIN)
    assert decision.chain.issuer is not None
    assert decision.chain.issuer.id == "college"


def test_a_former_identifier_still_finds_its_issuer() -> None:
    alone = facts(register_facts(issuer(identifiers=(claim(None, "2020-01-01"),)), accreditation()))
    assert ask(alone, "2025-01-01", DOMAIN).decision == "trusted"


def test_another_key_of_an_issuer_does_not_make_it_the_holder() -> None:
    another = key("college", "did:web:another.example", index=22)
    (own,) = KEYS.registers
    decision = ask(Facts((replace(own, keys=(*own.keys, another)),), KEYS.asked), "2025-01-01", Identifier("did", KEY))
    assert decision.chain.issuer is not None
    assert decision.chain.issuer.id == "heir"
