"""Nodes that introduce themselves: a register in memory with a key for statements, its description, its changes of key.

All invented. `document` is what such a node says at `/.well-known/assay.json`, honestly signed; a test changes it and
signs it again, or does not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
from joserfc import jws
from joserfc.jwk import OKPKey

from federation import lifecycle
from federation.errors import UnexpectedAnswer
from federation.introduction import PATH, introduce
from federation.models import Following
from ledger.tlog import canonical
from ledger.tlog.note import COSIGNATURE, Signer
from ledger.tlog.proof import format_proof
from register.moments import format_moment
from register.trust.statement import ALGORITHM
from tests import ledgers, reference
from tests.federation.cast import signer_of
from tests.peers import Peer, serve

Said = dict[str, Any]


@dataclass
class Stranger:
    """A node at `url`; `peer` is its log, `handover` what its description says of changed keys."""

    peer: Peer
    url: str
    statement: OKPKey
    handover: list[Said] = field(default_factory=list)

    @property
    def vkey(self) -> str:
        """The key it signs with."""
        return str(self.peer.signer.verifier)

    def document(self, **changes: Any) -> Said:
        """Its description, with fields changed, signed."""
        told = {
            "name": self._opening["name"],
            "origin": self.peer.origin,
            "vkey": self.vkey,
            "former_vkeys": [],
            "witness_vkey": str(self.peer.witness.verifier),
            "former_witness_vkeys": [],
            "statement_keys": [self.statement.as_dict(private=False)],
            "territory": self._opening["territory"],
            "demonstration": False,
            "url": self.url,
            "ledger_url": f"{self.url}/ledger",
            "api_url": f"{self.url}/api/v1",
            "software": "assay",
            "software_version": "1",
            "opened": {"index": 0, "data": self.peer.entries[0].decode(), "receipt": self.peer.receipt(0)},
            "handover": [{**item, "receipt": self.peer.receipt(item["index"])} for item in self.handover],
        }
        return self.sign({**told, **changes})

    def sign(self, told: Mapping[str, Any]) -> Said:
        """Sign a description."""
        unsigned = {name: value for name, value in told.items() if name != "signature"}
        whole = jws.serialize_compact(
            {"alg": ALGORITHM}, canonical.encode(unsigned), self.statement, algorithms=[ALGORITHM]
        )
        return {**unsigned, "signature": jws.detach_content(whole)}

    @property
    def _opening(self) -> Said:
        said: Said = json.loads(self.peer.entries[0])["data"]
        return said

    def hand_over(
        self,
        number: int,
        *,
        reason: str = "scheduled",
        overlap: timedelta | None = timedelta(days=30),
        witness: bool = False,
        now: datetime | None = None,
        both: bool = True,
    ) -> Signer:
        """Change its log key (and its witness's) as a node does; afterwards `both` keys sign, or the new one alone."""
        peer = self.peer
        former, new = peer.signer, signer_of(peer.origin, number=number)
        said: Said = {"log": {"vkey": str(new.verifier), "former_vkey": str(former.verifier)}, "reason": reason}
        if witness:
            next_witness = signer_of(peer.witness.name, COSIGNATURE, number)
            said["witness"] = {"vkey": str(next_witness.verifier), "former_vkey": str(peer.witness.verifier)}
        moment = now or peer.signed_at
        said |= {"effective_from": format_moment(moment), "actor": ledgers.NODE}
        said |= {"overlap_until": format_moment(moment + overlap)} if overlap and reason == "scheduled" else {}
        peer.ledger.append(peer.ledger.draft("register.key_rotated", "", said))
        index = len(peer.entries) - 1
        item = {"index": index, "data": peer.entries[index].decode(), "former_receipt": None}
        if reason == "scheduled":
            item["former_receipt"] = format_proof(index, reference.path(index, peer.entries), peer.checkpoint())
        self.handover.append(item)
        peer.signer = new
        peer.cosigners = [*peer.cosigners, former] if both and reason == "scheduled" else []
        if witness:
            peer.cosigners = [*peer.cosigners, peer.witness] if peer.cosigners else []
            peer.witness = next_witness
        return new


def meet_stranger(
    code: str, url: str = "", *, number: int = 1, territory: Sequence[str] = (), **fields: Any
) -> Stranger:
    """Return a node of a country that nobody here knows yet."""
    origin, base = f"register.{code}.example/ledger", url or f"https://register.{code}.example"
    countries = tuple(territory) or (code.upper(),)
    log, witness = signer_of(origin, number=number), signer_of(f"register.{code}.example/witness", COSIGNATURE, number)
    statement = OKPKey.generate_key("Ed25519", private=True)
    opening = {
        **ledgers.OPENING,
        "name": f"Register of {code.upper()}",
        "vkey": str(log.verifier),
        "witness_vkey": str(witness.verifier),
        "statement_jwk": {name: value for name, value in statement.as_dict(private=False).items() if name != "kid"},
        **fields,
    }
    ledger = ledgers.Ledger(own=False, territory=countries, source=base, opening=opening)
    peer = Peer(ledger, signer=log, witness=witness, origin=origin)
    ledgers.recognise(ledger, ledgers.WIDE, country=countries[0])
    ledgers.register(ledger, ledgers.UTOPIA, country=countries[0])
    return Stranger(peer, base, statement)


@dataclass
class Wire:
    """A client that reaches strangers without a network, and answers 404 elsewhere."""

    answers: dict[str, Callable[[], bytes]] = field(default_factory=dict)

    def get(self, url: str, *, limit: int, types: Sequence[str] = ()) -> bytes:
        """Answer as the node at an address does."""
        if url not in self.answers:
            raise UnexpectedAnswer(f"expected status 200 from {url}, got 404", 404)
        return self.answers[url]()


def wire(*strangers: Stranger, **changes: Any) -> Wire:
    """Return a client by which these nodes can be asked for their descriptions."""

    def answer(stranger: Stranger) -> Callable[[], bytes]:
        return lambda: json.dumps(stranger.document(**changes)).encode()

    return Wire({stranger.url + PATH: answer(stranger) for stranger in strangers})


@contextmanager
def listening(code: str, **fields: Any) -> Iterator[Stranger]:
    """Let a node that nobody knows listen on loopback under the address it names itself."""
    holder = meet_stranger(code).peer
    with serve(holder) as url:
        stranger = meet_stranger(code, url, **fields)
        peer = stranger.peer
        holder.ledger, holder.signer, holder.witness = peer.ledger, peer.signer, peer.witness
        stranger.peer = holder
        holder.respond = {PATH: lambda: httpx.Response(200, json=stranger.document())}
        yield stranger


def confirm(stranger: Stranger, **terms: Any) -> Following:
    """Recognise a node and return its row."""
    lifecycle.confirm(introduce(stranger.url, wire(stranger)), **terms)
    return row_of(stranger)


def row_of(stranger: Stranger) -> Following:
    """Return a peer's row as it is now."""
    return Following.objects.get(origin=stranger.peer.origin)
