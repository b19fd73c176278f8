"""Keys: what lets somebody without an account manage their subscription, and what webhooks are signed with.

All are made from the node's SECRET_KEY and the subscription's id and generation; none is stored, so none is in a
backup or in a reader's hands who got the table alone. Another SECRET_KEY makes all of them invalid.
"""

from __future__ import annotations

import base64
from urllib.parse import urlencode

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext

from register.outbox.errors import KeyRefused
from register.outbox.models import Subscription


def key_of(subscription: Subscription) -> str:
    """Return the key that stands in the addresses of mails to this subscriber, and lets its owner change or end it."""
    return base64.urlsafe_b64encode(_derive(subscription, "manage", 0)[:18]).decode()


def check_key(subscription: Subscription, key: str) -> None:
    """Raise KeyRefused unless the key is that of the subscription; takes as long whatever is wrong with it."""
    if not constant_time_compare(key, key_of(subscription)):
        raise KeyRefused(gettext("This link is not complete, or no longer valid. Take it from the newest mail."))


def webhook_secret(subscription: Subscription) -> str:
    """Return the secret that webhooks of the subscription's present generation are signed with (`whsec_…`)."""
    return "whsec_" + base64.b64encode(webhook_key(subscription)).decode()


def webhook_key(subscription: Subscription) -> bytes:
    """Return the same as bytes."""
    return _derive(subscription, "webhook", subscription.generation)


def link_to(subscription: Subscription, page: str = "") -> str:
    """Return the whole address of a page about a subscription, with its key (in the query, which nobody logs)."""
    step = f"/{page}" if page else ""
    return f"{settings.ASSAY_BASE_URL}{path_to(subscription)}{step}?{urlencode({'key': key_of(subscription)})}"


def path_to(subscription: Subscription) -> str:
    """Return the path of the page about a subscription."""
    return f"/follow/{subscription.pk}"


def _derive(subscription: Subscription, purpose: str, generation: int) -> bytes:
    said = f"{subscription.pk}:{generation}"
    return salted_hmac(f"assay.outbox.{purpose}", said, algorithm="sha256").digest()
