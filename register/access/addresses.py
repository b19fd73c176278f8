"""Where a request came from: the whole address for counting attempts, its network for what is kept."""

from __future__ import annotations

import ipaddress
from hashlib import sha256
from typing import Final

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

_KEPT: Final = {4: 24, 6: 48}
"""Bits of an address that are kept, by its version: enough to see that it was elsewhere, not enough to find a desk."""


def read_address(request: HttpRequest | Request) -> str:
    """Return the address of the client; a proxy's word counts only where one is set (ASSAY_BEHIND_PROXY)."""
    return str(BaseThrottle().get_ident(request) or "")  # type: ignore[arg-type]  # it reads META alone


def name_subject(address: str) -> str:
    """Return by what an address is counted: itself, of IPv6 the /64 that one customer usually has whole."""
    try:
        parsed = _parse(address)
    except ValueError:
        return sha256(address.encode()).hexdigest()[:32]
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)


def is_of_this_machine(address: str) -> bool:
    """Tell whether an address is loopback: programs of this machine, or a proxy on it that nobody told us of."""
    try:
        return _parse(address).is_loopback
    except ValueError:
        return False


def read_network(request: HttpRequest) -> str:
    """Return the network of the client as text: `192.0.2.0/24`, `2001:db8::/48`; empty when it has no IP address."""
    found = _cut(read_address(request))
    return str(found) if found else ""


def read_first_of_network(request: HttpRequest) -> str:
    """Return the first address of the client's network, for tables that insist on an address."""
    found = _cut(read_address(request))
    return str(found.network_address) if found else "0.0.0.0"


def _cut(address: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        parsed = _parse(address)
    except ValueError:
        return None
    return ipaddress.ip_network((parsed, _KEPT[parsed.version]), strict=False)


def _parse(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Read an address; raises ValueError.

    Some proxies name a port with it (`192.0.2.1:4711`, `[2001:db8::1]:4711`), and a socket for both kinds writes IPv4
    as IPv6 (`::ffff:192.0.2.1`), of which a /64 would be everybody.
    """
    if address.startswith("["):
        address = address[1:].partition("]")[0]
    elif address.count(":") == 1:
        address = address.partition(":")[0]
    parsed = ipaddress.ip_address(address)
    return getattr(parsed, "ipv4_mapped", None) or parsed
