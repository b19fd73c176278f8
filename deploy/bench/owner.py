"""The yardsticks' connection: as the owner of the database, who may make a bare table."""

from __future__ import annotations

from typing import Any

import psycopg
from django.conf import settings

from deploy.env import NODE_FILE, read_node_file

Connection = psycopg.Connection[tuple[Any, ...]]


def owner_url() -> str:
    """Return the database URL of the owner of the node's tables."""
    return read_node_file(settings.ASSAY_DATA_DIR / NODE_FILE)["DATABASE_URL"]


def connect_as_owner() -> Connection:
    """Connect past Django, each statement its own transaction."""
    return psycopg.connect(owner_url(), autocommit=True)
