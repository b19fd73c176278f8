"""`/follow`: asking for notices, and the pages that the links in mails lead to."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from redis.exceptions import RedisError

from register.access.acting import acting_of
from register.access.addresses import read_network
from register.api.limits import counters
from register.outbox import subscriptions, webhooks
from register.outbox.errors import AddressRefused
from register.outbox.keys import link_to, path_to, webhook_secret
from register.outbox.letters import describe_topic
from register.outbox.models import ACTIVE, DISABLED, WAITING, Subscription
from register.outbox.subscriptions import Wish, find_topic
from register.outbox.views.forms import RHYTHMS, ChoiceForm, FollowForm, codes_for
from register.outbox.views.frame import keyed, public
from register.site.page import render_page

ASKED_AN_HOUR: Final = 30
"""Wishes from one network, and challenges to webhooks; more are refused, so that nobody fills letter boxes, or calls on
strangers, through us."""


@public
def follow(request: HttpRequest) -> HttpResponse:
    """Show what following something means, and take the wish."""
    asked = {name: request.GET.get(name, "")[:60] for name in ("issuer", "agency", "country")}
    topic, kind, record_id = find_topic(**asked)
    acting = acting_of(request)
    known = {"address": acting.email} if acting else {}
    form = FollowForm(topic, request.POST if request.method == "POST" else None, initial=known)
    if request.method == "POST" and form.is_valid():
        if _asks_too_often(request):
            return render_page(request, "outbox/too_often.html", {}, 429)
        made = subscriptions.subscribe(_wish(topic, form), acting)
        done = "now" if made is not None and made.state == ACTIVE else "asked"
        given = urlencode({name: value for name, value in asked.items() if value} | {"done": done})
        return HttpResponseRedirect(f"/follow/done?{given}")
    name, path = describe_topic(topic)
    feed = {"issuer": f"/issuers/{record_id}/feed.atom", "agency": f"/agencies/{record_id}/feed.atom"}.get(kind)
    context = {"form": form, "topic": topic, "kind": kind, "name": name, "path": path, "feed": feed or "/feed.atom"}
    status = 422 if form.errors else 200
    return render_page(request, "outbox/follow.html", {**context, "sends": settings.ASSAY_MAIL_SENDS}, status)


def _wish(topic: str, form: FollowForm) -> Wish:
    given = form.cleaned_data
    language = translation.get_language() or "en"
    return Wish(topic, given["address"], given["rhythm"], form.chosen(), given["webhook"], language)


def _asks_too_often(request: HttpRequest, what: str = "follow") -> bool:
    """Count a wish, or a challenge, against the network it comes from; while Redis is away nothing is counted."""
    key = f"assay:{what}:{read_network(request)}"
    try:
        with counters().pipeline(transaction=False) as exchange:
            exchange.set(key, 0, ex=3600, nx=True)
            exchange.incr(key)
            return int(exchange.execute()[1]) > ASKED_AN_HOUR
    except (RedisError, OSError):
        return False


@public
def show_done(request: HttpRequest) -> HttpResponse:
    """Say what happens next."""
    topic, _, _ = find_topic(**{name: request.GET.get(name, "")[:60] for name in ("issuer", "agency", "country")})
    name, path = describe_topic(topic)
    context = {"name": name, "path": path, "now": request.GET.get("done") == "now"}
    return render_page(request, "outbox/done.html", {**context, "sends": settings.ASSAY_MAIL_SENDS})


@keyed
def confirm(request: HttpRequest, subscription: Subscription) -> HttpResponse:
    """Ask for the press of a button: programs that look into mails open links, too."""
    name, path = describe_topic(subscription.topic)
    context: dict[str, Any] = {"subscription": subscription, "name": name, "path": path}
    if request.method == "POST":
        asks = subscription.webhook and subscription.state != ACTIVE
        if asks and _asks_too_often(request, "challenge"):
            return render_page(request, "outbox/too_often.html", {}, 429)
        try:
            if asks:
                webhooks.challenge(subscription)
        except AddressRefused as error:
            return render_page(request, "outbox/confirm.html", {**context, "wrong": error.message}, 422)
        subscriptions.activate(subscription)
        return HttpResponseRedirect(_lead_to(subscription, "confirmed"))
    if subscription.state == ACTIVE:
        return HttpResponseRedirect(_lead_to(subscription))
    return render_page(request, "outbox/confirm.html", context)


def _lead_to(subscription: Subscription, done: str = "") -> str:
    return link_to(subscription).removeprefix(settings.ASSAY_BASE_URL) + (f"&done={done}" if done else "")


@keyed
def manage(request: HttpRequest, subscription: Subscription) -> HttpResponse:
    """Show a subscription to its owner, and change it."""
    if subscription.state == WAITING:
        return HttpResponseRedirect(link_to(subscription, "confirm").removeprefix(settings.ASSAY_BASE_URL))
    form = ChoiceForm(
        subscription.topic,
        request.POST if request.method == "POST" else None,
        tuple(subscription.codes),
        initial={"rhythm": subscription.rhythm},
    )
    if request.method == "POST":
        if "renew" in request.POST and subscription.webhook:
            subscriptions.begin_again(subscription)
            return HttpResponseRedirect(_lead_to(subscription, "renewed"))
        if form.is_valid():
            subscriptions.change(subscription, form.cleaned_data["rhythm"], form.chosen())
            return HttpResponseRedirect(_lead_to(subscription, "changed"))
    name, path = describe_topic(subscription.topic)
    context = {
        "subscription": subscription,
        "form": form,
        "name": name,
        "path": path,
        "secret": webhook_secret(subscription) if subscription.webhook else "",
        "disabled": subscription.state == DISABLED,
        "stop": f"{path_to(subscription)}/stop?{urlencode({'key': request.GET.get('key', '')})}",
        "confirm": f"{path_to(subscription)}/confirm?{urlencode({'key': request.GET.get('key', '')})}",
        "done": request.GET.get("done", ""),
        "rhythm": dict(RHYTHMS)[subscription.rhythm],
        "codes": [words for code, words in codes_for(subscription.topic).items() if code in subscription.codes],
    }
    return render_page(request, "outbox/manage.html", context, 422 if form.errors else 200)


@csrf_exempt
@keyed
def stop(request: HttpRequest, subscription: Subscription) -> HttpResponse:
    """End a subscription by one POST, without a cookie or a further question (RFC 8058); GET asks first."""
    name, path = describe_topic(subscription.topic)
    if request.method == "POST":
        subscriptions.end(subscription)
        return render_page(request, "outbox/stopped.html", {"name": name, "path": path})
    return render_page(request, "outbox/stop.html", {"name": name, "path": path, "subscription": subscription})
