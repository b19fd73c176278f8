"""Events: entries survive being drafted and parsed, odd envelopes are refused, the published schemas say the same."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ledger.tlog import canonical
from register import events
from register.errors import MalformedEvent, UnknownEventType
from register.events import CATALOGUE, Event, json_schema, parse
from tests.histories import Move, histories, try_all
from tests.ledgers import SOURCE, START, UTOPIA, make_id, open_ledger
from tests.register.test_rules import CASES, prepare


@given(histories)
def test_what_is_drafted_is_what_is_parsed(history: list[Move]) -> None:
    ledger = try_all(open_ledger(), history)
    for entry in ledger.entries:
        event = parse(entry)
        written = json.loads(entry)
        again = events.draft(
            event.type,
            event_id=event.id.removeprefix("urn:uuid:"),
            source=event.source,
            subject=event.subject,
            time=event.time,
            data=written["data"],
        )
        assert again == entry
        assert event.data == CATALOGUE[event.type].model_validate(written["data"])


def entries_of_every_type() -> dict[str, bytes]:
    """One accepted entry of each type, as rich as the cases of refusal have them."""
    found: dict[str, bytes] = {}
    for case in CASES:
        ledger = prepare(case)
        ledger.say(case.neighbour.type, case.neighbour.subject, case.neighbour.data, **case.neighbour.details)
        for entry in ledger.entries:
            found[parse(entry).type] = entry
    return found


ENTRIES = entries_of_every_type()


def test_the_samples_cover_the_catalogue() -> None:
    assert ENTRIES.keys() == CATALOGUE.keys()


@pytest.mark.parametrize("event_type", CATALOGUE)
def test_the_published_schema_is_valid_and_accepts_our_own_entry(event_type: str) -> None:
    schema = json_schema(event_type)
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(ENTRIES[event_type]))


@pytest.mark.parametrize("event_type", CATALOGUE)
def test_the_published_schema_and_the_parser_refuse_the_same_mutations(event_type: str) -> None:
    validator = Draft202012Validator(json_schema(event_type))
    for mutated in mutations(json.loads(ENTRIES[event_type])):
        assert not validator.is_valid(mutated), mutated
        with pytest.raises(MalformedEvent):
            parse(canonical.encode(mutated))


def mutations(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """Each required field removed or of a wrong type, one at a time, in envelope and data, and a nested stranger."""
    mutated = []
    required = set(CATALOGUE[entry["type"]].model_json_schema()["required"])
    for name in ("id", "source", "type", "subject", "time", "specversion", "schemaversion", "data"):
        mutated += [without(entry, name), {**entry, name: 7}, {**entry, name: None}]
    for name in sorted(required):
        mutated += [{**entry, "data": data} for data in (without(entry["data"], name), {**entry["data"], name: True})]
    mutated.append({**entry, "data": {**entry["data"], "actor": {**entry["data"]["actor"], "name": "A person"}}})
    if "scope" in CATALOGUE[entry["type"]].model_fields:
        mutated.append({**entry, "data": {**entry["data"], "scope": {"countries": ["NL"]}}})
        mutated.append({**entry, "data": {**entry["data"], "scope": {"eqf_levels": ["6"]}}})
        mutated.append({**entry, "data": {**entry["data"], "scope": {"eqf_levels": [9]}}})
    return mutated


def without(mapping: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: copy.deepcopy(value) for key, value in mapping.items() if key != name}


def test_unknown_fields_at_the_top_are_kept_in_the_bytes_and_let_through() -> None:
    ledger = open_ledger()
    data = {"names": {"en": "X"}, "country": "NL", "colour": {"of": ["the", "door"]}}
    entry = ledger.draft("issuer.registered", make_id(101), data)
    ledger.append(entry)
    assert b'"colour":{"of":["the","door"]}' in ledger.entries[-1]


DRAFTED = open_ledger().draft("issuer.amended", UTOPIA, {"acronym": "X"})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"id":"urn:uuid:', b'"id":"urn:uuid:0'),
        (b'"id":"urn:uuid:', b'"id":"'),
        (b'"source":"https://', b'"source":"javascript://'),
        (b'"source":"https://register.nl.example"', b'"source":"https://register.nl.example/"'),
        (b'"source":"https://register.nl.example"', b'"source":"https://register.nl.example?a=b"'),
        (b'"source":"https://register.nl.example"', b'"source":"https://admin@register.nl.example"'),
        (b'"source":"https://register.nl.example"', b'"source":"https://register.nl.exampl"'),
        (b'"subject":"https://register.nl.example/', b'"subject":"https://register.nl.example.evil.example/'),
        (b'"subject":"https://register.nl.example/', '"subject":"https://register.nl.example/\u202e'.encode()),
        (b"T09:", b"T29:"),
        (b'"time":"2023-01-01T09:38:00Z"', b'"time":"2023-01-01"'),
        (b'"time":"2023-01-01T09:38:00Z"', b'"time":"0001-01-01T00:00:00+01:00"'),
        (b'"specversion":"1.0"', b'"specversion":"0.3"'),
        (b'"data":{', b'"data":[{'),
        (b'{"data"', b'{ "data"'),
    ],
)
def test_an_odd_envelope_is_malformed(old: bytes, new: bytes) -> None:
    assert old in DRAFTED
    with pytest.raises(MalformedEvent):
        parse(DRAFTED.replace(old, new, 1))


@pytest.mark.parametrize(
    "entry", [b"", b"null", b"[]", b"{}", b"\xff", b"\xef\xbb\xbf{}", b'"' + b"x" * 100_000 + b'"']
)
def test_what_is_no_envelope_is_malformed(entry: bytes) -> None:
    with pytest.raises(MalformedEvent):
        parse(entry)


def test_an_unknown_type_is_told_from_a_malformed_one() -> None:
    with pytest.raises(UnknownEventType, match=r"issuer\.praised"):
        parse(DRAFTED.replace(b"issuer.amended", b"issuer.praised"))


texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)


@given(texts, texts, texts, texts)
def test_different_sources_and_ids_have_different_identities(a: str, b: str, c: str, d: str) -> None:
    assert (events.identity(a, b) == events.identity(c, d)) == ((a, b) == (c, d))


def test_the_identity_of_an_event_is_the_published_one() -> None:
    hashed = hashlib.sha256(b"assay event identity v1\x00https://register.nl.example\x00urn:uuid:x").digest()
    assert events.identity(SOURCE, "urn:uuid:x") == hashed


def test_an_event_is_about_the_last_part_of_its_subject() -> None:
    event = parse(DRAFTED)
    assert isinstance(event, Event)
    assert (event.subject_id, event.source, event.time.tzinfo) == (UTOPIA, SOURCE, START.tzinfo)


def test_a_refusal_never_repeats_control_characters_of_a_strangers_field_names() -> None:
    data = {"effective_from": "2024-01-01", "reason": "quality", "actor": {"role": "operator", "\x00x\x1b[31m\n": 1}}
    place = f"{SOURCE}/issuers/{UTOPIA}"
    entry = events.draft("issuer.closed", event_id=make_id(9), source=SOURCE, subject=place, time=START, data=data)
    with pytest.raises(MalformedEvent, match="unknown field") as refused:
        parse(entry)
    assert str(refused.value).isprintable()
