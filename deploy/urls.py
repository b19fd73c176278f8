"""All addresses of a node: each app names its own in full, none ends in a slash."""

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

from deploy.health import healthz

_APPS = ("ledger.urls", "register.urls", "federation.urls")

urlpatterns: list[URLPattern | URLResolver] = [path("healthz", healthz, name="healthz")]
urlpatterns += [path("", include(name)) for name in _APPS if find_spec(name)]
