from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from datetime import timedelta
from typing import Final

from django.test import Client
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from register import commands
from tests import factories
from tests.outbox.conftest import Followed

ATOM: Final = "{http://www.w3.org/2005/Atom}"


def read(reader: Client, path: str) -> ElementTree.Element:
    answer = reader.get(path)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/atom+xml; charset=utf-8"
    feed = ElementTree.fromstring(answer.content)
    check_rules(feed, path)
    return feed


def check_rules(feed: ElementTree.Element, path: str) -> None:
    """What RFC 4287 demands (4.1.1, 4.1.2): one id, title and updated each, an author, links, unique ids, RFC 3339."""
    assert feed.tag == f"{ATOM}feed"
    for element in (feed, *feed.findall(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{name}")) == 1, name
        assert (element.findtext(f"{ATOM}id") or "").startswith(("http://", "urn:uuid:"))
        moment = parse_datetime(element.findtext(f"{ATOM}updated") or "")
        assert moment is not None
        assert moment.tzinfo is not None
        alternates = [link for link in element.findall(f"{ATOM}link") if link.get("rel") in (None, "alternate")]
        assert len({(link.get("type"), link.get("hreflang")) for link in alternates}) == len(alternates) == 1
        assert all((link.get("href") or "").startswith("http://") for link in element.findall(f"{ATOM}link"))
    assert feed.find(f"{ATOM}author/{ATOM}name") is not None
    selves = [link.get("href") for link in feed.findall(f"{ATOM}link") if link.get("rel") == "self"]
    assert selves == [f"http://register.nl.example{path}"]
    ids = [entry.findtext(f"{ATOM}id") for entry in feed.findall(f"{ATOM}entry")]
    assert len(set(ids)) == len(ids)
    newest = max((entry.findtext(f"{ATOM}updated") or "" for entry in feed.findall(f"{ATOM}entry")), default=None)
    assert newest is None or feed.findtext(f"{ATOM}updated") == newest


def titles(feed: ElementTree.Element) -> list[str]:
    return [entry.findtext(f"{ATOM}title") or "" for entry in feed.findall(f"{ATOM}entry")]


def test_feeds_hold_what_concerns_their_thing_newest_first(followed: Followed, reader: Client) -> None:
    granted = factories.make_accreditation(followed.issuer, followed.agency)
    factories.make_accreditation(followed.other, followed.agency)
    commands.revoke_accreditation(granted, factories.ending("2024-01-01"), actor=factories.as_agency(followed.agency))
    everything = read(reader, "/feed.atom")
    assert titles(everything)[:3] == [
        "Accreditation revoked: College of tests",
        "Accreditation granted: Other college",
        "Accreditation granted: College of tests",
    ]
    issuer = read(reader, f"/issuers/{followed.issuer}/feed.atom")
    assert titles(issuer) == [
        "Accreditation revoked: College of tests",
        "Accreditation granted: College of tests",
        "Issuer registered: College of tests",
    ]
    agency = read(reader, f"/agencies/{followed.agency}/feed.atom")
    assert len(titles(agency)) == 4
    summary = issuer.findtext(f"{ATOM}entry/{ATOM}summary") or ""
    assert 'href="http://register.nl.example/issuers/' in summary
    assert 'href="/' not in summary


def test_ids_stay_when_the_feed_grows(followed: Followed, reader: Client) -> None:
    factories.make_accreditation(followed.issuer, followed.agency)
    path = f"/issuers/{followed.issuer}/feed.atom"
    before = {entry.findtext(f"{ATOM}id"): entry.findtext(f"{ATOM}updated") for entry in read(reader, path)}
    factories.make_key(followed.issuer)
    after = {entry.findtext(f"{ATOM}id"): entry.findtext(f"{ATOM}updated") for entry in read(reader, path)}
    before.pop(None), after.pop(None)
    assert before.items() <= after.items()
    assert len(after) == len(before) + 1


def test_what_expires_is_in_the_feed_with_a_date_that_stays(followed: Followed, reader: Client) -> None:
    end = (timezone.now() + timedelta(days=60)).date()
    factories.make_accreditation(followed.issuer, followed.agency, valid_until=end.isoformat())
    feed = read(reader, f"/issuers/{followed.issuer}/feed.atom")
    (expiring,) = [
        entry
        for entry in feed.findall(f"{ATOM}entry")
        if (category := entry.find(f"{ATOM}category")) is not None and category.get("term") == "expiring"
    ]
    assert (expiring.findtext(f"{ATOM}updated") or "")[:10] == (end - timedelta(days=90)).isoformat()


def test_whoever_has_the_feed_is_told_that_it_is_the_same(followed: Followed, reader: Client) -> None:
    first = reader.get("/feed.atom")
    again = reader.get("/feed.atom", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    factories.make_key(followed.issuer)
    changed = reader.get("/feed.atom", headers={"If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


def test_names_of_strangers_are_text(followed: Followed, reader: Client) -> None:
    hostile = factories.make_issuer(names={"en": "<script>alert(1)</script> & ]]>"})
    feed = read(reader, f"/issuers/{hostile}/feed.atom")
    assert titles(feed) == ["Issuer registered: <script>alert(1)</script> & ]]>"]
    summary = feed.findtext(f"{ATOM}entry/{ATOM}summary") or ""
    assert "<script>" not in summary


def test_there_is_no_feed_of_what_is_not_here(followed: Followed, reader: Client) -> None:
    for path in ("issuers", "agencies"):
        assert reader.get(f"/{path}/01890a5d-ac96-774b-bcce-b302099a8057/feed.atom").status_code == 404


def test_an_issuer_that_nothing_happened_to_has_a_feed_all_the_same(followed: Followed, reader: Client) -> None:
    assert len(titles(read(reader, f"/issuers/{followed.other}/feed.atom"))) == 1
