"""Peers whose servers misbehave: nobody waits long, nothing is stored, the operator reads why, others go on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from federation.errors import AddressForbidden
from federation.models import Following
from federation.sync import follow
from federation.sync.follow import attempt
from federation.transport import open_client
from ledger import reader
from tests.federation import cast, misbehaviour
from tests.federation.misbehaviour import Misbehaviour
from tests.peers import Peer

pytestmark = pytest.mark.django_db
CHECKPOINT, BUNDLE = "/ledger/checkpoint", "/ledger/tile/entries/000.p/20"


@pytest.fixture(autouse=True)
def little_patience(settings: Any) -> None:
    settings.ASSAY_PEER_SECONDS = 1


@pytest.fixture
def honest() -> Iterator[Peer]:
    """FR, which behaves."""
    france = cast.open_country("fr", 3)
    with cast.following(france):
        yield france


@pytest.fixture
def rude(honest: Peer) -> Iterator[Peer]:
    """DE, followed up to entry 15; it has five new entries, and a server that will misbehave."""
    germany = cast.open_country("de", 10)
    with cast.following(germany):
        follow(germany.origin)
        cast.grow(germany, 5)
        yield germany


WEB_PAGE = misbehaviour.say(b"<!doctype html><title>Moved</title>", Content_Type="text/html")


@pytest.mark.parametrize("path", [CHECKPOINT, BUNDLE])
@pytest.mark.parametrize(
    ("behaviour", "code", "words"),
    [
        (misbehaviour.pour, "too_large", "at most"),
        (misbehaviour.drip, "too_slow", "within 1 s|bytes a second"),
        (misbehaviour.drip_headers, "too_slow", "within 1 s"),
        (misbehaviour.explode, "too_large", "at most"),
        (misbehaviour.break_off, "unreachable", "cut off"),
        (misbehaviour.babble, "unreachable", "not HTTP"),
        (misbehaviour.redirect("http://127.0.0.1:6379/"), "unexpected_answer", "redirect"),
        (misbehaviour.redirect("http://192.168.0.1/"), "unexpected_answer", "redirect"),
        (WEB_PAGE, "unexpected_answer", "got text/html; is this the address of a node"),
        (misbehaviour.say(b"", 503), "unexpected_answer", "got 503"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_rude_server_costs_a_second_and_stores_nothing(
    path: str, behaviour: Misbehaviour, code: str, words: str, rude: Peer, honest: Peer
) -> None:
    rude.misbehave = {path: behaviour}
    assert attempt(rude.origin) is False
    row = cast.row_of(rude)
    assert (row.error_code, row.failures, row.status) == (code, 1, "following"), row.said_error
    assert re.search(words, row.said_error), row.said_error
    cast.insist_on_copy(rude, 15)
    assert follow(honest.origin).done
    cast.insist_on_copy(honest)


def test_a_peer_is_followed_again_once_it_behaves(rude: Peer) -> None:
    rude.misbehave = {BUNDLE: misbehaviour.drip}
    attempt(rude.origin)
    rude.misbehave = {}
    assert attempt(rude.origin, due=True) is False
    cast.insist_on_copy(rude)
    assert cast.row_of(rude).error_code == ""


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://register.de.example", "expected https://"),
        ("https://register.de.example", r"169\.254\.169\.254"),
        ("ftp://register.de.example", "https://host/path"),
    ],
)
def test_a_peer_whose_name_leads_inside_is_not_asked(address: str, words: str, rude: Peer, honest: Peer) -> None:
    def resolve(host: str, port: int) -> list[str]:
        return ["9.9.9.9"] if address.startswith("http:") else ["169.254.169.254"]

    assert follow(honest.origin).done
    Following.objects.filter(origin=rude.origin).update(url=address)
    Following.objects.filter(origin=honest.origin).update(status="paused")
    rude.asked.clear()
    with open_client(resolve=resolve) as client, pytest.raises(AddressForbidden, match=words):
        follow(rude.origin, client)
    assert cast.row_of(rude).error_code == "address_forbidden"
    assert rude.asked == []
    assert reader.get_log(rude.origin).size == 15
