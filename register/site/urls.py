"""Addresses of the public pages; none ends in a slash. The same addresses give JSON by `Accept`.

An issuer by any identifier is in register.urls: its address would hide those of other apps below /issuers/.
"""

from __future__ import annotations

from django.urls import path

from register.site.views import (
    accreditation,
    agencies,
    changes,
    checkpoints,
    codes,
    countries,
    design,
    figures,
    home,
    issuer,
    issuer_files,
    issuers,
    ledger,
    programme,
    verify,
)

urlpatterns = [
    path("", home.show_home, name="home"),
    path("issuers", issuers.list_matching, name="issuers"),
    path("issuers.csv", issuer_files.send_csv, name="issuers-csv"),
    path("issuers.json", issuer_files.send_json, name="issuers-json"),
    path("issuers/<uuid:id>", issuer.show_issuer, name="issuer"),
    path("issuers/<uuid:id>/changes", changes.show_changes, name="issuer-changes"),
    path("issuers/<uuid:id>/qr.svg", codes.draw_issuer, name="issuer-code"),
    path("agencies", agencies.list_recognised, name="agencies"),
    path("agencies.csv", issuer_files.send_agencies, name="agencies-csv"),
    path("agencies/<uuid:id>", agencies.show_agency, name="agency"),
    path("accreditations/<uuid:id>", accreditation.show_accreditation, name="accreditation"),
    path("countries", countries.list_countries, name="countries"),
    path("countries/<str:code>", countries.show_country, name="country"),
    path("figures", figures.show_figures, name="figures"),
    path("programmes/<uuid:id>", programme.show_programme, name="programme"),
    path("verify", verify.check_credential, name="verify"),
    path("verify/examples/<str:name>.json", verify.download_example, name="verify-example"),
    path("verify/qr.svg", codes.draw_verify, name="verify-code"),
    path("ledger", ledger.show_ledger, name="ledger"),
    path("ledger/checkpoints", checkpoints.list_checkpoints, name="checkpoints"),
    path("design", design.show_design, name="design"),
    path("ledger/entries/<int:index>", ledger.show_entry, name="ledger-entry"),
]
