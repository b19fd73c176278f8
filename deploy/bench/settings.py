"""Settings of the benchmarks' web server: those of a node, with addresses for the yardsticks and without limits."""

from deploy.settings import *  # noqa: F403

ROOT_URLCONF = "deploy.bench.urls"
ASSAY_BATCHES_PER_MINUTE = 0
