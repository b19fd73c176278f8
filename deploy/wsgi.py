"""The WSGI application that granian serves."""

import os
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections

from deploy.limits import most_for
from deploy.slow_bodies import BodyDeadline

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.settings")


def allow(environ: dict[str, Any]) -> int:
    """Return how many bytes a body may have; a session is looked for, before any request has begun."""
    close_old_connections()
    return most_for(environ)


application = BodyDeadline(get_wsgi_application(), settings.ASSAY_BODY_PACE, settings.ASSAY_MAX_BODY_BYTES, allow)
