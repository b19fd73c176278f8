"""Addresses of subscriptions and feeds; none ends in a slash."""

from __future__ import annotations

from django.urls import path

from register.outbox.views import desk, feed, follow

urlpatterns = [
    path("follow", follow.follow, name="follow"),
    path("follow/done", follow.show_done, name="follow-done"),
    path("follow/<uuid:id>", follow.manage, name="follow-manage"),
    path("follow/<uuid:id>/confirm", follow.confirm, name="follow-confirm"),
    path("follow/<uuid:id>/stop", follow.stop, name="follow-stop"),
    path("feed.atom", feed.show_feed, name="feed"),
    path("issuers/<uuid:id>/feed.atom", feed.show_feed, {"kind": "issuer"}, name="issuer-feed"),
    path("agencies/<uuid:id>/feed.atom", feed.show_feed, {"kind": "agency"}, name="agency-feed"),
    path("desk/notices", desk.show_notices, name="desk-notices"),
]
