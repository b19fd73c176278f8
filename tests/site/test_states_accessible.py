"""Pages that a walk through a healthy register never meets, in headless Chromium: refusals, empty lists, alarms.

Each state is made in the database of the tests and asked for by Django's client; the browser is then given that answer,
its headers and the static files, so that no server runs. Words on each show that it is the page that was meant.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.contrib.staticfiles import finders
from django.core.cache import cache
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import connection, connections
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.utils import timezone
from playwright.sync_api import Browser, Page, Route, sync_playwright
from pytest_django import Settings

from deploy import urls
from deploy.operator import health
from deploy.operator.asking import RedisState
from deploy.operator.models import BACKUP, SCHEDULED_JOB, LastTime
from federation import lifecycle
from federation.introduction import introduce
from federation.sync import follow
from federation.transport import open_client
from register.api.limits import Drawn, counters
from register.desk import drafts
from register.desk.models import Draft
from register.outbox.keys import link_to
from register.outbox.models import DISABLED, Subscription
from register.queries import turns
from register.queries.turns import DATED, HELD
from tests import factories, ledgers
from tests.deploy.test_resting import refuse
from tests.desk.conftest import Desk, make_desk
from tests.desk.test_browser import check
from tests.desk.test_four_eyes import waiting_draft
from tests.federation import cast, states, strangers
from tests.federation.people import as_operator
from tests.outbox.conftest import ADDRESS, follow_topic
from tests.outbox.test_pages import KINDS
from tests.people import sign_in
from tests.site.test_browser import CHROMIUM, WIDE, screen

pytestmark = [pytest.mark.browser, pytest.mark.urls(__name__), pytest.mark.django_db(transaction=True)]

PAGE: Final = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ELSEWHERE: Final = "192.0.2.7"
HERE: Final = "http://register.nl.example"
DAY: Final = "2020-01-01"


def fail(request: HttpRequest, how: str) -> HttpResponse:
    """Fail as a view does that meets what nobody foresaw."""
    raise {"400": SuspiciousOperation, "403": PermissionDenied, "500": ZeroDivisionError}[how]


urlpatterns = [path("fails/<str:how>", fail), *urls.urlpatterns]
handler500 = "django.views.defaults.server_error"


@dataclass
class Scene:
    """Who looks at a small register, and what may be changed about it."""

    monkeypatch: pytest.MonkeyPatch
    settings: Settings
    desk: Desk
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False, headers=PAGE))

    def get(self, address: str, **extra: Any) -> Any:
        return self.client.get(address, **extra)

    def enter(self, role: str, organisation: str = "", **who: Any) -> None:
        sign_in(self.client, role, organisation, **who)


def ask(address: str) -> Callable[[Scene], Any]:
    """Return a state that is there for whoever asks for an address of an open register."""
    return lambda scene: scene.get(address)


def count_for_others(scene: Scene) -> Any:
    scene.monkeypatch.setattr(turns, "PATIENCE", 0.0)
    for number in range(turns.TURNS[DATED]):
        cache.add(f"counting-{DATED}-{number}", "another", HELD)
    return scene.get(f"/figures?at={DAY}")


def send_a_form_from_elsewhere(scene: Scene) -> Any:
    return Client(enforce_csrf_checks=True, headers=PAGE).post("/sign-in", {"username": "a"})


def enter_anothers_place(scene: Scene) -> Any:
    scene.enter("agency", scene.desk.agency)
    return scene.get("/operator")


def send_too_much(scene: Scene) -> Any:
    scene.settings.ASSAY_MAX_BODY_BYTES = 10
    return scene.client.post("/verify", {"text": "x" * 20})


def search_too_often(scene: Scene) -> Any:
    counters().flushdb()
    scene.settings.ASSAY_SEARCHES_PER_MINUTE = 1
    scene.monkeypatch.setattr("register.api.limits._drawn", Drawn())
    scene.monkeypatch.setattr("register.api.limits.time", SimpleNamespace(time=lambda: 6_000.0))  # no minute ends
    return [scene.get("/issuers?q=a", REMOTE_ADDR=ELSEWHERE) for _ in range(2)][-1]


def send_to_others(scene: Scene) -> Any:
    scene.settings.ASSAY_STREAMS = 0
    return scene.get("/issuers.csv")


def rest(scene: Scene) -> Any:
    scene.client.cookies[scene.settings.SESSION_COOKIE_NAME] = "x" * 32
    with connection.execute_wrapper(refuse):
        return scene.get("/issuers")


def follow_too_often(scene: Scene) -> Any:
    scene.monkeypatch.setattr("register.outbox.views.follow.ASKED_AN_HOUR", 0)
    return scene.client.post("/follow", {"address": ADDRESS, "rhythm": "at_once", "codes": KINDS})


def look_at_a_disabled_webhook(scene: Scene) -> Any:
    follower = follow_topic("everything", webhook="https://notices.university.example/take")
    Subscription.objects.update(state=DISABLED, failing_since=timezone.now(), failures=9, last_error="gone")
    return scene.get(link_to(follower).removeprefix(HERE))


def find_more_than_are_compared(scene: Scene) -> Any:
    scene.monkeypatch.setattr("register.queries.search.CANDIDATES", 3)
    for number in range(4):
        factories.make_issuer(names={"en": f"Harbour College {number}"}, provider_type=number % 2 + 1)
    return scene.get("/issuers?q=harbour")


def alarm(scene: Scene) -> Any:
    scene.monkeypatch.setattr(health, "ask_redis", lambda: RedisState(waiting=90_000, used=99, most=100))
    scene.monkeypatch.setattr(health, "ask_workers", tuple)
    scene.monkeypatch.setattr(health, "STARTED", timezone.now() - timedelta(hours=2))
    LastTime.objects.create(name=SCHEDULED_JOB, at=timezone.now() - timedelta(hours=1))
    LastTime.objects.create(name=BACKUP, at=timezone.now() - timedelta(days=9), facts={"file": "old", "entries": 0})
    scene.enter("operator")
    return scene.get("/operator")


def set_an_issuer_aside(scene: Scene) -> Any:
    with strangers.listening("fi") as stranger, open_client() as client:
        peer = stranger.peer
        peer.ledger.own = False  # its own rules are not ours
        ledgers.register(peer.ledger, ledgers.NOBODY, country="NO")
        lifecycle.confirm(introduce(stranger.url, client))
        follow(peer.origin)
        return scene.get(f"/issuers/{ledgers.NOBODY}?register={peer.origin}")


def convict(scene: Scene) -> Any:
    peer = states.copy("es")
    states.change(peer, status="frozen")
    states.keep_fork(peer)
    return scene.get(f"/federation/peers/{cast.row_of(peer).peer}")


def change_a_key(scene: Scene) -> Any:
    with strangers.listening("de") as stranger, open_client() as client:
        lifecycle.confirm(introduce(stranger.url, client))
        row = strangers.row_of(stranger)
        stranger.hand_over(2, reason="compromised")
        scene.client = as_operator(headers=PAGE)
        return scene.get(f"/federation/peers/{row.peer}/confirm-key")


def approve_what_has_changed(scene: Scene) -> Any:
    waiting = waiting_draft(scene.desk)
    scene.enter("agency", scene.desk.agency, approves=True, email="approver@board.example")
    return scene.client.post(f"/desk/drafts/{waiting.pk}", {"step": "approve", "digest": "0" * 64})


def open_an_unreadable_draft(scene: Scene) -> Any:
    draft = drafts.save(scene.desk.officer, "grant_accreditation", "", scene.desk.granting())
    Draft.objects.update(said={**draft.said, "valid_from": "next spring", "scope": {"eqf_levels": [11]}})
    scene.enter("agency", scene.desk.agency, email="officer@board.example")
    return scene.get(f"/desk/drafts/{draft.pk}")


STATES: Final[Mapping[str, tuple[int, str, Callable[[Scene], Any]]]] = {
    "busy": (503, "still being counted", count_for_others),
    "400": (400, "This request cannot be read", ask("/fails/400")),
    "403": (403, "Not yours to do", ask("/fails/403")),
    "403 form": (403, "not sent from this site", send_a_form_from_elsewhere),
    "403 place": (403, "another role", enter_anothers_place),
    "404": (404, "There is nothing at this address", ask("/nowhere")),
    "405": (405, "This was not done", lambda scene: scene.client.put("/verify")),
    "413": (413, "too large", send_too_much),
    "429": (429, "too many requests", search_too_often),
    "500": (500, "Something went wrong on our side", ask("/fails/500")),
    "503": (503, "cannot be read at the moment", rest),
    "sending": (503, "Other files are being sent", send_to_others),
    "follow gone": (404, "There is nothing to follow here", ask(f"/follow/{uuid4()}?key=none")),
    "follow too often": (429, "Try again in an hour", follow_too_often),
    "follow disabled": (200, "Switch on again", look_at_a_disabled_webhook),
    "capped": (200, "Only these were compared", find_more_than_are_compared),
    "alarm": (200, "need you now", alarm),
    "set aside": (200, "Norway", set_an_issuer_aside),
    "fork": (200, "Two different trees", convict),
    "changed key": (200, "Accept another key", change_a_key),
    "shown anew": (409, "digest", approve_what_has_changed),
    "unreadable draft": (200, "cannot be published as it is", open_an_unreadable_draft),
}
"""Name of a state → the status of its answer, words on it, and how it comes about."""

EMPTY: Final = {
    "/": "issuers",
    "/issuers": "Nothing on record yet",
    "/agencies": "Nothing on record yet",
    "/ledger": "Register opened",
    "/countries": "Netherlands",
    "/figures": "Nothing to count yet",
    "/open-data": "No export yet",
    "/federation": "This node follows nobody yet",
}
"""Address → words on the page of a register that was just opened."""


@pytest.fixture
def browser(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """It runs a loop in this thread, in which Django has to be told that nothing else is in it, and opens a connection
    of its own: both are gone before the database is emptied, which the tests' first connection alone may do.
    """
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()
        connections.close_all()


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[Scene]:
    """A small register, which reaches peers of these tests on loopback."""
    settings.ASSAY_PEER_NETWORKS = (ip_network("127.0.0.0/8"),)
    yield Scene(monkeypatch, settings, make_desk())
    cache.clear()


@contextmanager
def shown(browser: Browser, answer: Any, complaints: list[str]) -> Iterator[Page]:
    """Show an answer as the browser would have got it; what it asks for and cannot have is a complaint."""

    def fulfil(route: Route) -> None:
        asked = urlsplit(route.request.url)
        if route.request.is_navigation_request():
            route.fulfill(status=200, headers=dict(answer.headers), body=answer.content)
        elif asked.path.startswith("/static/") and (found := finders.find(asked.path.removeprefix("/static/"))):
            route.fulfill(path=found)
        else:
            part = Client().get(f"{asked.path}?{asked.query}")  # a picture of the page's own, or nothing we know
            route.fulfill(status=part.status_code, headers=dict(part.headers), body=part.content)

    context = browser.new_context(**screen(WIDE, "light"))
    context.route("**/*", fulfil)
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("http://localhost/shown")  # to browsers as trustworthy as HTTPS
    yield page
    context.close()


@pytest.mark.parametrize("name", STATES)
def test_a_page_that_is_seldom_seen_is_accessible_and_quiet(browser: Browser, scene: Scene, name: str) -> None:
    status, said, make = STATES[name]
    answer = make(scene)
    assert (answer.status_code, answer["Content-Type"]) == (status, "text/html; charset=utf-8")
    complaints: list[str] = []
    with shown(browser, answer, complaints) as page:
        assert said in page.content()
        check(page, name)
    assert complaints == []


def test_the_pages_of_an_empty_register_are_accessible_and_quiet(browser: Browser) -> None:
    cache.clear()
    factories.open_register()
    complaints: list[str] = []
    for address, said in EMPTY.items():
        answer = Client(headers=PAGE).get(address)
        assert answer.status_code == 200, address
        with shown(browser, answer, complaints) as page:
            assert said in page.content(), address
            check(page, f"empty {address}")
    assert complaints == []
