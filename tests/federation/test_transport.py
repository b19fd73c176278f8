"""HTTP to peers: which addresses are never reached, and which answers are never believed or waited for."""

from __future__ import annotations

import gzip
import ssl
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from threading import Thread
from typing import Any

import httpcore
import pytest

from federation.addresses import check_addresses, split_url
from federation.errors import AddressForbidden, TooLarge, TooSlow, TransportError, UnexpectedAnswer, Unreachable
from federation.transport import open_client
from register.outgoing.transport import read_trust_store
from tests.federation import cast, misbehaviour
from tests.federation.misbehaviour import Misbehaviour
from tests.peers import serve

BYTES = ("application/octet-stream",)
LOOPBACK = [ip_network("127.0.0.0/8")]


def fetch(behaviour: Misbehaviour, *, limit: int = 10_000, types: Sequence[str] = (), seconds: float = 1) -> bytes:
    """Ask a server that behaves like this."""
    peer = cast.open_country("de", misbehave={"/it": behaviour})
    with serve(peer) as url, open_client(seconds=seconds) as client:
        return client.get(f"{url}/it", limit=limit, types=types)


def test_an_answer_of_exactly_the_allowed_size_is_returned() -> None:
    assert fetch(misbehaviour.say(b"x" * 100), limit=100, types=BYTES) == b"x" * 100


def test_a_packed_answer_is_unpacked() -> None:
    packed = gzip.compress(b"entry" * 100)
    assert fetch(misbehaviour.say(packed, Content_Encoding="gzip")) == b"entry" * 100


def test_a_short_answer_of_a_node_that_thinks_for_long_is_returned() -> None:
    assert fetch(misbehaviour.ponder, seconds=6) == b"here"


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (misbehaviour.pour, TooLarge),
        (misbehaviour.say(b"x" * 101), TooLarge),
        (misbehaviour.say(gzip.compress(b"x" * 101), Content_Encoding="gzip"), TooLarge),
        (misbehaviour.drip, TooSlow),
        (misbehaviour.drip_headers, TooSlow),
        (misbehaviour.hang, TooSlow),
        (misbehaviour.break_off, Unreachable),
        (misbehaviour.cut_gzip, Unreachable),
        (misbehaviour.say(b"plain", Content_Encoding="gzip"), Unreachable),
        (misbehaviour.say(gzip.compress(b"a") + b"b", Content_Encoding="gzip"), Unreachable),
        (misbehaviour.babble, Unreachable),
        (misbehaviour.redirect("http://127.0.0.1:1/"), UnexpectedAnswer),
        (misbehaviour.redirect("http://10.0.0.1/latest/meta-data"), UnexpectedAnswer),
        (misbehaviour.say(b"<html>", Content_Type="text/html; charset=utf-8"), UnexpectedAnswer),
        (misbehaviour.say(b"", Content_Encoding="br"), UnexpectedAnswer),
        (misbehaviour.say(b"gone", 404), UnexpectedAnswer),
        (misbehaviour.say(b"oops", 500), UnexpectedAnswer),
    ],
)
def test_a_misbehaving_server_is_a_clear_error(behaviour: Misbehaviour, error: type[TransportError]) -> None:
    with pytest.raises(error, match=r"^expected "):
        fetch(behaviour, limit=100, seconds=0.6)


def test_what_unpacks_to_more_than_allowed_is_given_up_while_unpacking() -> None:
    assert len(misbehaviour.BOMB) < 30_000
    with pytest.raises(TooLarge, match="30000"):
        fetch(misbehaviour.explode, limit=30_000)


def test_an_answer_of_another_content_type_is_refused() -> None:
    with pytest.raises(UnexpectedAnswer, match="text/plain"):
        fetch(misbehaviour.say(b"{}", Content_Type="application/json"), types=("text/plain",))


def test_a_refusing_port_is_unreachable() -> None:
    with serve(cast.open_country("de")) as url:
        pass
    with open_client() as client, pytest.raises(Unreachable, match="refused"):
        client.get(f"{url}/ledger/checkpoint", limit=100)


def test_one_bad_answer_does_not_spoil_the_next() -> None:
    peer = cast.open_country("de", misbehave={"/it": misbehaviour.pour})
    with serve(peer) as url, open_client() as client:
        with pytest.raises(TooLarge):
            client.get(f"{url}/it", limit=100)
        assert client.get(f"{url}/ledger/checkpoint", limit=1000) == peer.checkpoint()


def test_the_caller_of_post_sees_every_status() -> None:
    peer = cast.open_country("de", misbehave={"/it": misbehaviour.say(b"7\n", 409, Content_Type="text/x.tlog.size")})
    with serve(peer) as url, open_client() as client:
        answer = client.post(f"{url}/it", b"body", content_type="application/octet-stream", limit=10)
    assert (answer.status, answer.content_type, answer.body) == (409, "text/x.tlog.size", b"7\n")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://peer.example/", "file:///etc/passwd", "gopher://peer.example/", "//peer.example/", "http://",
        "https://user:secret@peer.example/", "https://peer.example:22/", "https://peer.example:99999/",
        "https://peer.example/#part", "https://péer.example/", "https://peer.example/a b",
    ],
)  # fmt: skip
def test_an_address_that_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(AddressForbidden):
        split_url(url)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "255.255.255.255", "224.0.0.1", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2001:db8::1", "192.0.2.1",
        "64:ff9b:1::7f00:1", "::127.0.0.1", "::ffff:0:127.0.0.1", "fec0::1", "5f00::1", "4000::1",
    ],
)  # fmt: skip
def test_no_connection_leads_inside(address: str) -> None:
    with pytest.raises(AddressForbidden, match="ASSAY_PEER_NETWORKS"):
        check_addresses("peer.example", ["9.9.9.9", address], [], secure=True)


