"""Addresses of the federation; none ends in a slash."""

from __future__ import annotations

from django.urls import URLPattern, path

from federation.views import mirror, witness

urlpatterns: list[URLPattern] = [
    path("mirror/<str:log>/checkpoint", mirror.checkpoint, name="mirror-checkpoint"),
    path("mirror/<str:log>/tile/<path:path>", mirror.tile, name="mirror-tile"),
    path("mirror/<str:log>/receipt/<str:index>", mirror.receipt, name="mirror-receipt"),
    path("witness/add-checkpoint", witness.add_checkpoint, name="witness-add-checkpoint"),
    path("witness/<str:digest>/checkpoint", witness.cosigned, name="witness-checkpoint"),
]
