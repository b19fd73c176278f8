"""Where a node may connect to: the rules of register.outgoing, with the networks of peers and this app's errors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import SplitResult

from federation.errors import translate_transport
from register.outgoing import addresses
from register.outgoing.addresses import Network, Reach

SETTING = "ASSAY_PEER_NETWORKS"


def split_url(url: str) -> SplitResult:
    """Take an http(s) URL apart; see register.outgoing. Raises `AddressForbidden`."""
    with translate_transport():
        return addresses.split_url(url)


def check_addresses(host: str, found: Sequence[str], networks: Iterable[Network], *, secure: bool) -> list[str]:
    """Return the addresses of a name if a node may connect to every one; see register.outgoing.

    Raises `AddressForbidden`, and `Unreachable` when there are none.
    """
    with translate_transport():
        return addresses.check_addresses(host, found, Reach(tuple(networks), SETTING), secure=secure)
