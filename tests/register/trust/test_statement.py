"""Signed statements: what was signed is read back, and nothing else is."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey

from register.trust import decide, format_decision
from register.trust.statement import LARGEST, SHORTEST_LIFE, StatementError, open_statement, sign_statement
from tests.register.trust.cast import NOW, accreditation, facts, question, register_facts

KEY = OKPKey.generate_key("Ed25519")
OTHER = OKPKey.generate_key("Ed25519")
URL = "https://register.nl.example"


def answer(**fields: Any) -> dict[str, Any]:
    return format_decision(decide(question(), facts(register_facts(accreditation(), checkpoint_time=NOW, **fields))))


STATEMENT = sign_statement(answer(), KEY, URL, NOW)


def forge(header: dict[str, Any], claims: Any, key: Any = KEY) -> str:
    """Sign whatever is asked for, as a hostile node could."""
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    registry = jws.JWSRegistry(algorithms=list(jws.JWSRegistry.algorithms), strict_check_header=False)
    return jws.serialize_compact(header, payload, key, registry=registry)


HEADER = {"alg": "Ed25519", "typ": "trust-statement+jwt", "kid": KEY.thumbprint()}
CLAIMS: dict[str, Any] = {
    "iss": URL,
    "sub": "x",
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 60,
    "answer": {},
}


def test_a_statement_says_what_was_signed() -> None:
    opened = open_statement(STATEMENT, [OTHER, KEY], NOW)
    assert opened.answer == answer()
    assert (opened.issuer_url, opened.subject) == (URL, "https://register.nl.example/issuers/college")
    assert opened.issued_at == NOW
    assert opened.expires_at == NOW + timedelta(days=1)


def test_its_header_names_type_algorithm_and_key() -> None:
    header = json.loads(base64.urlsafe_b64decode(STATEMENT.split(".")[0] + "=="))
    assert header == HEADER


def test_a_statement_about_an_unknown_issuer_names_it_as_asked() -> None:
    unknown = format_decision(
        decide(question(written="ror:x"), facts(register_facts(checkpoint_time=NOW), asked="nobody"))
    )
    assert open_statement(sign_statement(unknown, KEY, URL, NOW), [KEY], NOW).subject == "ror:x"


@pytest.mark.parametrize("known", [{"checkpoint_time": None}, {"checkpoint_time": NOW - timedelta(days=9)}])
def test_an_answer_that_is_stale_can_be_shown_but_not_kept(known: dict[str, Any]) -> None:
    stale = format_decision(decide(question(), facts(register_facts(accreditation(), stale=True, **known))))
    assert stale["decision"] == "unchecked"
    assert open_statement(sign_statement(stale, KEY, URL, NOW), [KEY], NOW).expires_at == NOW + SHORTEST_LIFE


def test_it_expires_with_its_answer() -> None:
    assert open_statement(STATEMENT, [KEY], NOW + timedelta(hours=23)).subject
    with pytest.raises(StatementError, match="expired"):
        open_statement(STATEMENT, [KEY], NOW + timedelta(days=1))


def test_it_cannot_come_from_the_future() -> None:
    assert open_statement(STATEMENT, [KEY], NOW - timedelta(minutes=5)).subject
    with pytest.raises(StatementError, match="future"):
        open_statement(STATEMENT, [KEY], NOW - timedelta(minutes=6))


def test_only_a_key_that_was_expected_opens_it() -> None:
    with pytest.raises(StatementError, match="key"):
        open_statement(STATEMENT, [OTHER], NOW)
    with pytest.raises(StatementError, match="key"):
        open_statement(STATEMENT, [], NOW)


def test_a_key_of_another_kind_signs_nothing() -> None:
    with pytest.raises(StatementError, match="Ed25519"):
        sign_statement(answer(), OKPKey.generate_key("Ed448"), URL, NOW)
    with pytest.raises(StatementError, match="private"):
        sign_statement(answer(), OKPKey.import_key(KEY.as_dict(private=False)), URL, NOW)


FORGED: dict[str, Callable[[], str]] = {
    "other algorithm name": lambda: forge({**HEADER, "alg": "EdDSA"}, CLAIMS),
    "other key type": lambda: forge({**HEADER, "alg": "ES256"}, CLAIMS, ECKey.generate_key("P-256")),
    "none": lambda: ".".join([*_unsigned({**HEADER, "alg": "none"}), ""]),
    "other type": lambda: forge({**HEADER, "typ": "JWT"}, CLAIMS),
    "no type": lambda: forge({"alg": "Ed25519", "kid": KEY.thumbprint()}, CLAIMS),
    "no key named": lambda: forge({"alg": "Ed25519", "typ": HEADER["typ"]}, CLAIMS),
    "further header": lambda: forge({**HEADER, "jku": "https://evil.example"}, CLAIMS),
    "key of another under our name": lambda: forge(HEADER, CLAIMS, OTHER),
    "claims that are no object": lambda: forge(HEADER, []),
    "claims that are no JSON": lambda: forge(HEADER, b"\xff"),
    "nested too deeply": lambda: forge(HEADER, b"[" * 50_000),
    "claim missing": lambda: forge(HEADER, {name: CLAIMS[name] for name in CLAIMS if name != "exp"}),
    "claim of another type": lambda: forge(HEADER, {**CLAIMS, "exp": "never"}),
    "expiry that is true": lambda: forge(HEADER, {**CLAIMS, "iat": True}),
    "expiry beyond all calendars": lambda: forge(HEADER, {**CLAIMS, "exp": 10**18}),
    "four parts": lambda: STATEMENT + ".x",
    "not ASCII": lambda: STATEMENT + "é",
    "empty": lambda: "",
    "too long": lambda: "a" * (LARGEST + 1),
}


def _unsigned(header: dict[str, Any]) -> list[str]:
    return [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, CLAIMS)]


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("name", FORGED)
def test_a_forged_statement_is_refused(name: str) -> None:
    with pytest.raises(StatementError):
        open_statement(FORGED[name](), [KEY], NOW)


@given(st.integers(0, len(STATEMENT) - 1), st.sampled_from("ABab01-_.=\x00é"))
def test_no_character_can_be_altered(position: int, letter: str) -> None:
    altered = STATEMENT[:position] + letter + STATEMENT[position + 1 :]
    if altered == STATEMENT:
        return
    try:
        opened = open_statement(altered, [KEY], NOW)
    except StatementError:
        return
    assert opened.answer == answer(), "only spare bits of base64url at the very end may differ"


@given(st.text(max_size=300))
def test_any_text_is_refused_clearly(text: str) -> None:
    with pytest.raises(StatementError):
        open_statement(text, [KEY], NOW)


def test_a_large_answer_fits() -> None:
    large = answer() | {"evidence": [{"data": "x" * 1000}] * 900}
    assert open_statement(sign_statement(large, KEY, URL, NOW), [KEY], NOW).answer == large
