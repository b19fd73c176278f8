"""Registering a batch: its root becomes an entry of the node's ledger, once, whatever is interrupted.

Nothing is posted but what the entry says. A root that the node has already is found by asking for it, so a request
whose answer was lost is simply made again. What the node answers is believed only as far as its proofs go; the record
of it lies beside the batch file, under the same number.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import msgspec

from deploy.cli.anchoring import AnchoringError
from deploy.cli.anchoring.sealing import Batch
from deploy.cli.anchoring.whole_files import write_whole
from deploy.cli.keys import Keys
from deploy.cli.node import MAX_JSON, MAX_NOTE, Node, NodeError, read_bounded
from deploy.cli.report import clean
from register.credentials.batch_paths import ALGORITHM
from register.credentials.errors import BadReceipt
from register.credentials.ports import LedgerKeys
from register.credentials.proven_batch import ProvenBatch, prove_batch

ENDING: Final = ".anchored.json"
_TAKEN: Final = "batch_taken"
_PENDING: Final = "receipt_pending"
_PASSING: Final = (408, 425, 429)
"""Refusals that say nothing about the batch: too late, too early, too often."""
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_PAUSE: Final = 0.5
_PEERS_ASKED: Final = 200


@dataclass(frozen=True, slots=True)
class Registered:
    """A batch in the ledger: its address, its entry and the proof of it, exact texts, and keys to check them with."""

    batch: str
    entry: str
    tlog_proof: str
    keys: list[str]


class BatchRefused(NodeError):
    """The node says that it will not record this batch, and has not."""


@dataclass(frozen=True, slots=True)
class Countersigned:
    """Who of those who may countersign has done so for the entry of a batch, and who has not (yet), by name."""

    batch: Registered
    by: tuple[str, ...]
    missing: tuple[str, ...]


class IssuerNode(Node):
    """A node to which an issuer speaks with its token."""

    def __init__(self, url: str, token: str, *, plain_http: bool = False) -> None:
        super().__init__(url)
        parts = urlsplit(self.url)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK and not plain_http:
            raise NodeError(
                f"{self.url} is not encrypted, and the token would go out in the clear; use https (or --plain-http)"
            )
        self._token = token

    def post(self, path: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Send JSON with the token and return status and answer; raises NodeError when there is none.

        The same body sent twice is one request (Idempotency-Key).
        """
        content = json.dumps(body, sort_keys=True).encode()
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/json",
            "Idempotency-Key": hashlib.sha256(path.encode() + content).hexdigest(),
        }
        try:
            with self._http.stream("POST", self.url + path, content=content, headers=headers) as response:
                answer = json.loads(read_bounded(response, MAX_JSON))
        except (httpx.HTTPError, ValueError, RecursionError) as error:
            raise NodeError(f"{self.url} did not answer: {type(error).__name__}; run the command again") from error
        if not isinstance(answer, dict):
            raise NodeError(f"{self.url}{path} answered with {type(answer).__name__} where an object was expected")
        return response.status_code, answer


def read_record(batch: Path) -> Registered | None:
    """Return the record that lies beside a batch file, None when there is none; raises AnchoringError."""
    path = _name_record(batch)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Registered)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise AnchoringError(f"{path} cannot be read: {error}; delete it and run the command again") from error


def register_batch(node: IssuerNode, keys: Keys, batch: Batch, patience: float) -> Countersigned:
    """Post a batch unless the node has it, wait for countersignatures, and write the record beside the batch file.

    `patience` are the seconds to wait for those who may countersign. Raises BatchRefused when the node will not have
    it, NodeError when it cannot be asked or shows another entry than was meant.
    """
    _post(node, batch)
    url, index = _find_batch(node, batch)
    entry = str(node.get_json(f"/api/v1/events/{index}").get("data"))
    own = LedgerKeys(keys.origin, tuple(map(str, keys.log)), tuple(map(str, keys.witness)))
    known = replace(own, witnesses=(*own.witnesses, *_read_witnesses(node)))
    text, proven = _await_countersignatures(
        node, index, lambda text: _prove(entry, text, known, batch), known, patience
    )
    signed = [vkey for vkey in known.witnesses if _name(vkey) in proven.cosigned_by]
    registered = Registered(url, entry, text, [*known.log, *signed])
    with write_whole(_name_record(batch.path)) as file:
        file.write(json.dumps(asdict(registered), ensure_ascii=False, indent=1).encode())
    return Countersigned(registered, proven.cosigned_by, _name_missing(known, proven))


