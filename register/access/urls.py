"""Addresses of accounts; none ends in a slash."""

from __future__ import annotations

from django.urls import URLPattern, path

from register.access.views import signin

urlpatterns: list[URLPattern] = [
    path("sign-in", signin.sign_in, name="sign-in"),
    path("sign-out", signin.sign_out, name="sign-out"),
]
