"""Addresses of the register: the API, the status lists, then the pages."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import include, path

urlpatterns = [path("", include("register.api.urls")), path("", include("register.status.urls"))]
if find_spec("register.site.urls"):
    urlpatterns += [path("", include("register.site.urls"))]
