"""Random histories of a small world, for properties: moves that may follow or be refused, drawn by hypothesis."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

from register.errors import MalformedEvent, Refused
from tests.ledgers import (
    ARCADIA,
    COMMITMENTS,
    ELYSIUM,
    GRANT,
    MATHS,
    NARROW,
    OPERATOR,
    UTOPIA,
    WIDE,
    Ledger,
    as_agency,
    as_issuer,
    batch_terms,
    key_terms,
    make_id,
    mandate_terms,
    programme_terms,
    withdrawal,
)


class Move(NamedTuple):
    """An event somebody tries to say."""

    type: str
    subject: str
    data: Mapping[str, Any]


IDS = tuple(make_id(number) for number in range(101, 105))
dates = st.sampled_from([f"20{year}-{month}-01" for year in (19, 23, 24, 25, 26) for month in ("01", "07")])
issuers = st.sampled_from([UTOPIA, ARCADIA, ELYSIUM])
agencies = st.sampled_from([WIDE, NARROW])
ids = st.sampled_from(IDS)
actors = st.one_of(st.just(OPERATOR), agencies.map(as_agency), issuers.map(as_issuer))
reasons = st.sampled_from(["quality", "appeal_upheld", "administrative_error"])
places = st.sampled_from([["NL"], ["NL31"], ["NL32", "NL33"], ["BE"], []])
levels = st.lists(st.integers(4, 8), max_size=3, unique=True)
fields = st.lists(st.sampled_from(["06", "061", "0613", "0711", "07"]), max_size=3, unique=True)
scopes = st.fixed_dictionaries({}, optional={"eqf_levels": levels, "jurisdictions": places, "isced_f": fields})
indexes = st.integers(0, 25)
claims = st.fixed_dictionaries(
    {"scheme": st.just("did"), "value": st.sampled_from(["did:web:a.example", "did:web:b.example"])},
    optional={"valid_from": dates},
)
endings = st.fixed_dictionaries({"effective_from": dates, "reason": reasons}, optional={"actor": actors})
period = {"valid_until": dates}
about = {"effective_from": dates, "corrects": indexes, "reason": reasons, "actor": actors}
Data = st.SearchStrategy[dict[str, Any]]


def _data(fixed: Mapping[str, Any], optional: Mapping[str, st.SearchStrategy[Any]]) -> Data:
    return st.fixed_dictionaries({}, optional=dict(optional)).map(lambda more: {**fixed, **more})


claimed = st.lists(claims, max_size=2)
programmes = st.one_of(ids, st.just(MATHS))
subjects = st.integers(200, 240).map(make_id)
places_in_lists = st.builds(
    lambda number, index: {"list": number, "index": index}, st.integers(0, 1), st.integers(0, 3)
)
withdrawals = st.lists(st.sampled_from(COMMITMENTS), min_size=1, max_size=3, unique=True).flatmap(
    lambda commitments: _data(
        withdrawal(*commitments),
        {
            "issuer": issuers,
            "actor": actors,
            "reason": reasons,
            "effective_from": dates,
            "batch": subjects,
            "status": st.lists(places_in_lists, min_size=len(commitments), max_size=len(commitments)),
        },
    )
)
_NEW = {"names": {"en": "New"}, "country": "NL"}
_MOVES: Mapping[str, tuple[st.SearchStrategy[str], Data]] = {
    "agency.recognised": (ids, _data({**_NEW, "valid_from": "2020-01-01"}, {"scope": scopes, **period})),
    "agency.amended": (agencies, _data({}, {"scope": scopes, "valid_from": dates, **period, **about})),
    "agency.withdrawn": (agencies, endings),
    "issuer.registered": (
        ids,
        _data(_NEW, {"identifiers": claimed, "country": st.sampled_from(["NL", "BE"])}),
    ),
    "issuer.amended": (issuers, _data({}, {"identifiers": claimed, "names": st.just({"nl": "N"}), **about})),
    "issuer.closed": (issuers, endings),
    "issuer.related": (
        issuers,
        _data({"relation": "merged_into", "valid_from": "2024-01-01"}, {"actor": actors}).flatmap(
            lambda data: issuers.map(lambda other: {**data, "other": other})
        ),
    ),
    "programme.registered": (ids, _data(programme_terms(), {"actor": actors, **period})),
    "programme.amended": (programmes, _data({}, {"eqf_level": st.integers(1, 8), **period, **about})),
    "programme.closed": (programmes, endings),
    "key.bound": (
        ids,
        _data(key_terms(), {"issuer": issuers, "value": st.just("did:web:a.example"), "valid_from": dates, **period}),
    ),
    "key.revoked": (
        ids,
        st.one_of(
            _data({"reason": "superseded"}, {"effective_from": dates}),
            dates.map(lambda since: {"reason": "compromised", "since": since}),
        ),
    ),
    "mandate.granted": (ids, _data(mandate_terms(), {"scope": scopes, "actor": actors})),
    "mandate.revoked": (ids, endings),
    "accreditation.granted": (
        ids,
        _data(GRANT, {"issuer": issuers, "agency": agencies, "actor": actors, "scope": scopes, **period}),
    ),
    "accreditation.amended": (
        ids,
        _data({}, {"scope": scopes, "decision": st.sampled_from(["positive", "negative"]), **period, **about}),
    ),
    "accreditation.suspended": (ids, endings),
    "accreditation.reinstated": (ids, _data({}, {"actor": actors}).flatmap(
        lambda data: dates.map(lambda date: {**data, "effective_from": date}))),
    "accreditation.revoked": (ids, endings),
    "credentials.anchored": (
        subjects,
        _data(batch_terms(), {"issuer": issuers, "root": st.sampled_from(["ab" * 32, "cd" * 32]), "actor": actors}),
    ),
    "credential.revoked": (subjects, withdrawals),
    "credential.suspended": (subjects, withdrawals),
    "credential.reinstated": (subjects, withdrawals),
}  # fmt: skip


def _moves_of(event_type: str) -> st.SearchStrategy[Move]:
    subjects, data = _MOVES[event_type]
    return st.builds(Move, st.just(event_type), subjects, data)


moves = st.one_of([_moves_of(event_type) for event_type in _MOVES])
histories = st.lists(moves, max_size=25)


def try_all(ledger: Ledger, history: Sequence[Move]) -> Ledger:
    """Say every move that the rules let through; what they refuse leaves no entry."""
    for move in history:
        if move.type == "key.revoked" and move.subject not in ledger.state.keys:
            continue
        with contextlib.suppress(Refused, MalformedEvent):
            ledger.say(move.type, move.subject, move.data)
    return ledger
