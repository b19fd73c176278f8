"""Outside: registers and web as one check sees them, each asked the same thing once, and what was told to whom.

Lives as long as the check of one input, or of one run over many files; nothing of it is kept after.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

from register.credentials.errors import Unreachable
from register.credentials.ports import MOST_BYTES, Fetch, LedgerKeys, Registers, Withdrawals
from register.credentials.proofs.trust_anchors import NO_ANCHORS, TrustAnchors
from register.errors import RegisterError
from register.sentences import say

_Found = TypeVar("_Found")


class Outside:
    """The ports of a check with a memory for its duration; itself a `Registers`, and `fetch` a `Fetch`.

    `anchors` are the authorities whose certificates and timestamps whoever verifies believes.
    """

    def __init__(self, registers: Registers, fetch: Fetch, anchors: TrustAnchors = NO_ANCHORS) -> None:
        self._registers, self._fetch = registers, fetch
        self.anchors = anchors
        self._memory: dict[tuple[Any, ...], Any] = {}
        self._fetched: dict[str, None] = {}

    @classmethod
    def over(cls, registers: Registers, fetch: Fetch) -> Self:
        """Return the memory over two ports; one that is such a memory already is used on."""
        return registers if isinstance(registers, cls) else cls(registers, fetch)

    def decide(self, params: Mapping[str, str]) -> Mapping[str, Any]:
        """Answer a trust question, each one once; see `ports.Registers`."""
        return self.once(("decide", *sorted(params.items())), lambda: self._registers.decide(params))

    def decide_by_keys(self, params: Mapping[str, str], keys: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """Answer a trust question under several spellings of a key, each one once; see `ports.Registers`."""
        asked = ("decide by keys", *sorted(params.items()), *keys)
        return self.once(asked, lambda: self._registers.decide_by_keys(params, keys))

    def find_ledger(self, origin: str) -> LedgerKeys | None:
        """Return the keys of a ledger; see `ports.Registers`."""
        return self.once(("ledger", origin), lambda: self._registers.find_ledger(origin))

    def find_withdrawals(self, issuer: str) -> Withdrawals:
        """Return an issuer's withdrawals; see `ports.Registers`."""
        return self.once(("withdrawals", issuer), lambda: self._registers.find_withdrawals(issuer))

    def fetch(self, url: str, *, limit: int = MOST_BYTES, types: Sequence[str] = ()) -> bytes:
        """Read an address, each one once; see `ports.Fetch`."""
        return self.once(("fetch", url, limit, *types), lambda: self._read(url, limit, types))

    @property
    def unconfirmed_key(self) -> str | None:
        """The key nobody confirmed, if any; see `ports.Registers`."""
        return self._registers.unconfirmed_key

    @property
    def sent(self) -> tuple[str, ...]:
        """What has left this machine, in plain words: questions to registers, addresses that were fetched."""
        return (*self._registers.sent, *self._fetched)

    def _read(self, url: str, limit: int, types: Sequence[str]) -> bytes:
        try:
            host = urlsplit(url).netloc or say("a host")
        except ValueError:
            raise Unreachable("address_malformed", say("the credential names an address that cannot be read")) from None
        self._fetched[say("To {host}: a request for {url}, which the credential names.", host=host, url=url)] = None
        return self._fetch(url, limit=limit, types=types)

    def once(self, key: tuple[Any, ...], find: Callable[[], _Found]) -> _Found:
        """Remember what was found, and what was out of reach too: a host that hangs is waited for once."""
        if key not in self._memory:
            try:
                self._memory[key] = find()
            except (Unreachable, RegisterError) as error:
                self._memory[key] = error
        found = self._memory[key]
        if isinstance(found, RegisterError):
            raise found
        result: _Found = found
        return result
