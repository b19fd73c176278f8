"""Getting to know a node from the address an operator gives: what it says of itself, checked as far as can be.

Everything in `/.well-known/assay.json` follows from one key: `vkey` signs the checkpoint under which entry 0 of its
ledger stands; entry 0, with the announced changes of keys, names the territory, the witness key and the key for
statements; that key signs the document. Whether `vkey` is the right one no machine can tell: two people compare its
fingerprint by telephone. Nothing is stored here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Protocol
from urllib.parse import urlsplit

from django.conf import settings
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints, ValidationError

from federation.errors import PeerRefused, TooSlow, UnexpectedAnswer, Unreachable
from federation.fingerprint import Fingerprint, compute_fingerprint
from federation.models import Following
from federation.peers import WITHDRAWN
from ledger.signer import read_verifiers
from ledger.tlog import canonical
from ledger.tlog.checkpoint import SignedCheckpoint
from ledger.tlog.errors import TlogError
from ledger.tlog.note import COSIGNATURE, ED25519, VerifierKey, parse_vkey
from ledger.tlog.proof import check_proof, parse_proof
from register.api.json_text import parse_json
from register.errors import NotUnderstood, RegisterError
from register.events import describe, parse
from register.key_chain import ROTATION, Handover
from register.knowledge import replay_proven
from register.records import RegisterKey, RegisterRecord
from register.sentences import Said, Value, cite, say
from register.trust.statement import ALGORITHM

PATH: Final = "/.well-known/assay.json"
OPENING: Final = "register.opened"
LIMIT: Final = 512 * 1024
"""Bytes of the document: an entry of 64 KB with its receipt, and some changes of keys."""


class Client(Protocol):
    """What fetches: federation.transport in earnest."""

    def get(self, url: str, *, limit: int, types: tuple[str, ...] = ()) -> bytes:
        """Return the body at an address; raises TransportError."""


Line = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]


class Opened(BaseModel):
    """Entry 0 with its receipt."""

    index: int
    data: Annotated[str, StringConstraints(max_length=65_535)]
    receipt: Annotated[str, StringConstraints(max_length=65_535)]


class Description(BaseModel):
    """What of a node's document is looked at; what else it holds is signed with it and means nothing here."""

    model_config = ConfigDict(hide_input_in_errors=True)

    name: Line
    origin: Line
    vkey: Line
    witness_vkey: Line
    territory: Annotated[list[Line], Field(min_length=1, max_length=260)]
    url: Line
    ledger_url: Line
    demonstration: StrictBool = False
    opened: Opened
    handover: Annotated[list[Handover], Field(max_length=100)] = []
    signature: Line


@dataclass(frozen=True, slots=True)
class Introduction:
    """A node as it introduced itself: all of it follows from `vkey`, whose `fingerprint` people have to compare.

    `keys` is the history of its keys, `handover` the entries that announced them, `document` everything it said.
    """

    url: str
    origin: str
    name: str
    operator: str
    territory: tuple[str, ...]
    vkey: str
    witness_vkey: str
    demonstration: bool
    keys: tuple[RegisterKey, ...]
    fingerprint: Fingerprint
    signed: SignedCheckpoint
    handover: tuple[Handover, ...]
    document: dict[str, Any]


def introduce(url: str, client: Client, *, expected: str | None = None) -> Introduction:
    """Fetch and verify what the node at an address says of itself.

    `expected` is what the operator was told beforehand: a vkey, or a fingerprint as digits or words. Raises
    `TransportError` when it cannot be fetched, `PeerRefused` when something in it does not hold, when it is not what
    was expected, when it is this node itself, or when another peer has its name or keys.
    """
    base = read_base(url)
    met = verify_document(_fetch(base, client), base)
    if expected is not None:
        check_expected(met, expected)
    check_stranger(met)
    return met


def _fetch(base: str, client: Client) -> bytes:
    """Return the document at an address; what is in the way is told of that address, which is what people typed."""
    try:
        return client.get(base + PATH, limit=LIMIT, types=("application/json",))
    except (Unreachable, TooSlow) as error:
        fault = _fault_of(error) if isinstance(error, Unreachable) else say("no answer in time")
        sentence = say(
            "nobody answers at {base} ({fault}); see whether the address is right and its node runs",
            base=base,
            fault=fault,
        )
        raise type(error)(sentence) from error
    except UnexpectedAnswer as error:
        sentence = say(
            "something answers at {base}, but not as a node does ({fault}); see whether the address is right",
            base=base,
            fault=cite(error),
        )
        raise UnexpectedAnswer(sentence, error.status) from error


def _fault_of(error: Unreachable) -> Value:
    """Return what broke a connection, without the sentence around it where there is one."""
    said = error.args[0]
    return said.values.get("fault", said) if isinstance(said, Said) else cite(error)


