"""Addresses of the operator's board; none ends in a slash."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
