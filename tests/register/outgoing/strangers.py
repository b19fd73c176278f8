"""A web server on loopback that answers each path as it is told, and counts who asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from threading import Thread

from register.outgoing.addresses import Reach
from tests.federation.misbehaviour import Misbehaviour

LOOPBACK = Reach((ip_network("127.0.0.0/8"),), "ASSAY_FETCH_NETWORKS")


@contextmanager
def serve(pages: Mapping[str, Misbehaviour]) -> Iterator[tuple[str, Counter[str]]]:
    """Serve pages by path; yields the server's address and how often each path was asked for."""
    asked: Counter[str] = Counter()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked[self.path] += 1
            pages[self.path](self)

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
