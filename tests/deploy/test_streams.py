"""Few downloads are sent at a time: whoever reads slowly, or not at all, takes no thread that pages need."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from http import HTTPStatus

import pytest
from django.core.signals import request_finished
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory
from pytest_django import Settings

from deploy import streams
from deploy.streams import SIGNED_IN, SMALL, FewStreams, Turns
from tests import factories

HERE, ELSEWHERE, THIRD = "127.0.0.1", "192.0.2.7", "192.0.2.8"


@pytest.fixture(autouse=True)
def _two_at_a_time(settings: Settings) -> Iterator[None]:
    """Let answers be closed without a database: the end of a request looks after its connections."""
    settings.ASSAY_STREAMS = 2
    request_finished.disconnect(close_old_connections)
    yield
    request_finished.connect(close_old_connections)


def ask(address: str = HERE, method: str = "GET", length: int = 0, path: str = "/issuers.csv") -> HttpResponseBase:
    def answer(request: HttpRequest) -> HttpResponseBase:
        response = StreamingHttpResponse(iter([b"a", b"b"]))
        if length:
            response["Content-Length"] = str(length)
        return response

    request = RequestFactory(headers={"Accept": "*/*"}).generic(method, path, REMOTE_ADDR=address)
    return FewStreams(answer)(request)


def test_one_download_too_many_is_told_when_to_come_back() -> None:
    under_way = [ask(), ask()]
    refused = ask()
    assert [one.status_code for one in (*under_way, refused)] == [200, 200, 503]
    assert int(refused["Retry-After"]) > 0
    assert refused["Content-Type"] == "application/problem+json"


def test_a_turn_is_given_back_once_when_the_answer_ends() -> None:
    under_way = [ask(), ask()]
    under_way[0].close()
    under_way[0].close()
    under_way.append(ask())
    assert under_way[-1].status_code == HTTPStatus.OK
    assert ask().status_code == HTTPStatus.SERVICE_UNAVAILABLE


def test_an_answer_that_nobody_sends_gives_its_turn_back() -> None:
    for _ in range(5):
        assert ask().status_code == HTTPStatus.OK
        gc.collect()


def test_a_turn_is_given_back_in_the_middle_of_taking_one() -> None:
    class Taken:
        """A lock that is held by whoever asks for it."""

        def __enter__(self) -> None:
            raise AssertionError("the garbage collector would wait for its own thread")

        def __exit__(self, *_: object) -> None: ...

    own = Turns()
    give_back, lock = own.take("", 1), own._lock
    assert give_back is not None
    own._lock = Taken()  # type: ignore[assignment]
    give_back()
    give_back()
    own._lock = lock
    assert [own.take("", 1) is None, own.take("", 1) is None] == [False, True]


def test_one_address_leaves_a_turn_to_others() -> None:
    mine, more, other = ask(ELSEWHERE), ask(ELSEWHERE), ask(THIRD)
    assert [mine.status_code, more.status_code, other.status_code] == [200, 503, 200]


def test_what_is_small_or_has_no_body_takes_no_turn() -> None:
    under_way = [ask(), ask()]
    assert ask(length=SMALL).status_code == HTTPStatus.OK
    assert ask(length=SMALL + 1).status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert ask(method="HEAD").status_code == HTTPStatus.OK
    assert ask(method="HEAD").getvalue() == b""
    del under_way


@pytest.mark.parametrize("path", sorted(SIGNED_IN))
def test_strangers_who_hold_all_turns_keep_no_officer_from_the_record(path: str) -> None:
    under_way = [ask(ELSEWHERE), ask(THIRD)]
    record = ask(path=path)
    assert record.status_code == HTTPStatus.OK
    assert ask().status_code == HTTPStatus.SERVICE_UNAVAILABLE
    del under_way


def test_the_record_itself_holds_one_thread_of_a_process() -> None:
    first, *others = [ask(path=path) for path in (*sorted(SIGNED_IN), *sorted(SIGNED_IN))]
    assert first.status_code == HTTPStatus.OK
    assert {one.status_code for one in others} == {HTTPStatus.SERVICE_UNAVAILABLE}
    del first
    assert ask(path=min(SIGNED_IN)).status_code == HTTPStatus.OK


@pytest.mark.django_db
def test_what_streams_to_signed_in_people_alone_is_given_to_nobody_else() -> None:
    factories.open_register()
    assert {Client().get(f"{path}?format=csv").status_code for path in SIGNED_IN} == {HTTPStatus.FOUND}


@pytest.mark.django_db
def test_of_a_search_no_row_is_made_for_the_head_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    monkeypatch.setattr("register.site.issuer_files.place_page", lambda *given: made.append(given))
    factories.open_register()
    answer = get_wsgi_application().get_response(RequestFactory().head("/issuers.csv"))
    assert (answer.status_code, answer.getvalue()) == (HTTPStatus.OK, b"")
    assert made == []


def test_what_is_refused_is_dropped_unmade() -> None:
    dropped: list[str] = []

    class Made(StreamingHttpResponse):
        def close(self) -> None:
            super().close()
            dropped.append("closed")

    def pieces() -> Iterator[bytes]:
        dropped.append("made")
        yield b""

    under_way = [ask(), ask()]
    request = RequestFactory(headers={"Accept": "*/*"}).get("/api/v1/bundle")
    refused = FewStreams(lambda _: Made(pieces()))(request)
    assert refused.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    refused.close()
    assert dropped == ["closed"]
    del under_way


def test_pages_need_no_turn() -> None:
    under_way = [ask(), ask()]
    request = RequestFactory().get("/issuers")
    assert FewStreams(lambda _: HttpResponse(b"page"))(request).status_code == HTTPStatus.OK
    del under_way


@pytest.mark.django_db
def test_people_are_told_on_a_page(settings: Settings) -> None:
    factories.open_register()
    client = Client(headers={"Accept": "text/html"})
    held = [streams.turns.take("", 2) for _ in range(2)]
    page = client.get("/issuers.csv")
    assert page.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "Only a few are sent at a time" in page.content.decode()
    for give_back in held:
        assert give_back is not None
        give_back()
    assert client.get("/issuers.csv").status_code == HTTPStatus.OK
