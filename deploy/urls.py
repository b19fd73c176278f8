"""All addresses of a node: each app names its own in full, none ends in a slash."""

from django.urls import include, path

from deploy.health import healthz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    # Pages come first: they are asked for most, and every address before them would be tried in vain.
    path("", include("register.site.urls")),
    path("", include("deploy.operator.urls")),
    path("", include("ledger.urls")),
    path("", include("federation.urls")),
    path("", include("register.urls")),
]
