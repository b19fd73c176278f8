"""Hiding: the same signed graph in other JSON, so that who reads the JSON misses an end, a level or a revocation."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from register.credentials.errors import CredentialError, NotGenuine
from tests.credential_proofs import check, make_badge, normalise, sign

ODRL = "https://www.w3.org/ns/odrl.jsonld"
SIGNED = sign(make_badge())

Document = dict[str, Any]

MOVES: dict[str, Callable[[Document], object]] = {
    "a date as a list of one": lambda d: d.update(validUntil=[d["validUntil"]]),
    "a date as a full address": lambda d: d.update(
        {
            "https://www.w3.org/2018/credentials#validUntil": {
                "@type": "http://www.w3.org/2001/XMLSchema#dateTime",
                "@value": d.pop("validUntil"),
            }
        }
    ),
    "a date as a typed value": lambda d: d.update(
        validUntil={"@type": "http://www.w3.org/2001/XMLSchema#dateTime", "@value": d["validUntil"]}
    ),
    "a name as a value": lambda d: d["issuer"].update(name={"@value": d["issuer"]["name"]}),
    "a text as a list of one": lambda d: d["credentialSubject"]["achievement"].update(
        name=[d["credentialSubject"]["achievement"]["name"]]
    ),
    "a list within a list": lambda d: d.update(credentialSubject=[[d["credentialSubject"]]]),
    "an id as a keyword": lambda d: d["issuer"].update({"@id": d["issuer"].pop("id")}),
    "a type as a keyword": lambda d: d.update({"@type": d.pop("type")}),
    "a property by the name of its class": lambda d: d["credentialSubject"].update(
        Achievement=d["credentialSubject"].pop("achievement")
    ),
    "another name given inside": lambda d: (
        d["@context"].append(
            {
                "until": {
                    "@id": "https://www.w3.org/2018/credentials#validUntil",
                    "@type": "http://www.w3.org/2001/XMLSchema#dateTime",
                }
            }
        ),
        d.update(until=d.pop("validUntil")),
    ),
    "an id by another carried name": lambda d: (d["@context"].insert(0, ODRL), d.update(uid=d.pop("id"))),
    "a reference before the thing": lambda d: d["credentialSubject"].update(
        achievement=[{"id": d["credentialSubject"]["achievement"]["id"]}, d["credentialSubject"]["achievement"]]
    ),
    "a thing in two halves": lambda d: d.update(
        credentialSubject=[
            {name: d["credentialSubject"][name] for name in ("id", "type")},
            {name: d["credentialSubject"][name] for name in ("id", "type", "achievement")},
        ]
    ),
    "all of it in a graph": lambda d: d.update(
        {"@graph": [{name: d.pop(name) for name in list(d) if name not in ("@context", "proof")}]}
    ),
}
"""Ways of writing the same graph otherwise, so that who reads the JSON misses something."""


@pytest.mark.parametrize("name", MOVES)
def test_the_same_graph_written_to_hide_something_is_refused(name: str) -> None:
    document = deepcopy(SIGNED)
    MOVES[name](document)
    with pytest.raises(CredentialError):
        check(document)
    document.pop("proof")
    same = normalise(document) == normalise(make_badge())
    assert same == (name != "a property by the name of its class")


def test_a_language_cannot_carry_lines_of_the_graph() -> None:
    """N-Quads do not escape it, so a crafted one could stand for statements that the JSON then lacks."""
    names = {"@value": "Applied Measurement", "@language": 'en .\n<urn:a:b> <urn:c:d> "e'}
    document = sign(make_badge(name=names))
    with pytest.raises(NotGenuine) as caught:
        check(document)
    assert caught.value.code == "unsigned_term"
    assert len(check(sign(make_badge(name={**names, "@language": "en-GB"})))) == 1
