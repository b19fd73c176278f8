"""Where we may connect to: the very address that was checked, and only a public one.

A URL from outside is somebody else's word, and so is what its name resolves to: it may point at our own loopback or the
network behind us, and may do so only the second time it is asked. So names are resolved here, every address is checked,
and the connection goes to those addresses, not to the name.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from threading import local
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpcore

from register.outgoing.errors import AddressForbidden, Unreachable
from register.sentences import cite, say

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Sequence[str]]
"""Host and port → IP addresses as text; raises `OSError`."""

_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that is given out for the internet (IANA); what lies outside may be a way back in: site-local addresses,
those of local NAT64 (RFC 8215), IPv4-translated and IPv4-compatible ones."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Networks that may be connected to although they are not public, also without TLS.

    `setting` is what an operator changes to allow another one, as errors name it.
    """

    networks: tuple[Network, ...] = ()
    setting: str = say("the networks allowed")


class Turn(local):
    """What the request under way in this thread may do: until when, and whether it is encrypted."""

    deadline: float = 0.0
    secure: bool = True

    def remaining(self) -> float:
        """Return the seconds left; raises `httpcore.ReadTimeout` when there are none."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the deadline has passed")
        return left


def resolve_name(host: str, port: int) -> list[str]:
    """Ask the system's resolver for the addresses of a name, in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(item[4][0]) for item in found))


def split_url(url: str) -> SplitResult:
    """Take an http(s) URL apart; raises `AddressForbidden` for other schemes, names and passwords, and odd ports.

    Ports below 1024 other than 80 and 443 belong to services that are no web.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressForbidden(
            say("expected an http(s) address, got {url}: {fault}", url=repr(url[:120]), fault=cite(error))
        ) from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None or parts.fragment:
        raise AddressForbidden(
            say("expected https://host/path without a name or password in it, got {url}", url=repr(url[:120]))
        )
    if not url.isascii() or any(c.isspace() for c in url):
        raise AddressForbidden(
            say("expected an address in ASCII without spaces, got {url}; encode it", url=repr(url[:120]))
        )
    if port is not None and port < 1024 and port not in (80, 443):
        raise AddressForbidden(say("expected port 80, 443 or one from 1024 on, got {port}", port=port))
    return parts


def check_addresses(host: str, found: Sequence[str], reach: Reach, *, secure: bool) -> list[str]:
    """Return the addresses of a name if we may connect to every one of them, or raise `AddressForbidden`.

    Each must be public, or lie in a network of `reach`; without encryption (`secure` false) in a network of `reach`.
    """
    for text in found:
        address = ip_address(text.partition("%")[0])
        inside = any(address in network for network in reach.networks)
        if not inside and not _is_public(address):
            raise AddressForbidden(
                say(
                    "expected {host} to have public addresses, got {address}; give the address it has for everybody, "
                    "or name its network in {setting}",
                    host=host,
                    address=str(address),
                    setting=reach.setting,
                )
            )
        if not inside and not secure:
            raise AddressForbidden(
                say(
                    "expected https:// for {host}, got http://, which only networks in {setting} may use",
                    host=host,
                    setting=reach.setting,
                )
            )
    if not found:
        raise Unreachable(say("expected an address for {host}, got none; check the name", host=host))
    return list(found)


def _is_public(address: Address) -> bool:
    """Whether the whole internet can reach the address, also when an IPv4 address is wrapped in an IPv6 one."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner:
            return _is_public(inner)
        if address not in _GLOBAL_UNICAST:
            return False
    return address.is_global and not address.is_multicast


class CheckedBackend(httpcore.NetworkBackend):
    """Opens httpcore's connections: resolves, checks, connects to what was checked, keeps to the thread's deadline."""

    def __init__(self, turn: Turn, reach: Reach, resolve: Resolve, backend: httpcore.NetworkBackend) -> None:
        self._turn = turn
        self._reach = reach
        self._resolve = resolve
        self._backend = backend
        self._resolving = ThreadPoolExecutor(4, "resolve")

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first checked address that answers."""
        found = check_addresses(host, self._look_up(host, port), self._reach, secure=self._turn.secure)
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in found:
            try:
                left = self._turn.remaining()
                stream = self._backend.connect_tcp(address, port, left, local_address, socket_options)
                return TimedStream(stream, self._turn)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(f"{host} has no address")

    def close(self) -> None:
        """Wait for no resolver."""
        self._resolving.shutdown(wait=False, cancel_futures=True)

    def _look_up(self, host: str, port: int) -> Sequence[str]:
        """Resolve in another thread: the system's resolver knows no deadline."""
        waiting: Future[Sequence[str]] = self._resolving.submit(self._resolve, host, port)
        try:
            return waiting.result(self._turn.remaining())
        except FutureTimeoutError as error:
            raise httpcore.ConnectTimeout(f"{host} was not resolved in time") from error
        except (OSError, UnicodeError) as error:
            raise Unreachable(
                say("expected {host} to be a name that resolves, it does not; check it", host=host)
            ) from error


class TimedStream(httpcore.NetworkStream):
    """A connection whose every step ends at the deadline of the request that uses it."""

    def __init__(self, stream: httpcore.NetworkStream, turn: Turn) -> None:
        self._stream = stream
        self._turn = turn

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has come."""
        return self._stream.read(max_bytes, self._turn.remaining())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it."""
        self._stream.write(buffer, self._turn.remaining())

    def close(self) -> None:
        """Close it."""
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Encrypt, with the name's certificate whatever the address."""
        stream = self._stream.start_tls(ssl_context, server_hostname, self._turn.remaining())
        return TimedStream(stream, self._turn)

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks of sockets."""
        return self._stream.get_extra_info(info)
