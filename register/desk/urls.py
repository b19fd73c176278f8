"""Addresses of the desk; none ends in a slash."""

from __future__ import annotations

from django.urls import URLPattern, path

from register.desk.views import drafts

urlpatterns: list[URLPattern] = [
    path("desk/drafts/<uuid:id>", drafts.show_draft, name="desk-draft"),
    path("desk/drafts/<uuid:id>/receipt", drafts.download_receipt, name="desk-receipt"),
]
