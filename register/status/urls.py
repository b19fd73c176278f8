"""Addresses of status lists and of the node's DID document."""

from __future__ import annotations

from django.urls import path

from register.status.views import DidDocument, StatusList

urlpatterns = [
    path(".well-known/did.json", DidDocument.as_view(), name="did-document"),
    path("status/<uuid:issuer>/<str:purpose>/<int:number>", StatusList.as_view(), name="status-list"),
]
