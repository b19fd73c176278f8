"""Settings of the benchmarks' web server: those of a node, with one more address for the yardstick."""

from deploy.settings import *  # noqa: F403

ROOT_URLCONF = "deploy.bench.urls"