def _await_countersignatures(
    node: Node, index: int, prove: Callable[[str], ProvenBatch], known: LedgerKeys, patience: float
) -> tuple[str, ProvenBatch]:
    """Ask for the receipt of an entry until all who may have countersigned, or until patience is at an end.

    Returns the one with most countersignatures: while others write, each new checkpoint begins without any.
    """
    deadline = time.monotonic() + patience
    best: tuple[str, ProvenBatch] | None = None
    while True:
        text = node.get(f"/ledger/receipt/{index}", MAX_NOTE).decode("utf-8", "replace")
        proven = prove(text)
        if best is None or len(proven.cosigned_by) > len(best[1].cosigned_by):
            best = text, proven
        if not _name_missing(known, best[1]) or time.monotonic() >= deadline:
            return best
        time.sleep(_PAUSE)


def _post(node: IssuerNode, batch: Batch) -> None:
    said = {
        **batch.terms.said,
        "issuer": batch.terms.issuer,
        "root": batch.tree.root.hex(),
        "count": batch.tree.count,
        "tree_algorithm": ALGORITHM,
    }
    status, answer = node.post("/api/v1/batches", said)
    if status != 201 and answer.get("code") not in (_TAKEN, _PENDING):
        final = 400 <= status < 500 and status not in _PASSING
        refusal = BatchRefused if final else NodeError
        raise refusal(f"{node.url} refused the batch ({status}): {clean(str(answer.get('detail'))[:300])}")


def _find_batch(node: Node, batch: Batch) -> tuple[str, int]:
    """Return address and ledger index of a batch that the node has in its own ledger."""
    found = node.get_json("/api/v1/batches", {"issuer": batch.terms.issuer, "root": batch.tree.root.hex()})
    try:
        first = next(item for item in found["items"] if item.get("register") == batch.terms.origin)
        return str(first["url"]), int(first["recorded"]["index"])
    except (KeyError, StopIteration, TypeError, AttributeError, ValueError) as error:
        raise NodeError(f"{node.url} took the batch and does not show it; run the command again") from error


def _prove(entry: str, tlog_proof: str, keys: LedgerKeys, batch: Batch) -> ProvenBatch:
    """Check that the node recorded what was meant, and that its proof holds."""
    try:
        proven = prove_batch(entry.encode(), tlog_proof.encode(), keys)
    except (BadReceipt, UnicodeEncodeError) as error:
        raise NodeError(f"the node's proof of the batch does not hold: {error}") from error
    meant = (batch.tree.root, batch.tree.count)
    issuer = proven.entry.issuer.rpartition("/")[2]
    if (proven.entry.root, proven.entry.count) != meant or issuer != batch.terms.issuer:
        raise NodeError("the node shows another entry than the batch that was posted; ask its operator")
    return proven


def _read_witnesses(node: Node) -> tuple[str, ...]:
    """Return the witness keys of the peers that the node recognises: who may countersign."""
    told = node.get_json("/api/v1/peers", {"status": "recognised", "limit": str(_PEERS_ASKED)})
    try:
        return tuple(dict.fromkeys(str(vkey) for peer in told["items"] for vkey in peer["witness_vkeys"]))
    except (KeyError, TypeError) as error:
        raise NodeError(f"{node.url} does not say which peers it recognises") from error


def _name_missing(keys: LedgerKeys, proven: ProvenBatch) -> tuple[str, ...]:
    return tuple(name for name in map(_name, keys.witnesses) if name not in proven.cosigned_by)


def _name(vkey: str) -> str:
    return vkey.split("+", 1)[0]


def _name_record(batch: Path) -> Path:
    return batch.with_suffix(ENDING)
