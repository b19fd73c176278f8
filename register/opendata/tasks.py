"""Background jobs of open data; each may run twice."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone

from register.opendata.errors import OpenDataError
from register.opendata.exporting import export
from register.opendata.published import NIGHTLY, newest_export

log = logging.getLogger(__name__)


@shared_task(name="opendata.export")
def export_nightly() -> None:
    """Export what the ledger holds tonight."""
    try:
        export()
    except OpenDataError as error:
        log.warning("no export: %s", error)


@shared_task(name="opendata.begin")
def export_first() -> None:
    """Export at once where there is no export yet: nobody should have to wait for the first night."""
    if newest_export() is None:
        export_nightly()


@shared_task(name="opendata.catch_up")
def export_missed() -> None:
    """Export now where the night's export was missed: the node stood still, or the export failed."""
    newest = newest_export()
    if newest is not None and timezone.now() - newest.made_at > NIGHTLY:
        export_nightly()