def verify_document(body: bytes, base: str) -> Introduction:
    """Return what a node's document says, checked from its `vkey` on; raises `PeerRefused`."""
    document, said = _parse(body)
    log, witness = _read_keys(said)
    _check_url(base, said)
    opening, signed = _check_entry(Handover(**said.opened.model_dump()), log, witness)
    entries = {0: opening} | {one.index: _check_entry(one, log, witness)[0] for one in said.handover}
    record = _read_register(said, entries, signed.checkpoint.size)
    _check_signature(document, record)
    _check_agreement(said, record)
    return Introduction(
        url=base,
        origin=said.origin,
        name=record.name,
        operator=record.operator,
        territory=record.territory,
        vkey=said.vkey,
        witness_vkey=said.witness_vkey,
        demonstration=record.demonstration,
        keys=record.keys,
        fingerprint=compute_fingerprint(said.vkey),
        signed=signed,
        handover=tuple(said.handover),
        document=document,
    )


def read_base(url: str) -> str:
    """Return a node's address without slash at its end; raises `PeerRefused` for what is no such address."""
    text = url.strip().rstrip("/").removesuffix(PATH)
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or parts.query or parts.fragment or parts.username or len(text) > 1_000:
        raise PeerRefused(
            say("expected a node's address such as https://register.nl.example, got {url}", url=repr(url[:100]))
        )
    return text


def check_expected(met: Introduction, expected: str) -> None:
    """Raise `PeerRefused` unless the key is the one the operator was told, as a vkey or as a fingerprint."""
    if "+" not in expected:
        met.fingerprint.check(expected)
    elif expected.strip() != met.vkey:
        raise PeerRefused(
            say(
                "expected the key {expected}, the node at {url} has {vkey}; ask its operator, and do not go on "
                "while they differ",
                expected=expected.strip()[:200],
                url=met.url,
                vkey=met.vkey,
            )
        )


def check_stranger(met: Introduction) -> None:
    """Raise `PeerRefused` for this node itself, and for keys that belong to it or to a peer of another name."""
    if met.origin == settings.ASSAY_ORIGIN or met.url == settings.ASSAY_BASE_URL:
        raise PeerRefused(
            say(
                "the node at {url} is {origin}, which is this node itself; give another's address",
                url=met.url,
                origin=met.origin,
            )
        )
    check_keys_free(met.origin, (met.vkey, met.witness_vkey))
    there = Following.objects.filter(url=met.url).exclude(origin=met.origin).exclude(status=WITHDRAWN).first()
    if there is not None:
        raise PeerRefused(
            say(
                "the node at {url} calls itself {origin}, and the peer {peer} was recognised there; one node "
                "has one name: ask its operator, and withdraw the peer if it is gone",
                url=met.url,
                origin=met.origin,
                peer=there.origin,
            )
        )


def check_keys_free(origin: str, vkeys: Iterable[str]) -> None:
    """Raise `PeerRefused` when a key said to be of one origin is this node's or another peer's, present or former."""
    keys = _public_keys(vkeys)
    if keys & {key.public_key for key in read_verifiers()}:
        raise PeerRefused(
            say("the node {origin} uses a key of this node; tell its operator to make new ones", origin=origin)
        )
    for row in Following.objects.exclude(origin=origin):
        if keys & _public_keys((*row.vkeys, *row.witness_vkeys, *row.former_vkeys)):
            raise PeerRefused(
                say(
                    "the node {origin} uses a key of the peer {peer}; one node has one name: ask both operators",
                    origin=origin,
                    peer=row.origin,
                )
            )


def _public_keys(vkeys: Iterable[str]) -> set[bytes]:
    return {parse_vkey(vkey).public_key for vkey in vkeys}


def _parse(body: bytes) -> tuple[dict[str, Any], Description]:
    if len(body) > LIMIT:
        raise PeerRefused(
            say(
                "expected a document of at most {limit} bytes at {path}, got {count}",
                limit=LIMIT,
                path=PATH,
                count=len(body),
            )
        )
    try:
        document = parse_json(body)
        return document, Description.model_validate(document)
    except NotUnderstood as error:
        raise PeerRefused(
            say("expected a node's description at {path}, got no JSON: {fault}", path=PATH, fault=error.message)
        ) from error
    except ValidationError as error:
        raise PeerRefused(
            say("expected a node's description at {path}; {fault}", path=PATH, fault=cite(describe(error)))
        ) from error


