"""`/.well-known/assay.json`: who this node is, signed.

`signature` is a detached JWS (RFC 7515, appendix F) with the statement key over the RFC 8785 canonical bytes of the
document without `signature`. The statement key itself is vouched for by the log: `opened` is entry 0 of the ledger,
which names all keys, with its receipt under a checkpoint signed by `vkey`. So whoever has compared `vkey` can check
everything else. (Rejected: signing with the log key, which should sign nothing but checkpoints.)

Whoever has compared an earlier key finds in `handover` the entries that announced the next ones, each proven under a
checkpoint of the key before as well (register/key_chain.py).
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

from ledger.errors import KeyUnusable, NotCovered
from ledger.reader import Evidence, first_checkpoint_covering, latest_checkpoint, read_evidence
from ledger.signer import node_signers
from ledger.tlog import canonical
from ledger.tlog.errors import TlogError
from ledger.tlog.note import open_note, parse_vkey
from register import key_chain
from register.api.address import Address, answer_json
from register.key_chain import Handover
from register.moments import format_moment
from register.queries.peers import find_register
from register.records import RegisterKey, RegisterRecord
from register.trust.statement import ALGORITHM

STATEMENT_KEY: Final = "statement.jwk"
_MEMBERS: Final = frozenset({"kty", "crv", "x", "d"})
_KEPT: Final = "public, max-age=60"


class OpeningEntry(BaseModel):
    """Entry 0: its exact bytes as text and its receipt (C2SP tlog-proof)."""

    index: int
    data: str
    receipt: str


class FormerKey(BaseModel):
    """A key that was replaced: it signs, or signed, from `valid_from` until `valid_until`."""

    vkey: str
    valid_from: str
    valid_until: str
    reason: str


class NodeDescription(BaseModel):
    """Who a node is and where its doors are."""

    name: str
    origin: str
    vkey: str
    former_vkeys: list[FormerKey]
    witness_vkey: str
    former_witness_vkeys: list[FormerKey]
    statement_keys: list[dict[str, str]]
    territory: list[str]
    demonstration: bool
    url: str
    ledger_url: str
    api_url: str
    software: str
    software_version: str
    opened: OpeningEntry
    handover: list[Handover]
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
    """Return the document without its signature; raises as `ledger.reader.read_evidence` does."""
    origin, base = settings.ASSAY_ORIGIN, settings.ASSAY_BASE_URL
    register = find_register(origin)
    if register is None:
        raise NotCovered(f"expected the register {origin} to be open, its ledger has no entry 0 yet")
    head = latest_checkpoint(origin)
    covered = [index for index in register.entries if index < head.size]
    evidence = read_evidence(origin, covered, head)
    opened = evidence[0]
    signers = node_signers()
    key = statement_key()
    return {
        "name": register.name,
        "origin": origin,
        "vkey": str(signers.log.verifier),
        "former_vkeys": _list_former(register, "log"),
        "witness_vkey": str(signers.witness.verifier),
        "former_witness_vkeys": _list_former(register, "witness"),
        "statement_keys": [{**key.as_dict(private=False), "kid": key.thumbprint()}],
        "territory": list(register.territory),
        "demonstration": register.demonstration,
        "url": base,
        "ledger_url": f"{base}/ledger",
        "api_url": f"{base}/api/v1",
        "software": "assay",
        "software_version": version("assay"),
        "opened": {"index": opened.index, "data": opened.data.decode("utf-8"), "receipt": opened.receipt},
        "handover": [_hand_over(origin, evidence[index]) for index in covered if index],
    }


def _list_former(register: RegisterRecord, use: str) -> list[dict[str, str]]:
    return [_describe_former(key) for key in register.keys if key.use == use and key.valid_until is not None]


def _describe_former(key: RegisterKey) -> dict[str, str]:
    until = format_moment(key.valid_until) if key.valid_until else ""
    period = {"valid_from": format_moment(key.valid_from), "valid_until": until}
    return {"vkey": key.vkey, **period, "reason": key.reason or ""}


def _hand_over(origin: str, entry: Evidence) -> dict[str, Any]:
    """Return an announced change of keys with its receipts: by the newest checkpoint, and by the key before."""
    handover = Handover(index=entry.index, data=entry.data.decode("utf-8"), receipt=entry.receipt)
    changed = key_chain.read_rotation(handover).log
    first = first_checkpoint_covering(origin, entry.index + 1)
    if changed is not None and _is_signed(first.note, changed.former_vkey):
        former = read_evidence(origin, [entry.index], first)[entry.index].receipt
        handover = handover.model_copy(update={"former_receipt": former})
    return handover.model_dump()


def _is_signed(note: bytes, vkey: str) -> bool:
    """Tell whether a stored checkpoint bears the signature of a key; one that is no vkey at all signs nothing."""
    try:
        open_note(note, [parse_vkey(vkey)])
    except TlogError:
        return False
    return True


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
        `statement_keys`, which entry 0 of the ledger (`opened`, with its receipt) vouches for. `handover` leads from
        keys that were replaced to the present one.
        """
        self.query(request)
        document = describe_node()
        tag = hashlib.sha256(canonical.encode(document)).hexdigest()[:32]
        answer = {**document, "signature": sign_document(document)}
        return answer_json(answer, headers={"ETag": f'"{tag}"'}, cache=_KEPT)
