"""Addresses of the public pages; none ends in a slash. The same addresses give JSON by `Accept`."""

from __future__ import annotations

from django.urls import path

from register.site.views import home, issuer, issuers, ledger

urlpatterns = [
    path("", home.show_home, name="home"),
    path("issuers", issuers.list_matching, name="issuers"),
    path("issuers/<uuid:id>", issuer.show_issuer, name="issuer"),
    path("issuers/<path:identifier>", issuer.find_issuer, name="issuer-by-identifier"),
    path("ledger", ledger.show_ledger, name="ledger"),
    path("ledger/entries/<int:index>", ledger.show_entry, name="ledger-entry"),
]
