"""Notices: telling whoever follows a topic, and the members of an organisation; each notice once.

Everything here joins the caller's transaction where there is one: what was rolled back was never told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from ledger.database import execute
from register.access.models import Membership
from register.outbox.models import ACTIVE, Message, Notice, Subscription
from register.outbox.topics import of_members, of_user

HOUR: Final = 6
"""Of the day, in UTC, at which digests go out; weekly ones on Mondays."""

_ADDRESS: Final[LiteralString] = """
    INSERT INTO outbox_message (uid, notice_id, subscription_id, due, attempts)
    SELECT gen_random_uuid(), n.id, s.id,
        CASE s.rhythm WHEN 'daily' THEN %(daily)s WHEN 'weekly' THEN %(weekly)s ELSE %(now)s END::timestamptz, 0
    FROM outbox_notice n JOIN outbox_subscription s ON s.topic = ANY(n.topics)
    WHERE n.id = ANY(%(notices)s::bigint[]) AND s.state = 'active' AND s.user_id IS NULL
        AND (s.codes = '{}' OR n.code = ANY(s.codes)) AND (n.code <> 'expiring' OR s.confirmed < n.time)
    ORDER BY n.id
    ON CONFLICT (subscription_id, notice_id) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class News:
    """What a notice will hold; see models.Notice."""

    key: str
    code: str
    topics: tuple[str, ...]
    time: datetime
    index: int | None = None
    thing: str | None = None
    issuer: str | None = None
    agency: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def tell(news: Sequence[News]) -> list[Notice]:
    """Make notices and address them to the subscriptions of their topics; return those that did not exist before.

    What expires is told to those who followed before the day that is told of: nobody begins with a hundred warnings.
    """
    if not news:
        return []
    with transaction.atomic():
        known = set(Notice.objects.filter(key__in=[one.key for one in news]).values_list("key", flat=True))
        fresh = Notice.objects.bulk_create(
            [_make(one) for one in news if one.key not in known], ignore_conflicts=True, batch_size=1000
        )
        made = list(Notice.objects.filter(key__in=[one.key for one in fresh]).order_by("id")) if fresh else []
        address([one.pk for one in made])
    return made


def _make(news: News) -> Notice:
    return Notice(
        key=news.key, code=news.code, topics=list(news.topics), time=news.time, index=news.index, thing=news.thing,
        issuer=news.issuer, agency=news.agency, facts=dict(news.facts),
    )  # fmt: skip


def address(notices: Sequence[int]) -> int:
    """Make a message for every active subscription to a topic of these notices; return how many."""
    if not notices:
        return 0
    now = timezone.now()
    due = {"now": now, "daily": next_digest(now, "daily"), "weekly": next_digest(now, "weekly")}
    return execute(_ADDRESS, {**due, "notices": list(notices)})


def next_digest(now: datetime, rhythm: str) -> datetime:
    """Return when the next digest is due, `now` for a subscription without digests."""
    if rhythm not in ("daily", "weekly"):
        return now
    today = now.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    due = today if now < today else today + timedelta(days=1)
    return due if rhythm == "daily" else due + timedelta(days=-due.weekday() % 7)


def tell_members(
    role: str,
    organisation: str,
    code: str,
    key: str,
    facts: Mapping[str, Any],
    users: Iterable[int] | None = None,
) -> Notice | None:
    """Tell the members of an organisation in a role: on their `/desk/notices`, and `users` (default: all) by mail.

    Those of `users` who are no members any more are not told: what a desk is about is no longer theirs to read.

    `code` is one of topics.MEMBER_CODES, `key` makes it once (a second call with it does nothing and returns None),
    `facts` are what the words need: for `import_done` `file`, `written` (entries), `refused` (rows), `address` (path
    of the page), and where nothing was written `failed` (a sentence as `to_text` keeps it) and `how` (`returned`,
    `discarded` or empty); for `approval` `what` and `address`; for `draft_decided` these, `how` (`published`,
    `approved` of what goes on no ledger, `returned` or `discarded`) and the `remark` with which it was returned.
    """
    news = News(key, code, (of_members(role, organisation),), timezone.now(), facts=facts)
    with transaction.atomic():
        made = tell([news])
        if not made:
            return None
        members = list_members(role, organisation)
        mail_to(made[0], members if users is None else sorted(set(users) & set(members)))
    return made[0]


def list_members(role: str, organisation: str) -> list[int]:
    """Return the ids of the people who may act in a role for an organisation."""
    found = Membership.objects.filter(role=role, organisation=organisation).values_list("user_id", flat=True)
    return sorted(set(found))


def forget_member(user: int, role: str, organisation: str) -> None:
    """Send somebody nothing of what waits for them, as for a digest, about an organisation they have just left."""
    own = Message.objects.filter(subscription__user=user, sent=None)
    own.filter(notice__topics__contains=[of_members(role, organisation)]).delete()


def mail_to(notice: Notice, users: Sequence[int]) -> None:
    """Have a notice mailed to people who have not switched that off."""
    own = [subscription_of(user) for user in users]
    now = timezone.now()
    messages = [
        Message(notice=notice, subscription=one, due=next_digest(now, one.rhythm))
        for one in own
        if one.state == ACTIVE and (not one.codes or notice.code in one.codes)
    ]
    Message.objects.bulk_create(messages, ignore_conflicts=True)


def subscription_of(user: int) -> Subscription:
    """Return how a member is told by mail; on, until the member switches it off."""
    found, _ = Subscription.objects.get_or_create(
        user=User.objects.get(pk=user), defaults={"topic": of_user(user), "state": ACTIVE, "confirmed": timezone.now()}
    )
    return found
