"""`/.well-known/assay.json`: what a node says of itself can be checked by whoever has compared its `vkey`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import OKPKey

from ledger.tlog import canonical
from ledger.tlog.note import parse_vkey
from ledger.tlog.proof import check_proof, parse_proof
from register.trust.statement import ALGORITHM
from tests.api.conftest import World


def verify(document: dict[str, Any]) -> None:
    """Check a node's document as a stranger would, from its `vkey` alone; raises when something does not hold."""
    opened = document["opened"]
    check_proof(parse_proof(opened["receipt"]), opened["data"].encode(), [parse_vkey(document["vkey"])])
    said = json.loads(opened["data"])["data"]
    key = OKPKey.import_key({name: said["statement_jwk"][name] for name in ("kty", "crv", "x")})
    unsigned = {name: value for name, value in document.items() if name != "signature"}
    signature = jws.deserialize_compact(
        document["signature"].encode(), key, algorithms=[ALGORITHM], payload=canonical.encode(unsigned)
    )
    assert signature.headers()["kid"] == key.thumbprint() == document["statement_keys"][0]["kid"]
    assert (said["vkey"], said["witness_vkey"]) == (document["vkey"], document["witness_vkey"])


def test_a_node_says_who_it_is_and_whoever_knows_its_vkey_can_check_it(world: World) -> None:
    document = world.anybody.get("/.well-known/assay.json").body
    verify(document)
    assert document["origin"] == "register.nl.example/ledger"
    assert document["territory"] == ["NL"]
    assert document["ledger_url"] == "http://register.nl.example/ledger"
    assert document["api_url"] == "http://register.nl.example/api/v1"
    assert document["software_version"]


@pytest.mark.parametrize("name", ["name", "ledger_url", "territory", "software_version", "former_vkeys"])
def test_a_changed_document_does_not_verify(world: World, name: str) -> None:
    document = world.anybody.get("/.well-known/assay.json").body
    changed = {**document, name: ["BE"] if isinstance(document[name], list) else "changed"}
    with pytest.raises(BadSignatureError):
        verify(changed)


def test_the_private_half_of_the_key_stays_where_it_is(world: World) -> None:
    document = world.anybody.get("/.well-known/assay.json")
    assert set(document.body["statement_keys"][0]) == {"kty", "crv", "x", "kid"}
