"""Addresses of the agencies on the operator's board."""

from __future__ import annotations

from django.urls import URLPattern, path

from register.desk.views import agencies

urlpatterns: list[URLPattern] = [
    path("operator/agencies", agencies.list_all, name="operator-agencies"),
    path("operator/agencies/new", agencies.recognise, name="operator-agency-new"),
    path("operator/agencies/<uuid:id>", agencies.show_one, name="operator-agency"),
    path("operator/agencies/<uuid:id>/amend", agencies.amend, name="operator-agency-amend"),
    path("operator/agencies/<uuid:id>/correct", agencies.correct, name="operator-agency-correct"),
    path("operator/agencies/<uuid:id>/withdraw", agencies.withdraw, name="operator-agency-withdraw"),
    path("operator/agencies/<uuid:id>/take-back", agencies.take_back, name="operator-agency-take-back"),
]
