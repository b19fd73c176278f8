"""Addresses of the register: the API, the status lists, accounts, the desk, open data; deploy.urls has the pages."""

from __future__ import annotations

from django.urls import include, path

from register.site.views import issuer

urlpatterns = [
    path("", include("register.api.urls")),
    path("", include("register.status.urls")),
    path("", include("register.access.urls")),
    path("", include("register.desk.urls")),
    path("", include("register.uploads.urls")),
    path("", include("register.outbox.urls")),
    path("", include("register.opendata.urls")),
    # After everything below /issuers/…: an identifier may hold any sign.
    path("issuers/<path:identifier>", issuer.find_issuer, name="issuer-by-identifier"),
]
