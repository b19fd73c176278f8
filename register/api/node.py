"""`/.well-known/assay.json`: who this node is, signed.

`signature` is a detached JWS (RFC 7515, appendix F) with the statement key over the RFC 8785 canonical bytes of the
document without `signature`. The statement key itself is vouched for by the log: `opened` is entry 0 of the ledger,
which names all keys, with its receipt under a checkpoint signed by `vkey`. So whoever has compared `vkey` can check
everything else. (Rejected: signing with the log key, which should sign nothing but checkpoints.)
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.http import HttpResponse
from joserfc import jws
from joserfc.jwk import OKPKey
from pydantic import BaseModel
from rest_framework.request import Request

from ledger.errors import KeyUnusable
from ledger.reader import read_evidence
from ledger.signer import node_signers
from ledger.tlog import canonical
from register.api.address import Address, answer_json
from register.trust.statement import ALGORITHM

STATEMENT_KEY: Final = "statement.jwk"
_MEMBERS: Final = frozenset({"kty", "crv", "x", "d"})
_KEPT: Final = "public, max-age=60"


class OpeningEntry(BaseModel):
    """Entry 0: its exact bytes as text and its receipt (C2SP tlog-proof)."""

    index: int
    data: str
    receipt: str


class NodeDescription(BaseModel):
    """Who a node is and where its doors are."""

    name: str
    origin: str
    vkey: str
    former_vkeys: list[dict[str, str]]
    witness_vkey: str
    statement_keys: list[dict[str, str]]
    territory: list[str]
    demonstration: bool
    url: str
    ledger_url: str
    api_url: str
    software: str
    software_version: str
    opened: OpeningEntry
    signature: str


def statement_key() -> OKPKey:
    """Return the node's key for statements; raises KeyUnusable."""
    path = Path(settings.ASSAY_KEYS_DIR) / STATEMENT_KEY
    try:
        return _load_key(path, path.stat().st_mtime_ns)
    except (OSError, ValueError) as error:
        raise KeyUnusable(f"expected a JWK in {path}, got {type(error).__name__}; restore it from a backup") from error


@lru_cache(maxsize=2)
def _load_key(path: Path, _stamp: int) -> OKPKey:
    # `alg` of the file says how older JOSE libraries call it; a key restricted to that name refuses to sign as Ed25519.
    written = json.loads(path.read_text("utf-8"))
    return OKPKey.import_key({name: value for name, value in written.items() if name in _MEMBERS})


def describe_node() -> dict[str, Any]:
    """Return the document without its signature; raises as `ledger.receipts.read_evidence` does."""
    origin, base = settings.ASSAY_ORIGIN, settings.ASSAY_BASE_URL
    opened = read_evidence(origin, [0])[0]
    said = json.loads(opened.data)["data"]
    signers = node_signers()
    key = statement_key()
    return {
        "name": said["name"],
        "origin": origin,
        "vkey": str(signers.log.verifier),
        "former_vkeys": [],
        "witness_vkey": str(signers.witness.verifier),
        "statement_keys": [{**key.as_dict(private=False), "kid": key.thumbprint()}],
        "territory": list(said["territory"]),
        "demonstration": bool(said.get("demonstration", False)),
        "url": base,
        "ledger_url": f"{base}/ledger",
        "api_url": f"{base}/api/v1",
        "software": "assay",
        "software_version": version("assay"),
        "opened": {"index": opened.index, "data": opened.data.decode("utf-8"), "receipt": opened.receipt},
    }


def sign_document(document: dict[str, Any]) -> str:
    """Return the detached JWS over the canonical bytes of a document."""
    key = statement_key()
    header = {"alg": ALGORITHM, "typ": "assay-node+jws", "kid": key.thumbprint()}
    whole = jws.serialize_compact(header, canonical.encode(document), key, algorithms=[ALGORITHM])
    return jws.detach_content(whole)


class Node(Address):
    """This node."""

    tag = "node"
    answers = {"GET": NodeDescription}

    def get(self, request: Request) -> HttpResponse:
        """Tell who this node is: name, origin, keys, territory, addresses; signed.

        The signature is a detached JWS over the RFC 8785 form of the document without `signature`, by the first of
        `statement_keys`, which entry 0 of the ledger (`opened`, with its receipt) vouches for.
        """
        self.query(request)
        document = describe_node()
        tag = hashlib.sha256(canonical.encode(document)).hexdigest()[:32]
        answer = {**document, "signature": sign_document(document)}
        return answer_json(answer, headers={"ETag": f'"{tag}"'}, cache=_KEPT)
