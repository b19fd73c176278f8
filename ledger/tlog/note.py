"""Signed notes: text with signature lines under it (C2SP signed-note v1.0.0).

Bytes are `TEXT "\\n" SIGLINE+`; a signature line is `— <name> base64(key ID || signature)`. This module parses and
writes notes, opens them against keys the caller trusts, and signs with two kinds of Ed25519 key: plain
(type 0x01) and timestamped cosignature (type 0x04, C2SP tlog-cosignature). Other kinds are read and never trusted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.tlog.errors import NoteMalformed, SignatureInvalid, TlogError, UnknownKey
from ledger.tlog.lines import MAX_UINT63, decode_base64, encode_base64

ED25519 = 0x01
ECDSA = 0x02
COSIGNATURE = 0x04
TREE_HEAD = 0x05
ML_DSA_44 = 0x06
PRIVATE_TYPE = 0xFF

MAX_NOTE_BYTES = 1 << 18
MAX_SIGNATURES = 64

_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")
_KEY_ID = re.compile(r"[0-9a-f]{8}", re.ASCII)
_DASH = "— "
_OWN_KEY_ID = (ED25519, COSIGNATURE, ML_DSA_44)
_VERIFIABLE = (ED25519, COSIGNATURE)


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: whose it says it is, and the bytes behind the 4-byte key ID."""

    name: str
    key_id: bytes
    blob: bytes

    @property
    def line(self) -> str:
        """The line as it stands in a note, with its newline."""
        return f"{_DASH}{self.name} {encode_base64(self.key_id + self.blob)}\n"

    @property
    def time(self) -> int:
        """The POSIX time of a cosignature (type 0x04), in seconds; means nothing for other types."""
        return int.from_bytes(self.blob[:8], "big")


@dataclass(frozen=True, slots=True)
class Note:
    """A note as parsed: nothing in it is verified. The text includes its final newline."""

    text: str
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name (`vkey`): what a note's signature lines are matched and checked against."""

    name: str
    key_id: bytes
    type: int
    public_key: bytes

    @property
    def verifiable(self) -> bool:
        """Whether this library can check signatures of this type; lines of other types count as unknown."""
        return self.type in _VERIFIABLE

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes([self.type]) + self.public_key)}"

    def check(self, text: str, signature: Signature) -> None:
        """Check a signature line over a note's text, or raise `SignatureInvalid`."""
        try:
            message, raw = _signed_message(self.type, text, signature.blob)
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(raw, message)
        except (InvalidSignature, ValueError) as error:
            raise SignatureInvalid(
                f"expected a signature that verifies under {self.name}+{self.key_id.hex()}, got one that does not; "
                "the note was altered or signed by another key"
            ) from error


