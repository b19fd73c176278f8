"""`/feed.atom`, `/issuers/{id}/feed.atom`, `/agencies/{id}/feed.atom`."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from register.outbox.errors import NotFollowable
from register.outbox.feeds import tag_of, write_feed
from register.outbox.letters import describe_topic
from register.outbox.subscriptions import find_topic
from register.site.language import speak
from register.site.page import choose_language, render_page
from register.site.reading import newest_checkpoint

MEDIA_TYPE = "application/atom+xml; charset=utf-8"


@require_safe
def show_feed(request: HttpRequest, kind: str = "", id: UUID | None = None) -> HttpResponse:
    """Give a feed; to whoever has it already, 304."""
    with speak(choose_language(request)):
        try:
            topic, kind, record_id = find_topic(**({kind: str(id)} if kind else {}))
        except NotFollowable as error:
            return render_page(request, "outbox/gone.html", {"sentence": error.message}, 404)
        checkpoint, now = newest_checkpoint(), timezone.now()
        if checkpoint is None:
            return render_page(request, "outbox/gone.html", {"sentence": ""}, 404)
        tag = tag_of(request.path, checkpoint, now.date().isoformat())
        name, page = describe_topic(topic)
        if request.headers.get("If-None-Match") == tag:
            response: HttpResponse = HttpResponseNotModified()
        else:
            about = {kind: record_id} if kind else {}
            # The start of the day, so that what expires soon, and with it the feed, changes once a day.
            day = now.replace(hour=0, minute=0, second=0, microsecond=0)
            title = gettext("News of %(name)s") % {"name": name}
            response = HttpResponse(
                write_feed(request.path, page, title, checkpoint, day, **about), content_type=MEDIA_TYPE
            )
    response["ETag"], response["Cache-Control"] = tag, "public, max-age=300"
    patch_vary_headers(response, ["Accept-Language", "Cookie"])
    return response
