"""Addresses of the desk's things: issuers, relations, keys, programmes, mandates, an issuer's own desk."""

from __future__ import annotations

from django.urls import URLPattern, path, re_path

from register.desk.views import batches, issuers, keys, mandates, own, programmes, relations

urlpatterns: list[URLPattern] = [
    path("desk/issuers", issuers.list_found, name="desk-issuers"),
    path("desk/issuers/new", issuers.register_new, name="desk-issuer-new"),
    path("desk/issuers/<uuid:id>", issuers.show_issuer_desk, name="desk-issuer"),
    path("desk/issuers/<uuid:id>/amend", issuers.amend, name="desk-issuer-amend"),
    path("desk/issuers/<uuid:id>/close", issuers.close, name="desk-issuer-close"),
    path("desk/issuers/<uuid:id>/take-back", issuers.take_back, name="desk-issuer-take-back"),
    path("desk/issuers/<uuid:id>/relate", relations.relate, name="desk-issuer-relate"),
    path("desk/issuers/<uuid:id>/keys", keys.list_all, name="desk-keys"),
    path("desk/issuers/<uuid:id>/keys/new", keys.bind, name="desk-key-new"),
    path("desk/issuers/<uuid:id>/keys/<uuid:key>/revoke", keys.revoke, name="desk-key-revoke"),
    path("desk/programmes", programmes.list_all, name="desk-programmes"),
    path("desk/programmes/new", programmes.describe, name="desk-programme-new"),
    path("desk/programmes/<uuid:id>/amend", programmes.amend, name="desk-programme-amend"),
    path("desk/programmes/<uuid:id>/close", programmes.close, name="desk-programme-close"),
    path("desk/programmes/<uuid:id>/take-back", programmes.take_back, name="desk-programme-take-back"),
    path("desk/mandates", mandates.list_all, name="desk-mandates"),
    path("desk/mandates/new", mandates.grant, name="desk-mandate-new"),
    path("desk/mandates/<uuid:id>/revoke", mandates.revoke, name="desk-mandate-revoke"),
    path("desk/own", own.show_own, name="desk-own"),
    path("desk/own/accreditations", own.list_own_accreditations, name="desk-own-accreditations"),
    path("desk/batches", own.list_anchored, name="desk-batches"),
    path("desk/batches/new", batches.seal, name="desk-batch-new"),
    path("desk/batches/anchor", batches.anchor, name="desk-batch-anchor"),
    path("desk/batches/receipts", batches.hand_out, name="desk-batch-receipts"),
    path("desk/credentials", own.list_credentials, name="desk-credentials"),
    re_path("^desk/credentials/(?P<act>revoke|suspend|reinstate)$", own.withdraw, name="desk-withdraw"),
]
