"""Addresses of the register: the API, the status lists, accounts, the desk, open data, then the pages."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("register.api.urls")),
    path("", include("register.status.urls")),
    path("", include("register.access.urls")),
    path("", include("register.desk.urls")),
    path("", include("register.uploads.urls")),
    path("", include("register.outbox.urls")),
    path("", include("register.opendata.urls")),
    path("", include("register.site.urls")),
]
