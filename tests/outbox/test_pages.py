from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from register.outbox import delivery, following, webhooks
from register.outbox.keys import link_to, webhook_secret
from register.outbox.models import ACTIVE, DISABLED, OFF, WAITING, Message, Subscription
from register.outbox.notices import subscription_of, tell_members
from register.outbox.subscriptions import MOST_WAITING
from tests import factories
from tests.locks import held_by_another
from tests.outbox.conftest import Followed, Receiver, follow_topic
from tests.people import sign_in
from tests.templates import find_bare_words

ADDRESS = "reader@university.example"
HERE = "http://register.nl.example"
KINDS = ["granted", "amended", "suspended", "reinstated", "revoked", "expiring", "registered", "closed", "related"]
KINDS += ["programme", "key", "mandate"]


def ask(reader: Client, query: str, **fields: Any) -> Any:
    return reader.post(f"/follow?{query}", {"address": ADDRESS, "rhythm": "at_once", "codes": KINDS, **fields})


def links_of(body: str) -> list[str]:
    return [link.removeprefix(HERE) for link in re.findall(r"http://\S+", body)]


def test_following_takes_a_wish_a_mail_and_a_button(followed: Followed, reader: Client) -> None:
    page = reader.get(f"/follow?issuer={followed.issuer}")
    assert "College of tests" in page.content.decode()
    answer = ask(reader, f"issuer={followed.issuer}")
    assert answer["Location"] == f"/follow/done?issuer={followed.issuer}&done=asked"
    assert "the mail has to wait" in reader.get(answer["Location"]).content.decode()  # these tests have no server
    assert delivery.deliver() is False
    (sent,) = mail.outbox
    assert sent.subject == "Please confirm that you wish to follow: College of tests"
    confirm = next(link for link in links_of(str(sent.body)) if "/confirm" in link)
    assert b"Do you wish to follow" in reader.get(confirm).content
    assert Subscription.objects.get().state == WAITING, "a program that opens links confirms nothing"
    done = reader.post(confirm, follow=True)
    assert b"Confirmed" in done.content
    subscription = Subscription.objects.get()
    assert (subscription.state, subscription.topic, subscription.codes) == (ACTIVE, f"issuer:{followed.issuer}", [])
    factories.make_accreditation(followed.issuer, followed.agency)
    following.follow()
    delivery.deliver()
    assert len(mail.outbox) == 2


def test_nothing_is_sent_to_whoever_did_not_confirm(followed: Followed, reader: Client) -> None:
    ask(reader, f"issuer={followed.issuer}")
    delivery.deliver()
    factories.make_accreditation(followed.issuer, followed.agency)
    following.follow()
    delivery.deliver()
    assert len(mail.outbox) == 1


