"""Addresses of the operator's board; none ends in a slash."""

from __future__ import annotations

from django.urls import URLPattern, path

from deploy.operator import views

urlpatterns: list[URLPattern] = [
    path("operator", views.show_health, name="operator"),
    path("operator/settings", views.show_settings, name="operator-settings"),
    path("operator/quarantine", views.show_quarantine, name="operator-quarantine"),
    path("operator/imports", views.show_imports, name="operator-imports"),
]
