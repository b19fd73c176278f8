"""Addresses of the desk; none ends in a slash."""

from __future__ import annotations

from django.urls import URLPattern, path

from register.desk import agency_urls, thing_urls
from register.desk.views import accreditations, decisions, drafts, home

urlpatterns: list[URLPattern] = [
    *thing_urls.urlpatterns,
    *agency_urls.urlpatterns,
    path("desk", home.show_home, name="desk"),
    path("desk/four-eyes", home.choose_four_eyes, name="desk-four-eyes"),
    path("desk/accreditations", accreditations.list_accreditations, name="desk-accreditations"),
    path("desk/accreditations/<uuid:id>", accreditations.show_accreditation, name="desk-accreditation"),
    path("desk/accreditations/<uuid:id>/<slug:how>", accreditations.change, name="desk-change"),
    path("desk/decisions/new", decisions.record_decision, name="desk-decision"),
    path("desk/issuers/find", decisions.find, name="desk-find-issuer"),
    path("desk/issuers/offers", decisions.offer, name="desk-offers"),
    path("desk/drafts", drafts.list_drafts, name="desk-drafts"),
    path("desk/drafts/<uuid:id>", drafts.show_draft, name="desk-draft"),
    path("desk/drafts/<uuid:id>/receipt", drafts.download_receipt, name="desk-receipt"),
]
