"""Letters: the mails to subscribers, as plain text, each with a way out of them.

Every one names its List-Unsubscribe address (RFC 2369) that one click ends it with (RFC 8058), and is marked as sent by
a machine (RFC 3834). The Message-ID is made of what is sent: a second attempt at the same letter has the same one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils.translation import gettext, ngettext

from register.outbox.kept_mail import SUBSCRIPTION
from register.outbox.keys import link_to
from register.outbox.models import DISABLED, WAITING, Subscription
from register.outbox.topics import EVERYTHING
from register.outbox.wording import Told, name_plainly
from register.site.language import speak as speak_language
from register.site.page import TRANSLATED
from register.site.reading import read_directory, read_register
from register.site.words import label_place

MOST: Final = 100
"""Notices that one mail tells in full."""


def compose_notices(subscription: Subscription, letter: UUID, told: Sequence[Told], number: int) -> EmailMessage:
    """Return the mail with some notices: `told` are the first of `number`, at most MOST."""
    with speak(subscription):
        topic, path = describe_topic(subscription.topic)
        subject = told[0].line if number == 1 else _count(number, topic)
        context = {"told": told, "more": number - len(told), "topic": topic, "path": path}
        return _compose(subscription, letter.hex, subject, "outbox/mail/notices.txt", context)


def _count(number: int, topic: str) -> str:
    told = ngettext("%(number)d notice: %(topic)s", "%(number)d notices: %(topic)s", number)
    return told % {"number": number, "topic": topic}


def compose_about(subscription: Subscription) -> EmailMessage:
    """Return the mail about the subscription itself: to confirm it, with the link to it, or that it was disabled."""
    with speak(subscription):
        topic, path = describe_topic(subscription.topic)
        kind, subject = "link", gettext("You follow: %(topic)s")
        if subscription.state == WAITING:
            kind, subject = "confirm", gettext("Please confirm that you wish to follow: %(topic)s")
        elif subscription.state == DISABLED:
            kind, subject = "disabled", gettext("Your webhook is switched off: %(topic)s")
        context = {"topic": topic, "path": path, "confirm": link_to(subscription, "confirm")}
        number = f"{kind}.{subscription.pk.hex}.{int(subscription.asked.timestamp())}"
        return _compose(subscription, number, subject % {"topic": topic}, f"outbox/mail/{kind}.txt", context)


def _compose(
    subscription: Subscription, number: str, subject: str, template: str, context: Mapping[str, object]
) -> EmailMessage:
    manage, stop = link_to(subscription), link_to(subscription, "stop")
    node = read_register()
    said = {
        **context,
        "manage": manage,
        "stop": stop,
        "base": settings.ASSAY_BASE_URL,
        "register": node.name if node else gettext("A register"),
        "demonstration": bool(node and node.demonstration),
        "subscription": subscription,
    }
    host = urlsplit(settings.ASSAY_BASE_URL).hostname
    headers = {
        "Message-ID": f"<{number}@{host}>",
        "List-Id": f"<notices.{host}>",
        "List-Unsubscribe": f"<{stop}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
        SUBSCRIPTION: subscription.pk.hex,
    }
    body = render_to_string(template, said)
    return EmailMessage(
        " ".join(subject.split())[:200], body, settings.DEFAULT_FROM_EMAIL, [address_of(subscription)], headers=headers
    )


def address_of(subscription: Subscription) -> str:
    """Return where a subscription is written to: a member at the address of the account, as it is now."""
    return subscription.user.email if subscription.user is not None else subscription.address


def speak(subscription: Subscription) -> AbstractContextManager[object]:
    """Speak the subscriber's language, where all texts exist in it."""
    wished = subscription.language
    return speak_language(wished if wished in TRANSLATED else TRANSLATED[0])


def describe_topic(topic: str) -> tuple[str, str]:
    """Return the name of a topic as plain text in the language now active, and the path of its page."""
    kind, _, rest = topic.partition(":")
    if kind == "issuer":
        return name_plainly(rest, read_directory([rest])) or rest, f"/issuers/{rest}"
    if kind == "agency":
        return name_plainly(rest, read_directory([rest])) or rest, f"/agencies/{rest}"
    if kind == "country":
        return str(label_place(rest)), f"/countries/{rest}"
    if topic == EVERYTHING:
        return gettext("the whole register"), "/"
    return gettext("your own desk"), "/desk/notices"
