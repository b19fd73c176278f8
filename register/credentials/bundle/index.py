"""Index: from what a question names to the ledger entries that concern it.

The index is a function of the entries alone, so that whoever holds all of them can make it anew and compare. It is a
sorted run of postings of 12 bytes: the first 8 bytes of the SHA-256 of a key (text, see `list_keys`), then the index of
an entry (big-endian). Keys that collide name a few entries too many, never one too few; the replay sorts that out.
"""

from __future__ import annotations

import heapq
import tempfile
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from types import TracebackType
from typing import IO, Final, Self

from register.credentials.errors import BadBundle
from register.events import Event

KEY: Final = 8
POSTING: Final = 12
BLOCK: Final = 65_536
"""Postings in one member of a bundle."""

MOST_INDEXED: Final = 1 << 32
"""Entries of a ledger that four bytes can name."""

REGISTER: Final = "register"
PEERS: Final = "peers"
_RUN: Final = 250_000
_ENDINGS: Final = frozenset({"credential.revoked", "credential.suspended", "credential.reinstated"})
"""Types that take credentials out of use, or back."""


def name_thing(thing_id: str) -> str:
    """Name every entry about one thing: an agency, an issuer, a key, an accreditation and so on."""
    return f"thing {thing_id}"


def name_belongings(issuer: str) -> str:
    """Name the entries by which things and relations of an issuer begin."""
    return f"of {issuer}"


def name_claim(scheme: str, value: str) -> str:
    """Name the entries by which an issuer claims an identifier, or is bound to a key."""
    return f"claim {scheme} {value}"


def name_key(value: str) -> str:
    """Name the entries that bind a key, whoever holds it and of whatever kind it is."""
    return f"key {value}"


def name_batches(issuer: str) -> str:
    """Name the entries that anchor an issuer's credentials."""
    return f"anchored {issuer}"


def name_withdrawals(issuer: str) -> str:
    """Name the entries that withdraw an issuer's credentials, or take that back."""
    return f"withdrawn {issuer}"


def name_commitment(issuer: str, commitment: str) -> str:
    """Name those of them that are about one commitment."""
    return f"commitment {issuer} {commitment}"


def name_mark(index: int) -> str:
    """Name an entry of a peer that was set aside and left a record which does not count (register/replay.py)."""
    return f"mark {index}"


def list_keys(event: Event) -> list[str]:
    """Return the keys under which an entry is filed, each once."""
    if event.kind == "register":
        return [REGISTER]
    if event.kind == "peer":
        return [PEERS]
    if event.type.startswith(("credentials.", "credential.")):
        return _list_credential_keys(event)
    keys = [name_thing(event.subject_id)]
    data = event.data
    if event.kind == "issuer":
        keys += [name_claim(one.scheme, one.value) for one in getattr(data, "identifiers", None) or ()]
    if event.type == "issuer.related":
        keys += [name_belongings(event.subject_id), name_belongings(data.other)]
    elif event.type == "key.bound":
        keys += [name_belongings(data.issuer), name_claim(data.kind, data.value), name_key(data.value)]
    elif event.type == "accreditation.granted":
        keys.append(name_belongings(data.issuer))
    elif event.type == "mandate.granted":
        keys.append(name_belongings(data.awarding_body))
    return list(dict.fromkeys(keys))


def _list_credential_keys(event: Event) -> list[str]:
    issuer = event.data.issuer
    if event.type not in _ENDINGS:
        return [name_batches(issuer)]
    found = (name_commitment(issuer, commitment) for commitment in event.data.commitments)
    return list(dict.fromkeys((name_withdrawals(issuer), *found)))


def list_postings(event: Event, index: int, *, marked: bool = False) -> list[bytes]:
    """Return an entry's postings."""
    keys = list_keys(event) + ([name_mark(index)] if marked else [])
    place = index.to_bytes(POSTING - KEY, "big")
    return [hash_key(key) + place for key in keys]


def hash_key(key: str) -> bytes:
    """Return what stands for a key in a posting."""
    return sha256(b"assay bundle index v1\x00" + key.encode()).digest()[:KEY]


class Sorter:
    """Sorts more postings than fit in memory: sorted runs in a temporary file each, merged in the end."""

    def __init__(self) -> None:
        self._postings: list[bytes] = []
        self._runs: list[IO[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for run in self._runs:
            run.close()

    def add(self, postings: Iterable[bytes]) -> None:
        """Take postings in."""
        self._postings.extend(postings)
        if len(self._postings) >= _RUN:
            run = tempfile.TemporaryFile(prefix="assay-bundle-")  # noqa: SIM115  # closed with the sorter
            run.write(b"".join(sorted(self._postings)))
            self._runs.append(run)
            self._postings = []

    def read_sorted(self) -> Iterator[bytes]:
        """Yield all of them in order, each once."""
        last = b""
        for posting in heapq.merge(*map(_read_run, self._runs), sorted(self._postings)):
            if posting != last:
                yield posting
            last = posting

    def read_blocks(self) -> Iterator[bytes]:
        """Yield them as the members of a bundle hold them."""
        block: list[bytes] = []
        for posting in self.read_sorted():
            block.append(posting)
            if len(block) == BLOCK:
                yield b"".join(block)
                block = []
        if block:
            yield b"".join(block)


def _read_run(run: IO[bytes]) -> Iterator[bytes]:
    run.seek(0)
    while piece := run.read(POSTING * 4096):
        yield from split(piece)


def split(block: bytes | memoryview) -> list[bytes]:
    """Cut a block into its postings."""
    return [bytes(block[at : at + POSTING]) for at in range(0, len(block), POSTING)]


class Index:
    """The postings of one ledger, looked up where they lie; raises BadBundle for blocks that hold no postings."""

    def __init__(self, blocks: Sequence[memoryview]) -> None:
        if any(not block or len(block) % POSTING for block in blocks):
            raise BadBundle("damaged", f"expected an index of postings of {POSTING} bytes each; download it again")
        self._blocks = blocks
        self._firsts = [bytes(block[:POSTING]) for block in blocks]

    def find(self, key: str, most: int | None = None) -> list[int]:
        """Return the entries filed under a key, ascending; no more than `most`."""
        hashed = hash_key(key)
        number = max(bisect_left(self._firsts, hashed) - 1, 0)
        found: list[int] = []
        for block in self._blocks[number:]:
            at = _find_first(block, hashed)
            while at < len(block) and block[at : at + KEY] == hashed and (most is None or len(found) < most):
                found.append(int.from_bytes(block[at + KEY : at + POSTING], "big"))
                at += POSTING
            if at < len(block):
                break
        return found

    def holds(self, posting: bytes) -> bool:
        """Tell whether this very posting is there."""
        number = bisect_right(self._firsts, posting) - 1
        if number < 0:
            return False
        at = _find_first(self._blocks[number], posting)
        return bytes(self._blocks[number][at : at + POSTING]) == posting

    def read_all(self) -> Iterator[bytes]:
        """Yield every posting in order."""
        for block in self._blocks:
            yield from split(block)


def _find_first(block: memoryview, hashed: bytes) -> int:
    """Return where the first posting stands that is not before a key's hash, or a whole posting."""
    low, high = 0, len(block) // POSTING
    while low < high:
        middle = (low + high) // 2
        if bytes(block[middle * POSTING : (middle + 1) * POSTING]) < hashed:
            low = middle + 1
        else:
            high = middle
    return low * POSTING
