"""Subscriptions: asked for, confirmed by whoever reads the address, changed, ended.

Whoever asks gets the same answer whether or not the address follows already: a page tells nobody who follows what.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from register import vocabularies
from register.access.acting import Acting
from register.errors import NotFound, NotUnderstood
from register.outbox import kept_mail
from register.outbox.errors import AddressRefused, NotFollowable
from register.outbox.following import begin
from register.outbox.models import ACTIVE, OFF, WAITING, Message, Subscription
from register.outbox.notices import next_digest
from register.outbox.topics import EVERYTHING, about_agency, about_country, about_issuer
from register.outgoing.addresses import split_url
from register.outgoing.errors import OutgoingError
from register.queries.cuts import resolve_cut
from register.queries.single import find_record
from register.site.telling import tell_plainly

UNCONFIRMED: Final = timedelta(hours=48)
"""How long a confirmation is waited for; then the address is forgotten."""

AGAIN: Final = timedelta(minutes=15)
"""How long after a first letter about a subscription another one may be asked for; then twice as long each time."""

SELDOM: Final = timedelta(days=1)
"""The longest wait for another letter."""

MOST_WAITING: Final = 5
"""Subscriptions of one address that may wait for confirmation at once: nobody's letter box is to be filled by us."""

_mail = EmailValidator(_("That is not an e-mail address. Write it like name@university.example."))


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for; `codes` empty: all."""

    topic: str
    address: str
    rhythm: str
    codes: tuple[str, ...] = ()
    webhook: str = ""
    language: str = "en"


def find_topic(issuer: str = "", agency: str = "", country: str = "") -> tuple[str, str, str]:
    """Return a topic with the kind and id of what it is about (`everything`: both empty), by at most one of the three.

    Raises NotFollowable for what our ledger does not hold: news of another register are its own to tell.
    """
    if len([one for one in (issuer, agency, country) if one]) > 1:
        raise NotFollowable(gettext("One page follows one thing: an issuer, an agency or a country."))
    if country:
        return about_country(_find_country(country)), "country", country.upper()
    for kind, record_id, topic in (("issuer", issuer, about_issuer), ("agency", agency, about_agency)):
        if record_id:
            return topic(_find_own(kind, record_id)), kind, record_id.lower()
    return EVERYTHING, "", ""


def _find_own(kind: str, record_id: str) -> str:
    try:
        record = find_record(kind, record_id, resolve_cut())
    except (NotFound, NotUnderstood):
        raise NotFollowable(
            gettext("This register holds nothing with that id. If another register recorded it, follow it there.")
        ) from None
    return str(record.id)


def _find_country(code: str) -> str:
    try:
        return vocabularies.load("countries").get(code.upper()).code
    except (KeyError, ValueError):
        raise NotFollowable(gettext("That is no country. Write its two letters, such as NL.")) from None


def check_address(address: str) -> str:
    """Return an e-mail address without blanks around it; raises AddressRefused (field `address`)."""
    text = address.strip()
    try:
        _mail(text)
    except ValidationError as error:
        raise AddressRefused(str(error.messages[0]), "address") from None
    if len(text) > 254:
        raise AddressRefused(gettext("An e-mail address has at most 254 characters."), "address")
    return text


def check_webhook(url: str) -> str:
    """Return a webhook's address as far as it can be judged without asking it; raises AddressRefused."""
    text = url.strip()
    if len(text) > 500:
        raise AddressRefused(gettext("The address of a webhook has at most 500 characters."), "webhook")
    try:
        split_url(text)
    except OutgoingError as error:
        raise AddressRefused(f"{tell_plainly(str(error))}.", "webhook") from None
    return text


def subscribe(wish: Wish, acting: Acting | None = None) -> Subscription | None:
    """Take a wish; return the subscription that will be written to, None where nothing more is to be sent.

    A signed-in person's own address needs no confirmation, unless a webhook is to be asked.
    """
    begin()
    known = acting is not None and acting.email.lower() == wish.address.lower() and not wish.webhook
    with transaction.atomic():
        found = _find_alike(wish)
        if found is None:
            if not known and _count_waiting(wish.address) >= MOST_WAITING:
                return None
            found = _create(wish)
        if known:
            return activate(found)
        return _write_to(found)


def _write_to(found: Subscription) -> Subscription | None:
    """Have a subscriber written to: to confirm, or where all is confirmed, with the link that was lost; not twice."""
    sent = found.confirmation_sent
    if sent is not None and timezone.now() - sent < max(AGAIN, min(sent - found.asked, SELDOM)):
        return None
    Subscription.objects.filter(pk=found.pk).update(confirmation_sent=None)
    return found


def _find_alike(wish: Wish) -> Subscription | None:
    rows = Subscription.objects.select_for_update()
    return rows.filter(topic=wish.topic, address__iexact=wish.address, webhook=wish.webhook).first()


def _count_waiting(address: str) -> int:
    return Subscription.objects.filter(address__iexact=address, state=WAITING).count()


def _create(wish: Wish) -> Subscription:
    made = Subscription(
        topic=wish.topic, address=wish.address, webhook=wish.webhook, rhythm=wish.rhythm, codes=list(wish.codes),
        language=wish.language,
    )  # fmt: skip
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:  # somebody sent the same form twice at the same time
        again = _find_alike(wish)
        if again is None:
            raise
        return again
    return made


def activate(subscription: Subscription) -> Subscription:
    """Let a subscription begin, or begin again after it was disabled: from now on, nothing of the past."""
    now = timezone.now()
    subscription.state, subscription.next_try = ACTIVE, now
    subscription.confirmed = subscription.confirmed or now
    subscription.failures, subscription.failing_since, subscription.last_error = 0, None, ""
    subscription.save()
    return subscription


def change(subscription: Subscription, rhythm: str, codes: Collection[str]) -> None:
    """Change how often and of what; what waits already goes out by the new rhythm."""
    now = timezone.now()
    with transaction.atomic():
        subscription.rhythm, subscription.codes = rhythm, list(codes)
        subscription.save(update_fields=["rhythm", "codes"])
        waiting = Message.objects.filter(subscription=subscription, sent=None, letter=None)
        waiting.update(due=next_digest(now, rhythm))


def end(subscription: Subscription) -> None:
    """Stop: the row with its address, its messages and mails kept for it are gone; a member's is switched off."""
    kept_mail.forget([subscription.pk.hex])
    if subscription.user_id is None:
        subscription.delete()
        return
    with transaction.atomic():
        Message.objects.filter(subscription=subscription, sent=None).delete()
        Subscription.objects.filter(pk=subscription.pk).update(state=OFF)


def begin_again(subscription: Subscription) -> None:
    """Give a webhook a new secret; what was signed with the former one is no longer made."""
    subscription.generation += 1
    subscription.save(update_fields=["generation"])