def _read_keys(said: Description) -> tuple[VerifierKey, VerifierKey]:
    try:
        log, witness = parse_vkey(said.vkey), parse_vkey(said.witness_vkey)
    except TlogError as error:
        raise PeerRefused(say("the node's keys cannot be read: {fault}", fault=cite(error))) from error
    if log.type != ED25519 or witness.type != COSIGNATURE:
        raise PeerRefused(say("expected an Ed25519 log key and a cosignature/v1 witness key, got keys of other types"))
    if log.public_key == witness.public_key:
        raise PeerRefused(say("expected two different keys for log and witness, got one twice"))
    if log.name != said.origin:
        raise PeerRefused(
            say(
                "the node calls its ledger {origin}, its key belongs to {name}",
                origin=repr(said.origin),
                name=repr(log.name),
            )
        )
    return log, witness


def _check_url(base: str, said: Description) -> None:
    if said.url != base:
        raise PeerRefused(
            say(
                "the node at {base} says that its address is {url}; give that one, if it is the right",
                base=base,
                url=said.url,
            )
        )
    if said.ledger_url != f"{base}/ledger":
        raise PeerRefused(
            say("expected its ledger at {base}/ledger, it says {ledger_url}", base=base, ledger_url=said.ledger_url)
        )


def _check_entry(offered: Handover, log: VerifierKey, witness: VerifierKey) -> tuple[bytes, SignedCheckpoint]:
    """Return an entry's bytes, proven under a checkpoint that both keys in use have signed."""
    try:
        proof, data = parse_proof(offered.receipt), offered.data.encode()
        signed = check_proof(proof, data, [log, witness])
    except (TlogError, UnicodeEncodeError) as error:
        raise PeerRefused(
            say("the receipt of its entry {index} does not hold: {fault}", index=offered.index, fault=cite(error))
        ) from error
    if proof.index != offered.index or signed.checkpoint.origin != log.name:
        raise PeerRefused(
            say("the receipt offered for entry {index} is one for another entry or ledger", index=offered.index)
        )
    if signed.time is None:
        raise PeerRefused(
            say("expected a checkpoint cosigned by its witness key {witness}, got one without", witness=str(witness))
        )
    return data, signed


def _read_register(said: Description, entries: dict[int, bytes], size: int) -> RegisterRecord:
    """Return the node's own record, as its first entry and its announced changes of keys make it."""
    try:
        events = {index: parse(data) for index, data in entries.items()}
        register = replay_proven(said.origin, entries, size).register
    except RegisterError as error:
        raise PeerRefused(
            say("its first entry, or an announced change of keys, cannot be read: {fault}", fault=cite(error))
        ) from error
    expected = {index: ROTATION if index else OPENING for index in events}
    if said.opened.index != 0 or register is None or {i: event.type for i, event in events.items()} != expected:
        raise PeerRefused(
            say(
                "expected entry 0 to be {opening} and all others offered to be {rotation}",
                opening=OPENING,
                rotation=ROTATION,
            )
        )
    sources = sorted({event.source for event in events.values()} - {said.url})
    if sources:
        raise PeerRefused(
            say("its entries speak for {sources}, its address is {url}", sources=", ".join(sources)[:200], url=said.url)
        )
    return register


def _check_agreement(said: Description, record: RegisterRecord) -> None:
    """The document says the same as the ledger, whose word counts."""
    for name, here, there in (
        ("name", said.name, record.name),
        ("territory", sorted(said.territory), sorted(record.territory)),
        ("demonstration", said.demonstration, record.demonstration),
    ):
        if here != there:
            raise PeerRefused(
                say(
                    "its document says {name} {here}, its ledger says {there}; ask its operator",
                    name=name,
                    here=repr(here),
                    there=repr(there),
                )
            )
    for use, vkey in (("log", said.vkey), ("witness", said.witness_vkey)):
        known = {key.vkey: key for key in record.keys if key.use == use}
        if vkey not in known:
            raise PeerRefused(
                say("its ledger does not name {vkey} as its {use} key; it may be an impostor's", vkey=vkey, use=use)
            )
        if known[vkey].reason == "compromised":
            raise PeerRefused(
                say("its own ledger says that its {use} key {vkey} is in other hands", use=use, vkey=vkey)
            )


def _check_signature(document: dict[str, Any], record: RegisterRecord) -> None:
    """Check the detached JWS over the document by the statement key of its first entry (register/api/node.py)."""
    unsigned = {name: value for name, value in document.items() if name != "signature"}
    try:
        key = OKPKey.import_key({name: record.statement_jwk[name] for name in ("kty", "crv", "x")})
        jws.deserialize_compact(
            document["signature"].encode(), key, algorithms=[ALGORITHM], payload=canonical.encode(unsigned)
        )
    except (JoseError, TlogError, KeyError, ValueError) as error:
        raise PeerRefused(
            say(
                "its document is not signed by the key that its ledger names ({name}); it was altered",
                name=type(error).__name__,
            )
        ) from error
