"""Fetching DID documents and status lists: where it goes, what it waits for, what it keeps."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Barrier, Thread
from typing import Any

import httpcore
import pytest

from register.credentials.errors import Unreachable
from register.outgoing.addresses import Reach
from register.outgoing.fetching import MOST_REDIRECTS, Fetcher, Memory, read_max_age
from register.outgoing.transport import Answer
from tests.federation import misbehaviour
from tests.federation.misbehaviour import Misbehaviour
from tests.register.outgoing.strangers import LOOPBACK, serve

DOCUMENT = b'{"id":"did:web:university.example"}'


@contextmanager
def open_fetcher(**settings: Any) -> Iterator[Fetcher]:
    fetcher = Fetcher(settings.pop("reach", LOOPBACK), **settings)
    try:
        yield fetcher
    finally:
        fetcher.close()


def refuse(fetcher: Fetcher, url: str, code: str, **wanted: Any) -> str:
    with pytest.raises(Unreachable) as refusal:
        fetcher(url, **wanted)
    assert refusal.value.code == code, refusal.value.message
    return refusal.value.message


def test_a_document_is_read_and_its_fragment_stays_here() -> None:
    with serve({"/did.json": misbehaviour.say(DOCUMENT)}) as (url, asked), open_fetcher() as fetch:
        assert fetch(f"{url}/did.json#key-0") == DOCUMENT
        assert asked == {"/did.json": 1}


@pytest.mark.parametrize("url", ["http://university.example/did.json", "ftp://university.example/", "file:///etc", ""])
def test_only_https_is_read(url: str) -> None:
    with open_fetcher(reach=Reach()) as fetch:
        assert "https" in refuse(fetch, url, "not_https")


def test_http_is_read_in_the_networks_allowed_alone() -> None:
    with open_fetcher(resolve=lambda host, port: ["9.9.9.9"]) as fetch:
        refuse(fetch, "http://university.example/did.json", "address_forbidden")


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "localhost"])
def test_nothing_inside_is_read(host: str) -> None:
    with open_fetcher(reach=Reach()) as fetch:
        refuse(fetch, f"https://{host}:8443/did.json", "address_forbidden")


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


def test_a_name_that_turns_to_loopback_is_refused_then() -> None:
    answers = iter([["9.9.9.9"], ["127.0.0.1"]])
    sockets = Recorder()
    with open_fetcher(reach=Reach(), resolve=lambda host, port: next(answers), backend=sockets) as fetch:
        refuse(fetch, "https://university.example/did.json", "unreachable")
        refuse(fetch, "https://university.example/did.json", "address_forbidden")
    assert sockets.connected == ["9.9.9.9"]


def test_redirects_are_followed_to_the_end() -> None:
    pages = {
        "/a": misbehaviour.redirect("/b"),
        "/b": misbehaviour.redirect("c"),
        "/c": misbehaviour.redirect("d#part"),
        "/d": misbehaviour.say(DOCUMENT),
    }
    with serve(pages) as (url, _), open_fetcher() as fetch:
        assert fetch(f"{url}/a") == DOCUMENT


def test_redirects_without_end_are_given_up() -> None:
    with serve({"/a": misbehaviour.redirect("/a")}) as (url, asked), open_fetcher() as fetch:
        refuse(fetch, f"{url}/a", "too_many_redirects")
        assert asked == {"/a": MOST_REDIRECTS + 1}


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("https://10.0.0.1/latest/meta-data", "address_forbidden"),
        ("http://9.9.9.9/did.json", "address_forbidden"),
        ("https://[::ffff:10.0.0.1]/", "address_forbidden"),
        ("https://user:secret@university.example/", "address_forbidden"),
        ("https://[/", "unexpected_answer"),
        ("file:///etc/passwd", "not_https"),
        ("gopher://university.example/", "not_https"),
    ],
)
def test_a_redirect_leads_nowhere_that_the_first_address_may_not(location: str, code: str) -> None:
    with serve({"/a": misbehaviour.redirect(location)}) as (url, _), open_fetcher() as fetch:
        refuse(fetch, f"{url}/a", code)


def test_all_redirects_share_one_deadline() -> None:
    def slow(handler: Any) -> None:
        time.sleep(0.4)
        misbehaviour.redirect("/a")(handler)

    with serve({"/a": slow}) as (url, asked), open_fetcher(seconds=0.6) as fetch:
        refuse(fetch, f"{url}/a", "too_slow")
        assert asked["/a"] == 2


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (misbehaviour.pour, "too_large"),
        (misbehaviour.say(b"x" * 101), "too_large"),
        (misbehaviour.explode, "too_large"),
        (misbehaviour.drip, "too_slow"),
        (misbehaviour.hang, "too_slow"),
        (misbehaviour.break_off, "unreachable"),
        (misbehaviour.cut_gzip, "unreachable"),
        (misbehaviour.babble, "unreachable"),
        (misbehaviour.say(b"", Content_Encoding="br"), "unexpected_answer"),
        (misbehaviour.say(b"gone", 404), "unexpected_answer"),
        (misbehaviour.say(b"oops", 500), "unexpected_answer"),
        (misbehaviour.say(b"", 204), "unexpected_answer"),
    ],
)
def test_whatever_a_server_does_is_unreachable_with_a_sentence(behaviour: Misbehaviour, code: str) -> None:
    with serve({"/it": behaviour}) as (url, _), open_fetcher(seconds=0.6) as fetch:
        assert refuse(fetch, f"{url}/it", code, limit=100).startswith("expected ")


def test_another_content_type_is_refused_when_one_is_wanted() -> None:
    page = misbehaviour.say(DOCUMENT, Content_Type="text/html; charset=utf-8")
    with serve({"/it": page}) as (url, _), open_fetcher() as fetch:
        refuse(fetch, f"{url}/it", "unexpected_answer", types=("application/json",))
        assert fetch(f"{url}/it", types=("text/html",)) == DOCUMENT


def test_what_was_read_is_used_again_and_still_bounded() -> None:
    with serve({"/it": misbehaviour.say(DOCUMENT)}) as (url, asked), open_fetcher() as fetch:
        assert fetch(f"{url}/it") == fetch(f"{url}/it") == DOCUMENT
        refuse(fetch, f"{url}/it", "too_large", limit=5)
        assert asked == {"/it": 1}


def test_what_failed_is_asked_again() -> None:
    answers = iter([misbehaviour.say(b"", 503), misbehaviour.say(DOCUMENT)])
    with serve({"/it": lambda handler: next(answers)(handler)}) as (url, _), open_fetcher() as fetch:
        refuse(fetch, f"{url}/it", "unexpected_answer")
        assert fetch(f"{url}/it") == DOCUMENT


def test_threads_share_one_fetcher() -> None:
    pages = {f"/{number}": misbehaviour.say(str(number).encode() * 100) for number in range(16)}
    together, read = Barrier(16), {}
    with serve(pages) as (url, _), open_fetcher() as fetch:

        def ask(number: int) -> None:
            together.wait()
            read[number] = fetch(f"{url}/{number}")

        threads = [Thread(target=ask, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert read == {number: str(number).encode() * 100 for number in range(16)}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def answer(size: int = 1, cache_control: str = "") -> Answer:
    return Answer(200, "application/json", b"x" * size, cache_control=cache_control)


def test_memory_forgets_after_its_time() -> None:
    clock = Clock()
    memory = Memory(seconds=10, clock=clock)
    memory.keep("a", answer())
    clock.now = 9.9
    assert memory.find("a") == answer()
    clock.now = 10
    assert memory.find("a") is None


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("", 300), ("public", 300), ("max-age=60", 60), ("Max-Age=60, must-revalidate", 60), ("max-age=0", 0),
        ("no-store", 0), ("no-cache, max-age=60", 0), ("private", 0), ("max-age=soon", 300),
    ],
)  # fmt: skip
def test_memory_keeps_to_what_an_answer_says_of_itself(said: str, seconds: float) -> None:
    assert read_max_age(said, 300) == seconds
    memory = Memory()
    memory.keep("a", answer(cache_control=said))
    assert (memory.find("a") is None) == (seconds == 0)


def test_memory_is_bounded_in_number_and_drops_what_was_not_used_for_longest() -> None:
    memory = Memory(most=2)
    for url in ("a", "b"):
        memory.keep(url, answer())
    memory.find("a")
    memory.keep("c", answer())
    assert [memory.find(url) is not None for url in "abc"] == [True, False, True]


def test_memory_is_bounded_in_bytes() -> None:
    memory = Memory(most_bytes=10)
    for url in ("a", "b"):
        memory.keep(url, answer(6))
    assert [memory.find(url) is not None for url in "ab"] == [False, True]
    memory.keep("c", answer(11))
    assert memory.find("c") is None
    assert memory.find("b") is not None
    memory.keep("b", answer(3))
    memory.keep("d", answer(7))
    assert [memory.find(url) is not None for url in "bd"] == [True, True]
