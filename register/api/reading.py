"""The addresses that give records: lists with cursors, single things, histories, events; as they are or were known."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils import timezone

from register import records
from register.api.resources import describe
from register.models import VERSIONS


def describe_one(kind: str, record_id: str) -> dict[str, Any]:
    """Return a thing of our own register as it is now."""
    row = VERSIONS[kind].objects.get(uid=record_id, recorded_until=None, log__origin=settings.ASSAY_ORIGIN)
    return describe(kind, records.load_mapping(kind, row.content), timezone.now())
