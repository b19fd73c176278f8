"""HTTP to other nodes: that of register.outgoing, with the settings for peers and this app's errors.

No redirects; each request has one deadline for everything, each answer a size that it may not pass, packed or unpacked.
Whatever goes wrong is a `TransportError` with a sentence for the operator.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpcore
from django.conf import settings

from federation.addresses import SETTING
from federation.errors import translate_transport
from register.outgoing import transport
from register.outgoing.addresses import Reach, Resolve, resolve_name
from register.outgoing.transport import Answer

__all__ = ["Answer", "Client", "open_client"]


class Client:
    """Connections to other nodes, reused; threads may share it. Use `open_client`."""

    def __init__(self, client: transport.Client) -> None:
        self._client = client

    def get(self, url: str, *, limit: int, types: Sequence[str] = ()) -> bytes:
        """Return the body of a 200 answer of at most `limit` bytes, of one of the content types if any are named.

        Raises subclasses of `TransportError` alone; HTML is never what one node says to another.
        """
        with translate_transport():
            return self._client.get(url, limit=limit, types=types)

    def post(self, url: str, body: bytes, *, content_type: str, limit: int) -> Answer:
        """Send a body and return the answer, whatever its status; a redirect is `UnexpectedAnswer`."""
        with translate_transport():
            return self._client.post(url, body, content_type=content_type, limit=limit)


@contextmanager
def open_client(
    *, seconds: float | None = None, resolve: Resolve = resolve_name, backend: httpcore.NetworkBackend | None = None
) -> Iterator[Client]:
    """Open a client; `seconds` is the deadline of each request (default `ASSAY_PEER_SECONDS`).

    `resolve` and `backend` stand for the system's resolver and sockets.
    """
    allowed = seconds if seconds is not None else settings.ASSAY_PEER_SECONDS
    client = transport.Client(Reach(tuple(settings.ASSAY_PEER_NETWORKS), SETTING), allowed, resolve, backend)
    try:
        yield Client(client)
    finally:
        client.close()
