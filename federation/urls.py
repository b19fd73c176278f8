"""Addresses of the federation; none ends in a slash."""

from __future__ import annotations

from django.urls import URLPattern, path

from federation.views import witness

urlpatterns: list[URLPattern] = [
    path("witness/add-checkpoint", witness.add_checkpoint, name="witness-add-checkpoint"),
    path("witness/<str:digest>/checkpoint", witness.cosigned, name="witness-checkpoint"),
]
