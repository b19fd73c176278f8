"""Addresses of the desk; none ends in a slash."""

from __future__ import annotations

from django.urls import URLPattern, path

from register.desk import thing_urls
from register.desk.views import decisions, drafts

urlpatterns: list[URLPattern] = [
    *thing_urls.urlpatterns,
    path("desk/decisions/new", decisions.record_decision, name="desk-decision"),
    path("desk/issuers/find", decisions.find, name="desk-find-issuer"),
    path("desk/issuers/offers", decisions.offer, name="desk-offers"),
    path("desk/drafts", drafts.list_drafts, name="desk-drafts"),
    path("desk/drafts/<uuid:id>", drafts.show_draft, name="desk-draft"),
    path("desk/drafts/<uuid:id>/receipt", drafts.download_receipt, name="desk-receipt"),
]
