"""Canonical graphs: those of plain PyLD and of RDFC-1.0 itself, with nothing lost, in bounded time."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from copy import deepcopy
from itertools import combinations
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.tlog import canonical
from register.credentials.errors import CredentialError, NotGenuine, Unsupported
from register.credentials.proofs import graphs
from register.credentials.proofs.canonicalisation import (
    DEEPEST,
    canonicalise_graph,
    canonicalise_json,
)
from register.credentials.proofs.contexts import list_contexts
from tests.credential_proofs import BADGES, ED25519, INTEGRITY, V1, V2, make_badge, normalise, sign

EXAMPLES = "https://www.w3.org/ns/credentials/examples/v2"
"""Its vocabulary gives every term an address."""


def graph(**fields: Any) -> dict[str, Any]:
    return {"@context": [V2, EXAMPLES], "id": "urn:x:1", "type": ["VerifiableCredential"], **fields}


def refused(document: Any) -> str:
    with pytest.raises(CredentialError) as caught:
        canonicalise_graph(document)
    return caught.value.code


def test_the_canonical_form_is_that_of_plain_pyld() -> None:
    geo = {"type": ["GeoCoordinates"], "latitude": 1, "longitude": 52.25}
    address = {"type": ["Address"], "addressCountryCode": "NL", "geo": geo}
    documents = [
        make_badge(),
        make_badge(issuer={"id": "urn:x:2", "type": ["Profile"], "name": "C", "address": address}),
        make_badge(evidence=[{"type": ["Evidence"], "name": '\\ " \t\r\n é 漢 \U0001f600'}, {"type": ["Evidence"]}]),
        make_badge(name={"@value": "Gemeten", "@language": "nl"}),
        make_badge(issuer={"id": "urn:x:2", "type": ["Profile"], "endorsement": [sign(make_badge())]}),
        graph(flag=True, count=3, ratio=0.1, large=1e30, empty=[], nothing=None, node={}, twins=[{}, {}, {"a": {}}]),
        {"@context": [V1, BADGES, INTEGRITY, ED25519], "type": "VerifiableCredential"},
    ]
    for document in documents:
        for digest in ("sha256", "sha384"):
            before = deepcopy(document)
            found = canonicalise_graph(document, "sha384" if digest == "sha384" else "sha256")
            assert found == normalise(document, getattr(hashlib, digest))
            assert document == before


NAMES = st.sampled_from(["alumniOf", "name", "degree", "issuer", "a", "b"])
VALUES = st.recursive(
    st.booleans() | st.integers(-5, 10**22) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.dictionaries(
        NAMES, inner | st.lists(inner.filter(lambda v: not isinstance(v, list)), max_size=3), max_size=3
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=120)
@given(st.dictionaries(st.sampled_from(["alumniOf", "degree", "a", "b"]), VALUES, max_size=4))
def test_any_document_has_the_form_of_plain_pyld_or_is_refused(fields: dict[str, Any]) -> None:
    document = graph(**fields)
    try:
        found = canonicalise_graph(document)
    except CredentialError:
        return
    assert found == normalise(document)


def test_twins_are_told_apart_by_what_they_lead_to_whatever_their_order() -> None:
    """RDFC-1.0 names blank nodes by the graph alone; a ring of them needs the digest of what is n steps away."""
    ring = [{"id": f"_:n{at}", "knows": {"id": f"_:n{(at + 1) % 5}"}} for at in range(5)]
    forms = {
        canonicalise_graph(graph(knows=[ring[at] for at in order])) for order in ([0, 1, 2, 3, 4], [3, 1, 4, 0, 2])
    }
    assert len(forms) == 1
    assert forms == {normalise(graph(knows=ring))}


def test_a_poison_graph_is_given_up_in_bounded_time() -> None:
    clique = [
        {"id": f"_:n{at}", "knows": [{"id": f"_:n{other}"} for other in range(9) if other != at]} for at in range(9)
    ]
    assert refused(graph(knows=clique)) == "too_complex"
    stars: list[Any] = [{"knows": [{"knows": [{} for _ in range(9)]} for _ in range(9)]} for _ in range(9)]
    assert refused(graph(knows=stars)) == "too_complex"
    assert refused(graph(knows=[{"knows": [{} for _ in range(9)]} for _ in range(2)])) == "too_complex"


def test_many_alike_parts_are_not_poison() -> None:
    alike = [{"type": "Image"} for _ in range(300)]
    assert canonicalise_graph(graph(image=alike, knows=[{"a": {"b": {}}} for _ in range(40)]))


@pytest.mark.parametrize(
    "fields",
    [
        {"unheardOf": "x"},
        {"credentialSubject": {"type": ["AchievementSubject"], "grade": "A"}},
        {"type": ["VerifiableCredential", "UnheardOf"]},
        {"id": "relative"},
        {"id": "#part"},
        {"id": ""},
        {"evidence": {"id": "relative", "type": ["Evidence"]}},
        {"image": "picture.png"},
        {"id": "urn:x:with blank"},
        {"id": "urn:x:with>sign"},
        {"id": "urn:x:line\n"},
        {"image": {"id": "https://x.example/>", "type": "Image"}},
        {"name": {"@value": "x", "@language": "en us"}},
        {"@hidden": "x"},
    ],
)
def test_what_falls_out_of_the_graph_is_not_signed(fields: dict[str, Any]) -> None:
    assert refused({**make_badge(), **fields}) in ("unsigned_term", "json_ld_keyword")


@pytest.mark.parametrize(
    "fields",
    [
        {"name": {"@value": "x", "@direction": "rtl"}},
        {"name": {"@value": "x", "@language": "en", "@direction": "rtl"}},
        {"name": {"@value": "x", "@language": "en", "@index": "hidden"}},
        {"@included": [{"id": "urn:x:9"}]},
        {"@reverse": {"name": {"id": "urn:x:9"}}},
        {"evidence": {"@list": []}},
        {"evidence": {"@set": ["x"]}},
        {"schema:name": "x"},
        {"https://schema.org/name": "x"},
        {"@graph": ["hidden"]},
        {"credentialSubject": {"Achievement": {"type": ["Achievement"]}}},
    ],
)
def test_json_ld_beyond_terms_is_not_read(fields: dict[str, Any]) -> None:
    assert refused({**make_badge(), **fields}) == "json_ld_keyword"


@pytest.mark.parametrize(
    "fields",
    [
        {"id": ["urn:x:1"]},
        {"id": 7},
        {"type": [7]},
        {"type": {"a": "b"}},
        {"credentialSubject": [["urn:x:1"], []]},
        {"@context": [V2, {"validUntil": "https://x.example/validUntil"}]},
        {"credentialSubject": {"@context": None, "id": "urn:x:2"}},
    ],
)
def test_broken_json_ld_is_an_error_of_ours_and_tells_no_content(fields: dict[str, Any]) -> None:
    with pytest.raises(CredentialError) as caught:
        canonicalise_graph({**make_badge(), **fields})
    assert "urn:x" not in caught.value.message


def test_depth_and_size_are_bounded_before_anything_else() -> None:
    deep: Any = {}
    for _ in range(10_000):
        deep = {"a": deep}
    assert refused(graph(a=deep)) == "too_deep"
    assert refused(graph(a=[f"value {at}" for at in range(3_000)])) == "too_complex"
    many = [{"b": [{"id": f"urn:x:{row}:{at}"} for at in range(100)]} for row in range(110)]
    assert refused(graph(a=many)) == "too_complex"
    scattered = [{"b": {"id": "urn:x:2", "c": at}} for at in range(1_900)]
    assert refused(graph(a=scattered)) == "too_complex"


def test_contexts_in_ever_new_orders_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphs, "_MOST_CACHED", 30)
    urls = [one.urls[0] for one in list_contexts() if "blockcerts" not in one.file][:12]
    for pair in combinations(urls, 2):
        try:
            canonicalise_graph({"@context": list(pair), "id": "urn:x:1", "type": ["https://x.example/T"]})
        except CredentialError:
            continue
    assert len(graphs._PROCESSED) <= 30
    monkeypatch.undo()
    assert canonicalise_graph(make_badge()) == normalise(make_badge())


def test_threads_share_what_was_processed_without_mixing_it_up() -> None:
    documents = [make_badge(), make_badge(**{"@context": [V2, EXAMPLES]}, name="x"), graph(a={"b": 1})]
    expected = [normalise(document) for document in documents]
    wrong: list[int] = []

    def work() -> None:
        for _ in range(15):
            wrong.extend(at for at, one in enumerate(documents) if canonicalise_graph(one) != expected[at])

    graphs._PROCESSED.clear()
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_jcs_of_plain_values_is_that_of_the_ledger() -> None:
    value: Any = {"b": [1, "é", None, True], "a": {"\u20ac": "x", "1": 2**53 - 1}}
    assert canonicalise_json(value) == canonical.encode(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (333333333.33333329, "333333333.3333333"),
        (1e30, "1e+30"),
        (4.50, "4.5"),
        (2e-3, "0.002"),
        (1e-27, "1e-27"),
        (-0.0, "0"),
        (2**53, "9007199254740992"),
        (12345678901234567890, "12345678901234567000"),
        (10**21, "1e+21"),
    ],
)
def test_numbers_are_written_as_ecmascript_does(number: Any, text: str) -> None:
    assert canonicalise_json([number]) == f"[{text}]".encode()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, "\ud800", {"\udfff": 1}, [1.5, "\ud800"]])
def test_what_json_cannot_write_is_refused(value: Any) -> None:
    with pytest.raises(NotGenuine) as caught:
        canonicalise_json([value])
    assert caught.value.code == "malformed_json"


def test_jcs_has_a_depth() -> None:
    deep: Any = 1.5
    for _ in range(DEEPEST - 1):
        deep = [deep]
    assert canonicalise_json(deep) == rfc8785.dumps(deep)
    for _ in range(10_000):
        deep = [deep]
    with pytest.raises(NotGenuine) as caught:
        canonicalise_json(deep)
    assert caught.value.code == "too_deep"


_NAMES = st.text() | st.sampled_from(["\U0001f600", "\uffff", "\ue000", "a", "B", "é", "\\u00e9"])
_PLAIN = st.none() | st.booleans() | st.integers(1 - 2**53, 2**53 - 1) | _NAMES


@given(st.recursive(_PLAIN, lambda v: st.lists(v, max_size=4) | st.dictionaries(_NAMES, v, max_size=4)))
def test_jcs_of_plain_values_is_the_librarys(value: Any) -> None:
    try:
        expected = rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        return
    assert canonicalise_json(value) == expected


@pytest.mark.parametrize(
    "value", [1.0, [1.0], {"a": -2.5}, {"a": ["x", 1e300]}, {"\U0001f600": 1, "\uffff": 2}, [None]]
)
def test_what_a_mere_sorted_writer_gets_wrong_is_right(value: Any) -> None:
    assert canonicalise_json(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("wrap", [lambda v: [v], lambda v: {"a": v}, lambda v: [{"a": v}]])
def test_nesting_has_one_bound_however_it_is_written(wrap: Callable[[Any], Any]) -> None:
    deep: Any = "x"
    for _ in range(2 * DEEPEST):
        deep = wrap(deep)
    with pytest.raises(NotGenuine) as caught:
        canonicalise_json(deep)
    assert caught.value.code == "too_deep"


@given(
    st.recursive(
        st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(), v, max_size=4),
    )
)
def test_jcs_of_any_value_reads_back_as_the_same_value(value: Any) -> None:
    try:
        written = canonicalise_json(value)
    except NotGenuine:
        return
    assert json.loads(written, parse_int=float) == value
    assert canonicalise_json(json.loads(written)) == written


def test_a_context_nobody_knows_is_named_wherever_it_stands() -> None:
    for document in (
        make_badge(**{"@context": [V2, "https://college.example/context"]}),
        make_badge(evidence={"@context": "https://college.example/context", "type": ["Evidence"]}),
    ):
        with pytest.raises(Unsupported, match=r"https://college\.example/context") as caught:
            canonicalise_graph(document)
        assert caught.value.code == "unknown_context"
