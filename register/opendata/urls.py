"""Addresses of open data; none ends in a slash."""

from __future__ import annotations

from django.urls import path

from register.opendata import views

urlpatterns = [
    path("open-data", views.show_open_data, name="open-data"),
    path("open-data/schema.json", views.show_schema, name="open-data-schema"),
    path("open-data/<str:export>/<str:name>", views.download, name="open-data-file"),
]
