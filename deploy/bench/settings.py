"""Settings of the benchmarks' web server: those of a node, with addresses for the yardsticks and without limits."""

from pathlib import Path

from deploy.settings import *  # noqa: F403

ROOT_URLCONF = "deploy.bench.urls"
TEMPLATES = [{**TEMPLATES[0], "DIRS": [Path(__file__).parent / "templates"]}]  # noqa: F405
ASSAY_BATCHES_PER_MINUTE = 0
# Pages name their style and scripts; a bench's node has collected none, and asks for none.
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}  # noqa: F405
