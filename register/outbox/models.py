"""Tables of notices: who wishes to hear of what, what there was to tell, and what became of telling it.

None of it is in the ledger: it holds people's addresses, and a ledger cannot forget. An address lives in its
subscription alone and goes with it.
"""

from __future__ import annotations

from typing import Final
from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from register.sentences import from_text

WAITING: Final = "waiting"
ACTIVE: Final = "active"
OFF: Final = "off"
DISABLED: Final = "disabled"
STATES: Final = (WAITING, ACTIVE, OFF, DISABLED)
"""`waiting` for its address to be confirmed; `off` by a member of the register; `disabled` after long failure."""

AT_ONCE: Final = "at_once"
DAILY: Final = "daily"
WEEKLY: Final = "weekly"
RHYTHMS: Final = (AT_ONCE, DAILY, WEEKLY)


class Cursor(models.Model):
    """The follower's place in our ledger: notices of the first `size` entries are in the outbox. Its row is the lock.

    It commits with the notices and messages it stands for.
    """

    origin = models.TextField(primary_key=True)
    size = models.BigIntegerField()


class Subscription(models.Model):
    """One wish to hear of one topic (topics.py), at one address.

    With a `webhook` notices go there, one at a time and in order, and mails about the webhook itself to `address`; else
    they are mailed. A subscription with a `user` is that of a member for the desk's own notices, mailed to the account.
    An empty list of codes is all of them. `generation` counts the keys made for it (keys.py).
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    topic = models.TextField()
    address = models.TextField(blank=True)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="notices_by_mail")
    webhook = models.TextField(blank=True)
    rhythm = models.CharField(max_length=8, choices=[(one, one) for one in RHYTHMS], default=AT_ONCE)
    codes = ArrayField(models.CharField(max_length=24), default=list)
    language = models.CharField(max_length=12, default="en")
    state = models.CharField(max_length=8, choices=[(one, one) for one in STATES], default=WAITING)
    generation = models.PositiveIntegerField(default=1)
    asked = models.DateTimeField(default=timezone.now)
    confirmed = models.DateTimeField(null=True)
    # When it was written to about itself; NULL: that is still to be done.
    confirmation_sent = models.DateTimeField(null=True)
    # Nothing is sent before: after a failure, and for a while after a mail, so that a flood becomes a few mails.
    next_try = models.DateTimeField(default=timezone.now)
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    delivered = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("topic", Lower("address"), "webhook", name="subscription_once"),
            models.CheckConstraint(
                name="subscription_address",
                condition=Q(user__isnull=False, address="") | (Q(user__isnull=True) & ~Q(address="")),
            ),
        ]
        indexes = [
            models.Index(fields=["topic"], condition=Q(state=ACTIVE), name="outbox_subscription_topic"),
            models.Index(fields=["next_try"], name="outbox_subscription_next"),
        ]

    @property
    def said_error(self) -> str:
        """What went wrong last, as a sentence that can be told in any language; of older rows as it was written."""
        return from_text(self.last_error)


class Notice(models.Model):
    """Something to tell: an entry of our ledger, or something about one (`key` makes each once), and its topics.

    Kept as long as a message or a member's list needs it (purging.py). `facts` holds what the words need beside the
    read model; no address of anybody.
    """

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    key = models.TextField(unique=True)
    code = models.CharField(max_length=24)
    topics = ArrayField(models.TextField())
    index = models.BigIntegerField(null=True)
    thing = models.UUIDField(null=True)
    issuer = models.UUIDField(null=True)
    agency = models.UUIDField(null=True)
    time = models.DateTimeField()
    facts = models.JSONField(default=dict)

    class Meta:
        indexes = [
            GinIndex(fields=["topics"], name="outbox_notice_topics"),
            models.Index(fields=["time"], name="outbox_notice_time"),
        ]


class Message(models.Model):
    """One notice on its way to one subscription, once.

    `letter` names the mail it was put into before that was sent: a second attempt is the same mail with the same
    Message-ID. `uid` is a webhook's `webhook-id`.
    """

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    notice = models.ForeignKey(Notice, models.CASCADE, related_name="messages")
    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="messages", db_index=False)
    due = models.DateTimeField()
    letter = models.UUIDField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subscription", "notice"], name="message_once")]
        indexes = [
            models.Index(fields=["subscription", "due"], condition=Q(sent__isnull=True), name="outbox_message_waiting"),
            models.Index(fields=["sent"], name="outbox_message_sent"),
        ]
