"""Background jobs of open data; each may run twice."""

from __future__ import annotations

import logging

from celery import shared_task

from register.opendata.errors import OpenDataError
from register.opendata.exporting import export

log = logging.getLogger(__name__)


@shared_task(name="opendata.export")
def export_nightly() -> None:
    """Export what the ledger holds tonight."""
    try:
        export()
    except OpenDataError as error:
        log.warning("no export: %s", error)
