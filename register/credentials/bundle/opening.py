"""Opening a bundle: what must hold before anything in it is believed.

In this order: the file is whole and is what its manifest says, byte for byte; the checkpoint of the node's ledger is
signed by the key that is known, or else by the one the ledger itself names; entry 0, proven under it, names the key
that signed the manifest; the bundle is not from the future; and the ledgers of peers are signed by keys that the node's
own ledger names. All else is proven when it is looked at, which keeps opening fast.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from ledger.tlog.errors import TlogError
from ledger.tlog.note import ED25519, VerifierKey, parse_vkey
from ledger.tlog.policy import Policy, open_with_policy
from register.credentials.bundle.archive import MOST_BYTES, Archive
from register.credentials.bundle.index import PEERS, REGISTER
from register.credentials.bundle.ledger import Ledger
from register.credentials.bundle.manifest import Manifest, check_signature, read_manifest
from register.credentials.bundle.registers import Age, BundleRegisters
from register.credentials.errors import BadBundle
from register.errors import RegisterError
from register.key_chain import follow_log_key
from register.moments import format_instant
from register.records import PeerRecord, RegisterRecord
from register.state import State
from register.trust.facts import CLOCK_TOLERANCE

MAX_AGE: Final = timedelta(days=30)
"""How old a bundle may be unless the verifier says otherwise: revocations are rare, and a month is what people do who
fetch one by hand. Who checks many credentials fetches one a day and says so."""


def open_bundle(
    path: Path | str,
    *,
    now: datetime,
    max_age: timedelta = MAX_AGE,
    vkey: str | None = None,
    policy: Policy | None = None,
) -> BundleRegisters:
    """Open a bundle to ask it what one would ask registers; `vkey` is the log key the node is known by.

    With a `policy` (C2SP tlog-policy) the checkpoint must be by one of its logs and bear its quorum of cosignatures.
    Without either, the answers say that the key was taken from the bundle itself. Past `max_age` it still opens, and
    trusts nothing. Raises BadBundle, and OSError when the file cannot be read.
    """
    return open_bytes(read_file(Path(path)), now=now, max_age=max_age, vkey=vkey, policy=policy)


def read_file(path: Path) -> bytes:
    """Return the bytes of a bundle; raises BadBundle for a file that is larger than is read, and OSError."""
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise BadBundle("too_large", f"expected a bundle of at most {MOST_BYTES} bytes, got a larger file")
    return data


def open_bytes(
    data: bytes,
    *,
    now: datetime,
    max_age: timedelta = MAX_AGE,
    vkey: str | None = None,
    policy: Policy | None = None,
) -> BundleRegisters:
    """Open a bundle that was read already; see `open_bundle`."""
    archive = Archive(data)
    manifest = read_manifest(archive.manifest)
    archive.check(manifest.members)
    own = Ledger(archive, manifest.own)
    state = own.replay([*own.find(REGISTER), *own.find(PEERS)], own.size)
    register = _read_register(own, state)
    log = _choose_log_keys(register, manifest, vkey, policy)
    own.confirm(log, _parse([register.witness_vkey, *_former(register, "witness")]))
    if policy is not None:
        _check_policy(own, policy)
    check_signature(archive.manifest, register.statement_jwk)
    age = _judge_age(manifest, own, now, max_age)
    peers = [_open_peer(Ledger(archive, described), state) for described in manifest.ledgers[1:]]
    return BundleRegisters(manifest, [own, *peers], state, age, pinned=vkey is not None or policy is not None)


def _read_register(own: Ledger, state: State) -> RegisterRecord:
    if own.find(REGISTER)[:1] != [0] or state.register is None:
        raise BadBundle("incomplete", f"the bundle lacks entry 0 of {own.origin}, in which the register opens")
    return state.register


def _choose_log_keys(
    register: RegisterRecord, manifest: Manifest, vkey: str | None, policy: Policy | None
) -> list[VerifierKey]:
    """Return the keys by one of which the checkpoint must be signed, and insist that the ledger names it, too."""
    named = [register.vkey, *_former(register, "log")]
    if vkey is None and policy is None:
        return _parse(named)
    known = _parse([vkey]) if vkey is not None else []
    known += [log.key for log in (policy.logs if policy else ()) if log.key.name == register.id]
    try:
        followed = [follow_log_key(key, manifest.handover).keys[-1] for key in known]
    except (RegisterError, TlogError) as error:
        raise BadBundle("other_key", f"the bundle's log key does not follow from the one you know: {error}") from None
    if not any(str(key) in named for key in followed):
        raise BadBundle("other_key", f"the ledger {register.id} signs with {register.vkey}, not with the key you know")
    return followed


def _former(register: RegisterRecord, use: str) -> list[str]:
    """Return the keys that were replaced, save those in other hands."""
    ended = [key for key in register.keys if key.use == use and key.valid_until is not None]
    return [key.vkey for key in ended if key.reason != "compromised"]


def _parse(vkeys: Sequence[str]) -> list[VerifierKey]:
    try:
        return [parse_vkey(vkey) for vkey in dict.fromkeys(vkeys)]
    except TlogError as error:
        raise BadBundle("other_key", f"expected keys of a ledger: {error}") from None


def _check_policy(own: Ledger, policy: Policy) -> None:
    try:
        open_with_policy(own.note, policy)
    except TlogError as error:
        raise BadBundle("quorum", f"the checkpoint of {own.origin} does not meet the policy: {error}") from None


def _judge_age(manifest: Manifest, own: Ledger, now: datetime, max_age: timedelta) -> Age:
    if own.time is None:
        raise BadBundle("undated", f"the checkpoint of {own.origin} bears no time by the register's witness")
    for what, time in (("The bundle", manifest.made_at), ("Its checkpoint", own.time)):
        if time > now + CLOCK_TOLERANCE:
            raise BadBundle(
                "future", f"{what} is dated {format_instant(time)}, which is in the future; check the clock"
            )
    return Age(manifest.made_at, own.time, now, max_age)


def _open_peer(ledger: Ledger, own: State) -> Ledger:
    """Check the checkpoint of a peer under the keys by which the node's own ledger knows, or knew, it."""
    peer: PeerRecord | None = own.peers.get(own.peer_of.get(ledger.origin, ""))
    if peer is None:
        raise BadBundle("unproven", f"the node's own ledger does not name {ledger.origin}, which the bundle holds")
    log = [key for key in _parse([*peer.vkeys, *peer.former_vkeys]) if key.type == ED25519]
    ledger.confirm(log, _parse([*peer.witness_vkeys, *peer.former_witness_vkeys]))
    return ledger
