"""Registers over HTTP: the ports of verifying, as the command line asks a node and believes what is proven.

Every trust decision is computed here from proven entries. Keys of peers' ledgers are taken from entries of the node's
own ledger. That the node left out no revocation is its word; only an audit or another node can tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from deploy.cli.asking import NOT_BELIEVED, verify_answer
from deploy.cli.evidence import Unproven, check_item
from deploy.cli.keys import Keys
from deploy.cli.node import Node, NodeError
from ledger.tlog.errors import TlogError
from register.credentials.errors import Unreachable
from register.credentials.ledger_keys import list_ledger_keys
from register.credentials.ports import LedgerKeys, Withdrawal, Withdrawals, decide_in_turn
from register.credentials.wording import LIMITS
from register.errors import NotUnderstood, RegisterError
from register.identifiers import NODE, parse_identifier
from register.knowledge import replay_proven
from register.moments import parse_moment
from register.trust import format_decision, parse_question

_PAGE: Final = "200"
_MOST_PAGES: Final = 5_000
_UNKNOWN: Final = 404
_TOLD: Final = {"at": "the time judged", "key": "the key that signed", "anchored_at": "the time of anchoring", **LIMITS}
"""Parameters of a question in words."""


class AskedRegisters:
    """A node that is asked over HTTP; a `ports.Registers`.

    `on_word` is what was taken from the node without proof, for the report.
    """

    def __init__(self, node: Node, vkey: str | None, now: datetime, max_age: int) -> None:
        self._node, self._vkey, self._now, self._max_age = node, vkey, now, max_age
        self._ledgers: Mapping[str, LedgerKeys] | None = None
        self._sent: dict[str, None] = {}
        self.on_word: dict[str, None] = {}

    @property
    def sent(self) -> tuple[str, ...]:
        """What the node was told, in plain words."""
        return tuple(self._sent)

    @property
    def unconfirmed_key(self) -> str | None:
        """The node's log key, unless the caller named one it knows; asks the node for it, which may raise."""
        return None if self._vkey is not None else str(self._keys.log[0])

    def decide(self, params: Mapping[str, str]) -> Mapping[str, Any]:
        """Ask a trust question, check the proofs and decide from them; raises Unreachable and NotUnderstood."""
        asked = parse_question(params, self._now)
        told = ", ".join(word for name, word in _TOLD.items() if name in params)
        self._sent[f"To {self._host}: a question about the issuer {params['issuer']}, with {told}."] = None
        try:
            answer = self._node.get_json("/api/v1/trust", params)
            verified = verify_answer(self._node, self._keys, asked, answer, self._now, max_age=self._max_age)
        except NotUnderstood:
            raise
        except NodeError as error:
            raise Unreachable("register_unreachable", str(error)) from error
        except NOT_BELIEVED as error:
            raise Unreachable("unproven", f"what the node answered could not be confirmed: {error}") from error
        self.on_word |= dict.fromkeys(verified.rests_on_word)
        return format_decision(verified.decision, answer["evidence"])

    def decide_by_keys(self, params: Mapping[str, str], keys: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """Ask a trust question under several spellings of a key, as `decide` does."""
        return decide_in_turn(self.decide, params, keys)

    def find_ledger(self, origin: str) -> LedgerKeys | None:
        """Return the keys of a ledger as proven entries of the node's own ledger name them; raises Unreachable."""
        if self._ledgers is None:
            self._ledgers = self._read_ledgers()
        return self._ledgers.get(origin)

    def find_withdrawals(self, issuer: str) -> Withdrawals:
        """Return all that the node shows of an issuer's withdrawn credentials; raises Unreachable."""
        try:
            scheme, uid = parse_identifier(issuer)
        except ValueError:
            return Withdrawals()
        if scheme != NODE:
            return Withdrawals()
        self._sent[f"To {self._host}: a request for all withdrawn credentials of the issuer {issuer}."] = None
        self.on_word["that the node left out no revocation of this issuer's credentials"] = None
        try:
            batches = self._node.get_json(f"/api/v1/issuers/{uid}/batches", {"limit": "1"})
            items = [*self._read_all(f"/api/v1/issuers/{uid}/withdrawals")] if batches["items"] else []
            said = {str(item["commitment"]): tuple(_read_changes(item)) for item in items}
        except NodeError as error:
            if error.status == _UNKNOWN:
                return Withdrawals()
            raise Unreachable("register_unreachable", str(error)) from error
        except (KeyError, TypeError, ValueError) as error:
            raise Unreachable("unexpected_answer", "the node's list of withdrawn credentials cannot be read") from error
        return Withdrawals(bool(batches["items"]), said)

    @cached_property
    def _keys(self) -> Keys:
        return self._node.read_keys(self._vkey)

    @property
    def _host(self) -> str:
        return urlsplit(self._node.url).netloc

    def _read_all(self, path: str) -> Iterator[Mapping[str, Any]]:
        """Give the items of a list page by page."""
        after: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            page = self._node.get_json(path, {"limit": _PAGE, **after})
            yield from page["items"]
            if page["next"] is None:
                return
            after = {"after": parse_qs(urlsplit(str(page["next"])).query)["after"][0]}
        raise Unreachable("too_many", f"expected at most {_MOST_PAGES} pages of withdrawn credentials")

    def _read_ledgers(self) -> Mapping[str, LedgerKeys]:
        """Replay the entries by which the node opened, changed its keys and recognised peers, each proven."""
        try:
            opened = self._node.get_json("/.well-known/assay.json")
            indexes = {0, *(int(item["index"]) for item in opened.get("handover", []))}
            for peer in self._read_all("/api/v1/peers"):
                history = self._read_all(f"/api/v1/peers/{parse_identifier(str(peer['id'])).value}/history")
                indexes |= {int(item["index"]) for item in history}
            entries = dict(self._prove(index) for index in sorted(indexes))
            state = replay_proven(self._keys.origin, entries, max(entries) + 1)
        except NodeError as error:
            raise Unreachable("register_unreachable", str(error)) from error
        except (Unproven, TlogError, RegisterError, KeyError, TypeError, ValueError) as error:
            raise Unreachable("unproven", f"the keys of the ledger could not be confirmed: {error}") from error
        if state.register is None:
            raise Unreachable("unproven", "the node does not show the entry in which its register opens")
        return list_ledger_keys(state.register, self._keys.origin, state.peers.values())

    def _prove(self, index: int) -> tuple[int, bytes]:
        found, data, _ = check_item(self._node.get_json(f"/api/v1/events/{index}"), self._keys)
        if found != index:
            raise Unproven(f"asked for entry {index}, the node proved entry {found}")
        return index, data


def _read_changes(item: Mapping[str, Any]) -> Iterator[Withdrawal]:
    for change in item["changes"]:
        recorded = change["recorded"]
        if change["state"] not in ("revoked", "suspended", "reinstated"):
            raise ValueError("a state that credentials do not have")
        yield Withdrawal(
            change["state"],
            parse_moment(change["effective_from"]),
            str(change["reason"]),
            str(item["register"]),
            int(recorded["index"]),
            parse_moment(recorded["time"]),
        )
