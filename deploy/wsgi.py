"""The WSGI application that granian serves."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from deploy.limits import most_for
from deploy.slow_bodies import BodyDeadline

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.settings")
application = BodyDeadline(get_wsgi_application(), settings.ASSAY_BODY_PACE, settings.ASSAY_MAX_BODY_BYTES, most_for)
