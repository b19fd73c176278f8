"""Addresses of the ledger."""

urlpatterns: list[object] = []