@pytest.mark.parametrize("address", ["9.9.9.9", "2620:fe::fe", "::ffff:9.9.9.9"])
def test_public_addresses_are_reached_with_encryption_only(address: str) -> None:
    assert check_addresses("peer.example", [address], [], secure=True) == [address]
    with pytest.raises(AddressForbidden, match="https"):
        check_addresses("peer.example", [address], [], secure=False)


def test_the_operator_can_name_networks_of_peers() -> None:
    assert check_addresses("peer", ["127.0.0.1"], LOOPBACK, secure=False) == ["127.0.0.1"]
    with pytest.raises(AddressForbidden):
        check_addresses("peer", ["127.0.0.1", "10.0.0.1"], LOOPBACK, secure=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"])
def test_loopback_is_not_reached_by_any_spelling(host: str, settings: Any) -> None:
    settings.ASSAY_PEER_NETWORKS = []
    with open_client(seconds=2) as client, pytest.raises((AddressForbidden, Unreachable)) as caught:
        client.get(f"https://{host}:8443/ledger/checkpoint", limit=100)
    assert "refused" not in str(caught.value)


class Recorder(httpcore.NetworkBackend):
    """Notes where connections would go, and makes none."""

    def __init__(self) -> None:
        self.connected: list[str] = []

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        self.connected.append(host)
        raise httpcore.ConnectError("nothing is connected here")


def test_a_name_that_turns_to_loopback_later_is_refused_then(settings: Any) -> None:
    settings.ASSAY_PEER_NETWORKS = []
    answers = iter([["9.9.9.9"], ["127.0.0.1"]])
    sockets = Recorder()
    with open_client(resolve=lambda host, port: next(answers), backend=sockets) as client:
        with pytest.raises(Unreachable):
            client.get("https://peer.example/ledger/checkpoint", limit=100)
        with pytest.raises(AddressForbidden, match=r"127\.0\.0\.1"):
            client.get("https://peer.example/ledger/checkpoint", limit=100)
    assert sockets.connected == ["9.9.9.9"], "the connection goes to the address that was checked, not to the name"


def test_a_name_with_one_private_address_among_public_ones_is_refused(settings: Any) -> None:
    settings.ASSAY_PEER_NETWORKS = []
    sockets = Recorder()
    with (
        open_client(resolve=lambda host, port: ["9.9.9.9", "10.0.0.1"], backend=sockets) as client,
        pytest.raises(AddressForbidden),
    ):
        client.get("https://peer.example/ledger/checkpoint", limit=100)
    assert sockets.connected == []


def test_a_resolver_that_hangs_is_not_waited_for() -> None:
    def resolve(host: str, port: int) -> Sequence[str]:
        import time

        time.sleep(1)
        return ["9.9.9.9"]

    with open_client(seconds=0.2, resolve=resolve) as client, pytest.raises(TooSlow):
        client.get("https://peer.example/", limit=100)


def test_a_name_that_does_not_resolve_is_unreachable() -> None:
    def resolve(host: str, port: int) -> Sequence[str]:
        raise OSError("no such name")

    with open_client(resolve=resolve) as client, pytest.raises(Unreachable, match="resolves"):
        client.get("https://peer.example/", limit=100)


@pytest.fixture
def impostor(tmp_path: Path) -> Iterator[str]:
    """A server on loopback whose certificate nobody vouches for."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
         "-subj", "/CN=peer.example", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_certificate_nobody_vouches_for_is_refused(impostor: str) -> None:
    with open_client() as client, pytest.raises(Unreachable, match="certificate is not valid"):
        client.get(f"{impostor}/ledger/checkpoint", limit=100)


def test_plain_http_where_tls_is_expected_is_refused() -> None:
    with serve(cast.open_country("de")) as url, open_client() as client, pytest.raises(Unreachable, match="TLS"):
        client.get(f"https{url.removeprefix('http')}/ledger/checkpoint", limit=100)


def test_an_error_says_no_more_than_a_few_words_of_the_peers() -> None:
    with pytest.raises(UnexpectedAnswer) as caught:
        fetch(misbehaviour.say(b"", Content_Type="x" * 5000), types=BYTES)
    assert len(str(caught.value)) < 400


def test_an_error_holds_no_escape_code_of_the_peers() -> None:
    with pytest.raises(UnexpectedAnswer) as caught:
        fetch(misbehaviour.say(b"", Content_Type="text/\x9b31mred"), limit=100, types=["text/plain"])
    assert "red" in str(caught.value)
    assert str(caught.value).isprintable()


def test_the_trust_store_verifies_names() -> None:
    store = read_trust_store()
    assert store.check_hostname
    assert store.verify_mode is ssl.CERT_REQUIRED
