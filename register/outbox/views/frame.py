"""The frame of pages about subscriptions: the reader's language, nothing stored by anybody, words for refusals."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from register.outbox.errors import KeyRefused, NotFollowable
from register.outbox.keys import check_key
from register.outbox.models import Subscription
from register.site.language import speak
from register.site.page import choose_language, render_page

View = Callable[..., HttpResponse]


def public(view: View) -> View:
    """Make a view for anybody; what it cannot find is told as a page."""

    @never_cache
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def answered(request: HttpRequest, **parts: Any) -> HttpResponse:
        with speak(choose_language(request)):
            try:
                return view(request, **parts)
            except (KeyRefused, NotFollowable) as error:
                return render_page(request, "outbox/gone.html", {"sentence": error.message}, 404)

    return answered


def keyed(view: View) -> View:
    """Make a view for whoever holds the key of a subscription, which it gets as `subscription`."""

    @public
    @wraps(view)
    def answered(request: HttpRequest, id: UUID) -> HttpResponse:
        subscription = Subscription.objects.filter(pk=id, user=None).first()
        if subscription is None:
            raise KeyRefused(gettext("There is no such subscription any more: it was ended, or never confirmed."))
        check_key(subscription, request.GET.get("key", ""))
        return view(request, subscription=subscription)

    return answered