@dataclass(frozen=True, slots=True)
class VerifiedSignature:
    """A signature line and the trusted key under which it verified."""

    signature: Signature
    key: VerifierKey


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """A note of which at least one trusted key signed the text.

    `verified` are the lines of trusted keys, each checked; `others` are lines of unknown keys: anybody can add
    those, so never store or forward them as if they meant something.
    """

    text: str
    verified: tuple[VerifiedSignature, ...]
    others: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key with its name; `repr` never shows the seed. Make one per log, witness and node, of one type."""

    name: str
    type: int
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if self.type not in _VERIFIABLE or len(self.seed) != 32:
            raise TlogError("expected key type 1 (log) or 4 (witness) and a seed of 32 bytes; generate a new key")

    @staticmethod
    def generate(name: str, random32: bytes, key_type: int = ED25519) -> Signer:
        """Make a key from 32 bytes of the operating system's randomness: 1 signs as a log, 4 cosigns as a witness."""
        return Signer(name, key_type, random32)

    @staticmethod
    def from_text(text: str) -> Signer:
        """Read `PRIVATE+KEY+<name>+<key ID>+<base64(type || seed)>`; raises `NoteMalformed` without showing it."""
        parts = text.split("+", 4)
        try:
            private, key, name, key_id, material = parts
            data = decode_base64(material)
            signer = Signer(name, data[0], data[1:])
        except (ValueError, IndexError):
            raise NoteMalformed(
                "expected PRIVATE+KEY+name+id+base64, got something else; restore the key file"
            ) from None
        if (private, key, key_id) != ("PRIVATE", "KEY", signer.verifier.key_id.hex()):
            raise NoteMalformed("expected the key ID of this name and key, got another; restore the key file")
        return signer

    def to_text(self) -> str:
        """Write what `from_text` reads. This is the secret itself."""
        material = encode_base64(bytes([self.type]) + self.seed)
        return f"PRIVATE+KEY+{self.name}+{self.verifier.key_id.hex()}+{material}"

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        return _public_half(self.name, self.type, self.seed)

    def sign(self, text: str) -> Signature:
        """Sign a note's text with a key of type 0x01."""
        if self.type != ED25519:
            raise TlogError(
                f"expected a key of type 1 to sign with, got {self.type}; a witness key cosigns with a time"
            )
        return self._sign(text, b"")

    def cosign(self, text: str, time: int) -> Signature:
        """Cosign a checkpoint's text at a POSIX time in seconds with a key of type 0x04."""
        if self.type != COSIGNATURE:
            raise TlogError(f"expected a key of type 4 to cosign with, got {self.type}; never reuse a key across types")
        if not 0 < time <= MAX_UINT63:
            raise TlogError(f"expected POSIX seconds from 1 to 2^63-1, got {time}; check the clock")
        return self._sign(text, time.to_bytes(8, "big"))

    def _sign(self, text: str, prefix: bytes) -> Signature:
        message, _ = _signed_message(self.type, text, prefix + bytes(64))
        raw = _load_private(self.seed).sign(message)
        return Signature(self.name, self.verifier.key_id, prefix + raw)


# Signing is on the path of every write: the few keys of a node are expanded once.
@lru_cache(maxsize=16)
def _load_private(seed: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed)


@lru_cache(maxsize=16)
def _public_half(name: str, key_type: int, seed: bytes) -> VerifierKey:
    public = _load_private(seed).public_key().public_bytes_raw()
    return VerifierKey(name, compute_key_id(name, key_type, public), key_type, public)


def compute_key_id(name: str, key_type: int, public_key: bytes) -> bytes:
    """Return SHA-256(name || 0x0A || type || public key)[:4] (signed-note, Signatures)."""
    return sha256(name.encode() + b"\n" + bytes([key_type]) + public_key).digest()[:4]


def check_key_name(name: str) -> None:
    """Raise `NoteMalformed` unless the name may stand in a signature line."""
    if not name or "+" in name or any(c.isspace() or c < " " or "\ud800" <= c <= "\udfff" for c in name):
        raise NoteMalformed(f"expected a key name without spaces, control characters and '+', got {name[:80]!r}")


def parse_vkey(text: str) -> VerifierKey:
    """Read `<name>+<key ID in hex>+<base64(type || public key)>`; raises `NoteMalformed`.

    Types 0x01, 0x04 and 0x06 must carry the key ID that follows from name and key. Types this library cannot
    verify are returned with `verifiable` false.
    """
    try:
        name, key_id, material = text.split("+", 2)
        data = decode_base64(material)
        key = VerifierKey(name, bytes.fromhex(key_id), data[0], data[1:])
    except (ValueError, IndexError) as error:
        raise NoteMalformed(f"expected a vkey name+id+base64, got {text[:120]!r}; copy it whole") from error
    check_key_name(name)
    if not _KEY_ID.fullmatch(key_id) or not key.public_key:
        raise NoteMalformed(
            f"expected 8 lowercase hex digits and a public key in the vkey of {name}, got {key_id[:20]!r}"
        )
    if key.verifiable and len(key.public_key) != 32:
        raise NoteMalformed(f"expected an Ed25519 key of 32 bytes in the vkey of {name}, got {len(key.public_key)}")
    if key.type in _OWN_KEY_ID and key.key_id != compute_key_id(name, key.type, key.public_key):
        raise NoteMalformed(
            f"expected the key ID of {name} and its key, got {key_id}; name, ID and key do not belong together"
        )
    return key


def parse_note(data: bytes) -> Note:
    """Parse a note without verifying anything; raises `NoteMalformed`."""
    if len(data) > MAX_NOTE_BYTES:
        raise NoteMalformed(f"expected a note of at most {MAX_NOTE_BYTES} bytes, got {len(data)}")
    text, separator, lines = _decode(data).rpartition("\n\n")
    if not separator or not lines:
        raise NoteMalformed("expected text, an empty line and signature lines, got no signatures")
    return Note(text + "\n", parse_signature_lines(lines))


