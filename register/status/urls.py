"""Addresses of status lists and of the node's DID document. What is not there is 404 as a problem."""

from __future__ import annotations

from django.urls import path, re_path

from register.api.address import answer_absent
from register.status.views import DidDocument, StatusList

urlpatterns = [
    path(".well-known/did.json", DidDocument.as_view(), name="did-document"),
    path("status/<uuid:issuer>/<str:purpose>/<int:number>", StatusList.as_view(), name="status-list"),
    re_path(r"^status(/|$)", answer_absent),
]