def test_one_click_ends_it_without_cookie_token_or_question(followed: Followed) -> None:
    follower = follow_topic(f"issuer:{followed.issuer}")
    factories.make_accreditation(followed.issuer, followed.agency)
    following.follow()
    delivery.deliver()
    target = mail.outbox[0].extra_headers["List-Unsubscribe"].strip("<>").removeprefix(HERE)
    strict = Client(enforce_csrf_checks=True)
    assert b"Stop following" in strict.get(target).content
    assert Subscription.objects.filter(pk=follower.pk).exists()
    answer = strict.post(target, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200
    assert not Subscription.objects.exists()
    assert not Message.objects.exists()
    assert strict.post(target).status_code == 404


def test_keys_open_their_own_subscription_alone(followed: Followed, reader: Client) -> None:
    first, second = follow_topic("everything"), follow_topic("everything", "other@university.example")
    key = link_to(second).partition("key=")[2]
    for page in ("", "/confirm", "/stop"):
        for wrong in (key, "", "x", "é"):
            assert reader.get(f"/follow/{first.pk}{page}", {"key": wrong}).status_code == 404
            assert reader.post(f"/follow/{first.pk}{page}?key={wrong}").status_code == 404
    assert Subscription.objects.count() == 2


def test_whoever_asks_learns_nothing_of_who_follows(followed: Followed, reader: Client) -> None:
    first = ask(reader, f"issuer={followed.issuer}")
    Subscription.objects.update(state=ACTIVE, confirmed=timezone.now(), confirmation_sent=timezone.now())
    second = ask(reader, f"issuer={followed.issuer}")
    third = ask(reader, f"issuer={followed.issuer}", address=ADDRESS.upper())
    assert first["Location"] == second["Location"] == third["Location"]
    assert Subscription.objects.count() == 1


def test_a_lost_link_is_sent_again_but_not_at_will(followed: Followed, reader: Client) -> None:
    follow_topic(f"issuer:{followed.issuer}")
    Subscription.objects.update(confirmation_sent=timezone.now() - timedelta(hours=1))
    ask(reader, f"issuer={followed.issuer}")
    ask(reader, f"issuer={followed.issuer}")
    delivery.deliver()
    ask(reader, f"issuer={followed.issuer}")
    delivery.deliver()
    (sent,) = mail.outbox
    assert sent.subject == "You follow: College of tests"


def test_letters_about_a_subscription_come_ever_more_seldom(followed: Followed, reader: Client) -> None:
    ask(reader, f"issuer={followed.issuer}")
    hours: list[int] = []
    for hour in range(1, 48):
        delivery.deliver()
        if len(mail.outbox) > len(hours):
            hours.append(hour)
        Subscription.objects.update(asked=F("asked") - timedelta(hours=1))
        Subscription.objects.update(confirmation_sent=F("confirmation_sent") - timedelta(hours=1))
        ask(reader, f"issuer={followed.issuer}")
        cache.clear()
    assert len(hours) == 6
    assert all(later >= 2 * earlier - 1 for earlier, later in pairwise(hours))


def test_challenges_are_sent_one_at_a_time_and_only_so_often(
    followed: Followed, reader: Client, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower = follow_topic("everything", webhook=receiver.url)
    Subscription.objects.update(state=WAITING)
    confirm = link_to(follower, "confirm").removeprefix(HERE)
    with held_by_another(webhooks.TURN, webhooks.TURN_OF_CHALLENGES):
        assert b"being asked just now" in reader.post(confirm).content
    assert not receiver.taken
    monkeypatch.setattr("register.outbox.views.follow.ASKED_AN_HOUR", 0)
    assert reader.post(confirm).status_code == 429
    assert not receiver.taken


def test_nobodys_letter_box_is_filled(followed: Followed, reader: Client) -> None:
    for number in range(MOST_WAITING + 2):
        issuer = factories.make_issuer(names={"en": f"College {number}"})
        ask(reader, f"issuer={issuer}")
    delivery.deliver()
    assert len(mail.outbox) == MOST_WAITING


def test_one_network_asks_so_often_and_no_more(
    followed: Followed, reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("register.outbox.views.follow.ASKED_AN_HOUR", 0)
    assert ask(reader, f"issuer={followed.issuer}").status_code == 429
    assert not Subscription.objects.exists()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"address": ""}, "Write the address"),
        ({"address": "nobody"}, "not an e-mail address"),
        ({"address": "a@b.example\nBcc: c@d.example"}, "not an e-mail address"),
        ({"codes": []}, "Choose at least one"),
        ({"codes": ["nonsense"]}, "nonsense"),
        ({"rhythm": "hourly"}, "hourly"),
        ({"webhook": "ftp://program.example/x"}, "expected https://"),
        ({"webhook": "https://user:secret@program.example/x"}, "without a name or password"),
        ({"webhook": "https://program.example:22/x"}, "port 80, 443"),
    ],
)
def test_what_is_wrong_is_told_beside_the_field(
    followed: Followed, reader: Client, fields: dict[str, Any], told: str
) -> None:
    answer = ask(reader, f"issuer={followed.issuer}", **fields)
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not Subscription.objects.exists()


@pytest.mark.parametrize(
    "query",
    [
        "issuer=01890a5d-ac96-774b-bcce-b302099a8057",
        "issuer=nonsense",
        "agency=x",
        "country=ZZ",
        "country=NL&issuer=01890a5d-ac96-774b-bcce-b302099a8057",
    ],
)
def test_what_is_not_here_cannot_be_followed(followed: Followed, reader: Client, query: str) -> None:
    assert reader.get(f"/follow?{query}").status_code == 404
    assert ask(reader, query).status_code == 404
    assert reader.get(f"/follow/done?{query}").status_code == 404


@pytest.mark.parametrize("query", ["", "country=NL", "country=nl"])
def test_everything_and_countries_can_be_followed(followed: Followed, reader: Client, query: str) -> None:
    assert reader.get(f"/follow?{query}").status_code == 200
    assert reader.get(f"/follow/done?{query}").status_code == 200


def test_a_country_is_followed_from_its_page_and_leads_back_to_it(followed: Followed, reader: Client) -> None:
    for code in ("NL", "PT"):
        country = reader.get(f"/countries/{code}").content.decode()
        assert f'<a href="/follow?country={code}">' in country, "followed, whether or not anything is on record"
    page = reader.get("/follow?country=NL").content.decode()
    assert '<a href="/countries/NL">Netherlands</a>' in page
    assert '<a class="btn quiet" href="/feed.atom">Atom feed of the whole register</a>' in page


def test_the_owner_changes_how_often_and_of_what(followed: Followed, reader: Client) -> None:
    follower = follow_topic(f"issuer:{followed.issuer}")
    page = link_to(follower).removeprefix(HERE)
    factories.make_key(followed.issuer)
    following.follow()
    assert b"How often" in reader.get(page).content
    assert reader.post(page, {"rhythm": "weekly", "codes": ["key"]}, follow=True).status_code == 200
    follower.refresh_from_db()
    assert (follower.rhythm, follower.codes) == ("weekly", ["key"])
    assert Message.objects.get().due > timezone.now()