def parse_signature_lines(lines: str | bytes) -> tuple[Signature, ...]:
    """Parse one or more signature lines, as in a note or in a witness's answer; raises `NoteMalformed`."""
    text = _decode(lines) if isinstance(lines, bytes) else lines
    if not text.endswith("\n"):
        raise NoteMalformed("expected a newline after each signature line; the note is cut off")
    rows = text[:-1].split("\n", MAX_SIGNATURES)
    if len(rows) > MAX_SIGNATURES:
        raise NoteMalformed(f"expected at most {MAX_SIGNATURES} signatures, got more")
    return tuple(_parse_signature_line(row) for row in rows)


def format_note(text: str, signatures: Iterable[Signature]) -> bytes:
    """Write a note; identical lines are written once. Raises `NoteMalformed` for what no reader would accept."""
    lines = dict.fromkeys(signature.line for signature in signatures)
    data = (text + "\n" + "".join(lines)).encode("utf-8", "surrogatepass")
    if not text.endswith("\n") or parse_note(data).text != text:
        raise NoteMalformed("expected a text that ends in a newline, and one signature line or more")
    return data


def open_note(data: bytes | Note, keys: Sequence[VerifierKey]) -> OpenedNote:
    """Verify a note against trusted keys.

    Every line of a known (name, key ID) pair is checked, repeated ones too, and one that fails refuses the
    note (`SignatureInvalid`). Lines of unknown keys are ignored; if only those are left, `UnknownKey`.
    """
    note = parse_note(data) if isinstance(data, bytes) else data
    known = _index_keys(keys)
    verified: list[VerifiedSignature] = []
    others: list[Signature] = []
    for signature in dict.fromkeys(note.signatures):
        key = known.get((signature.name, signature.key_id))
        if key is None:
            others.append(signature)
            continue
        key.check(note.text, signature)
        verified.append(VerifiedSignature(signature, key))
    if not verified:
        raise UnknownKey(
            f"expected a signature by one of {len(known)} trusted keys, got only "
            f"{', '.join(sorted({s.name for s in others}))[:200]}; check the configured key"
        )
    return OpenedNote(note.text, tuple(verified), tuple(others))


def _index_keys(keys: Sequence[VerifierKey]) -> dict[tuple[str, bytes], VerifierKey]:
    known: dict[tuple[str, bytes], VerifierKey] = {}
    for key in keys:
        if key.verifiable and known.setdefault((key.name, key.key_id), key) != key:
            raise TlogError(f"expected one key for {key.name}+{key.key_id.hex()}, got two; remove the wrong one")
    return known


def _decode(data: bytes) -> str:
    if _CONTROL.search(data):
        raise NoteMalformed("expected no control characters but newline in a note")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise NoteMalformed(f"expected UTF-8 in a note, got another byte at {error.start}") from error


def _parse_signature_line(line: str) -> Signature:
    name, separator, material = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not separator:
        raise NoteMalformed(f"expected a signature line '— name base64', got {line[:60]!r}")
    check_key_name(name)
    try:
        data = decode_base64(material)
    except ValueError as error:
        raise NoteMalformed(f"signature line of {name[:80]}: {error}") from error
    if len(data) < 5:
        raise NoteMalformed(f"expected a key ID and a signature in the line of {name[:80]}, got {len(data)} bytes")
    return Signature(name, data[:4], data[4:])


def _signed_message(key_type: int, text: str, blob: bytes) -> tuple[bytes, bytes]:
    """Return the bytes an Ed25519 key signs and the 64-byte signature inside the blob.

    Type 0x04 puts `cosignature/v1` and the time before the text, so the two types never sign the same bytes.
    """
    body = text.encode()
    if key_type == ED25519 and len(blob) == 64:
        return body, blob
    if key_type == COSIGNATURE and len(blob) == 72:
        time = int.from_bytes(blob[:8], "big")
        if 0 < time <= MAX_UINT63:
            return b"cosignature/v1\ntime %d\n" % time + body, blob[8:]
    raise ValueError("not a signature of a type that can be checked")
