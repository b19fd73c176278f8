"""The nodes of the federation's tests: this one is NL; DE, FR and BE are peers in memory that listen on loopback.

All invented. `open_country` makes a register with an agency and three issuers; `recognise` makes the row by which we
follow it, as if its recognition were on our ledger.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any
from uuid import UUID

from federation import witness
from federation.models import Cosigned, Following
from ledger import fsck, reader
from ledger.tlog.note import COSIGNATURE, ED25519, Signer
from ledger.tlog.witness import format_add_checkpoint
from register.projection import replaying
from tests import ledgers, reference
from tests.peers import Peer, serve


def signer_of(name: str, key_type: int = ED25519, number: int = 1) -> Signer:
    """Return the key of that name, the same in every run; another `number` is another key."""
    return Signer.generate(name, sha256(f"test key {number} of {name}".encode()).digest(), key_type)


def open_country(code: str, entries: int = 0, **fields: Any) -> Peer:
    """Return an honest national register (`de`, `fr`, or `de2`, …) with `entries` issuers more than its first three."""
    origin, country = f"register.{code}.example/ledger", code[:2].upper()
    log, witness = signer_of(origin), signer_of(f"register.{code}.example/witness", COSIGNATURE)
    opening = {**ledgers.OPENING, "name": f"Register of {country}", "vkey": str(log.verifier)}
    opening["witness_vkey"] = str(witness.verifier)
    ledger = ledgers.Ledger(territory=(country,), source=f"https://register.{code}.example", opening=opening)
    peer = Peer(ledger, signer=log, witness=witness, origin=origin, **fields)
    ledgers.recognise(ledger, ledgers.WIDE, country=country)
    for issuer in (ledgers.UTOPIA, ledgers.ARCADIA, ledgers.ELYSIUM):
        ledgers.register(ledger, issuer, country=country)
    grow(peer, entries)
    return peer


def grow(peer: Peer, entries: int) -> None:
    """Let a register register so many more issuers."""
    for number in range(len(peer.entries), len(peer.entries) + entries):
        country = peer.origin.removeprefix("register.")[:2].upper()
        ledgers.register(peer.ledger, ledgers.make_id(0x900000 + number), country=country)


def recognise(peer: Peer, url: str, **fields: Any) -> Following:
    """Follow a peer at an address."""
    values: dict[str, Any] = {
        "peer": UUID(bytes=sha256(peer.origin.encode()).digest()[:16]),
        "origin": peer.origin,
        "name": f"Register {peer.origin[9:11].upper()}",
        "url": url,
        "vkeys": [str(peer.signer.verifier)],
        "witness_vkeys": [str(peer.witness.verifier)],
        "territory": [peer.origin[9:11].upper()],
        **fields,
    }
    return Following.objects.create(**values)


@contextmanager
def following(peer: Peer, **fields: Any) -> Iterator[str]:
    """Let a peer listen, follow it, and yield its address."""
    with serve(peer) as url:
        recognise(peer, url, **fields)
        yield url


def row_of(peer: Peer) -> Following:
    """Return the peer's row as it is now."""
    return Following.objects.get(origin=peer.origin)


def submit(peer: Peer) -> None:
    """Let a peer submit its newest checkpoint to our witness, as its announcement does."""
    last = Cosigned.objects.filter(origin=peer.origin).first()
    old = last.size if last else 0
    proof = reference.proof(old, peer.entries) if 0 < old < len(peer.entries) else []
    witness.cosign(format_add_checkpoint(old, proof, peer.checkpoint()))


def insist_on_copy(peer: Peer, size: int | None = None) -> None:
    """Check that we hold what the peer wrote, that it proves itself, and that the read model follows from it."""
    count = len(peer.entries) if size is None else size
    assert reader.read_entries(peer.origin, 0, count) == peer.entries[:count]
    head = reader.latest_checkpoint(peer.origin)
    assert (head.size, head.root) == (count, reference.mth(peer.entries[:count]))
    keys = [peer.signer.verifier, peer.witness.verifier]
    assert fsck.check_log(peer.origin, keys, guarded=False).entries == count
    assert replaying.check() is None
