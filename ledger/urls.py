"""Addresses of the node's own ledger."""

from django.urls import path

from ledger import views

urlpatterns = [
    path("ledger/checkpoint", views.checkpoint, name="ledger-checkpoint"),
    path("ledger/tile/<path:path>", views.tile, name="ledger-tile"),
    path("ledger/receipt/<str:index>", views.receipt, name="ledger-receipt"),
]