def test_a_webhook_is_confirmed_challenged_and_its_secret_shown_and_renewed(
    followed: Followed, reader: Client, receiver: Receiver
) -> None:
    ask(reader, f"issuer={followed.issuer}", webhook=receiver.url)
    delivery.deliver()
    confirm = next(link for link in links_of(str(mail.outbox[0].body)) if "/confirm" in link)
    receiver.echo = False
    assert reader.post(confirm).status_code == 422
    assert Subscription.objects.get().state == WAITING
    receiver.echo = True
    done = reader.post(confirm, follow=True)
    subscription = Subscription.objects.get()
    secret = webhook_secret(subscription)
    assert subscription.state == ACTIVE
    assert secret in done.content.decode()
    page = link_to(subscription).removeprefix(HERE)
    renewed = reader.post(page, {"renew": "1"}, follow=True).content.decode()
    assert secret not in renewed
    assert webhook_secret(Subscription.objects.get()) in renewed


def test_a_disabled_webhook_is_switched_on_again(followed: Followed, reader: Client, receiver: Receiver) -> None:
    follower = follow_topic("everything", webhook=receiver.url)
    Subscription.objects.update(state=DISABLED, failing_since=timezone.now(), failures=9, last_error="gone")
    page = link_to(follower).removeprefix(HERE)
    assert b"Switch on again" in reader.get(page).content
    reader.post(link_to(follower, "confirm").removeprefix(HERE))
    follower.refresh_from_db()
    assert (follower.state, follower.failures) == (ACTIVE, 0)


def test_members_see_what_happened_at_their_desk_and_nobody_elses(followed: Followed, reader: Client) -> None:
    other = factories.make_agency(names={"en": "Other agency"})
    facts = {"file": "own.csv", "written": 2, "refused": 0, "address": "/desk/imports/1"}
    tell_members("agency", followed.agency, "import_done", "import:1", facts)
    tell_members("agency", other, "import_done", "import:2", {**facts, "file": "theirs.csv"})
    assert reader.get("/desk/notices").status_code == 302
    member = sign_in(reader, "agency", followed.agency)
    page = reader.get("/desk/notices").content.decode()
    assert "own.csv" in page
    assert "theirs.csv" not in page
    assert reader.post("/desk/notices", {"off": "1"}).status_code == 302
    assert subscription_of(member.user_id).state == OFF
    assert "Save to switch them on" in reader.get("/desk/notices").content.decode()
    assert reader.post("/desk/notices", {"rhythm": "daily", "codes": ["import_done"]}).status_code == 302
    own = subscription_of(member.user_id)
    assert (own.state, own.rhythm, own.codes) == (ACTIVE, "daily", ["import_done"])


def test_members_choose_among_what_their_role_is_told(followed: Followed, reader: Client) -> None:
    offered = {}
    for role, organisation in (("agency", followed.agency), ("issuer", followed.issuer), ("operator", "")):
        sign_in(reader, role, organisation, email=f"{role}@notices.example")
        page = reader.get("/desk/notices").content.decode()
        offered[role] = {code for code in ("import_done", "approval", "fork") if f'value="{code}"' in page}
    assert offered == {
        "agency": {"import_done", "approval"},
        "issuer": {"approval"},
        "operator": {"import_done", "approval", "fork"},
    }


def test_a_members_own_address_needs_no_confirmation(followed: Followed, reader: Client) -> None:
    member = sign_in(reader, "agency", followed.agency)
    answer = ask(reader, f"issuer={followed.issuer}", address=member.user.email)
    assert answer["Location"].endswith("done=now")
    assert Subscription.objects.get(user=None).state == ACTIVE
    assert "College of tests" in reader.get("/desk/notices").content.decode()


def test_auditors_have_no_desk(followed: Followed, reader: Client) -> None:
    sign_in(reader, "auditor")
    assert reader.get("/desk/notices").status_code == 403


def test_the_list_takes_as_many_queries_however_long_it_is(followed: Followed, reader: Client) -> None:
    sign_in(reader, "operator")
    reader.get("/desk/notices")

    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert reader.get("/desk/notices").status_code == 200
        return len(queries)

    facts = {"file": "own.csv", "written": 2, "refused": 0, "address": "/desk/imports/1"}
    tell_members("operator", "", "import_done", "import:1", facts)
    few = count()
    for number in range(2, 20):
        tell_members("operator", "", "import_done", f"import:{number}", facts)
    assert count() == few


def test_every_text_is_marked_for_translation() -> None:
    for path in Path("register/templates/outbox").glob("*.html"):
        assert find_bare_words(path.read_text()) == [], path.name
