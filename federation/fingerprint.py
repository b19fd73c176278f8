"""Fingerprints: a node's log key as two people compare it by telephone.

The fingerprint is SHA-256 of the vkey's text (C2SP signed-note), all 256 bits of it. In hexadecimal it is shown in 16
groups of four; in words by the English list of BIP-39: 24 words, each told apart from all others by its first four
letters, the last one carrying a checksum of 8 bits, so that a word misheard is noticed. It names a public key and is
no secret, although wallets write theirs in the same words. (Rejected: the PGP word list, 32 words without a checksum;
a shortened fingerprint, which could be matched by trying keys.)
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Final

from mnemonic import Mnemonic

from federation.errors import PeerRefused
from register.sentences import say

GROUP: Final = 4
_SEPARATORS: Final = re.compile(r"[\s:-]+")
_HEX: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The fingerprint of a vkey: `hex` is 64 digits, `words` are 24."""

    hex: str
    words: tuple[str, ...]

    @property
    def grouped(self) -> str:
        """The digits in groups of four."""
        return " ".join(self.hex[at : at + GROUP] for at in range(0, len(self.hex), GROUP))

    def check(self, expected: str) -> None:
        """Raise `PeerRefused` unless `expected`, digits or words however they are separated, is this fingerprint."""
        if not hmac.compare_digest(read_fingerprint(expected), self.hex):
            raise PeerRefused(
                say(
                    "expected a key with the fingerprint you were told, got {got}; ask again by telephone, and "
                    "do not go on while they differ",
                    got=self.grouped,
                )
            )


def compute_fingerprint(vkey: str) -> Fingerprint:
    """Return the fingerprint of a vkey's text."""
    digest = sha256(vkey.encode()).digest()
    return Fingerprint(digest.hex(), tuple(_words().to_mnemonic(digest).split()))


def read_fingerprint(text: str) -> str:
    """Return the 64 digits that a person wrote as digits or as words; raises `PeerRefused` for anything else."""
    parts = [part for part in _SEPARATORS.split(text.strip().lower()) if part]
    joined = "".join(parts)
    if _HEX.fullmatch(joined):
        return joined
    if len(parts) == 24 and _words().check(" ".join(parts)):
        return bytes(_words().to_entropy(parts)).hex()
    raise PeerRefused(
        say(
            "expected a fingerprint of 64 hexadecimal digits or 24 words, got {words} words and {letters} "
            "letters, or a word misheard; compare all of it",
            words=len(parts),
            letters=len(joined),
        )
    )


@cache
def _words() -> Mnemonic:
    return Mnemonic("english")
