"""References: which issuer or agency of our own register a cell names, for many cells in one query."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Final

from django.conf import settings

from ledger.database import fetch_all
from ledger.reader import get_log
from register.intake.holdings import names_of
from register.models import AgencyVersion
from register.records import AgencyRecord, load_mapping

Reference = tuple[str, str]

_BY_CLAIM: Final = """
    SELECT n.scheme, n.value, c.issuer::text FROM unnest(%s::text[], %s::text[]) AS n(scheme, value)
    JOIN register_claim c ON c.value = n.value AND c.scheme = n.scheme AND c.log_id = %s AND c.recorded_until IS NULL
"""


class References:
    """Looks up issuers by (scheme, value), and agencies also by name; what was asked once is remembered."""

    def __init__(self) -> None:
        self._log = get_log(settings.ASSAY_ORIGIN).id
        self._issuers: dict[Reference, str | None] = {}

    @cached_property
    def _agencies(self) -> list[AgencyRecord]:
        return _read_agencies(self._log)

    def prepare(self, references: Iterable[Reference]) -> None:
        """Look up the issuers that some cells name, in one query."""
        new = {one for one in references if one not in self._issuers}
        self._issuers.update(dict.fromkeys(new))
        own = f"{settings.ASSAY_BASE_URL}/issuers/"
        for one in new:
            scheme, value = one
            if scheme == "node":
                self._issuers[one] = value
            elif scheme == "url" and value.startswith(own):
                self._issuers[one] = value.removeprefix(own)
        asked = sorted(one for one in new if one[0] not in ("node", "url"))
        if asked:
            schemes, values = (list(part) for part in zip(*asked, strict=True))
            for scheme, value, issuer in fetch_all(_BY_CLAIM, (schemes, values, self._log)):
                self._issuers[scheme, value] = issuer

    def issuer(self, reference: Reference) -> str | None:
        """Return the id of the issuer; it must have been prepared."""
        return self._issuers[reference]

    def agency(self, reference: Reference) -> str | None:
        """Return the id of the one agency that is meant."""
        scheme, value = reference
        if scheme == "url":
            value = value.removeprefix(f"{settings.ASSAY_BASE_URL}/agencies/")
        wanted = (scheme, value)
        if scheme in ("name", "node", "url"):
            found = [one.id for one in self._agencies if value.casefold() in names_of(one)]
        else:
            found = [one.id for one in self._agencies if wanted in {(c.scheme, c.value) for c in one.identifiers}]
        return found[0] if len(found) == 1 else None

    def agencies(self) -> list[AgencyRecord]:
        """Return all agencies of our own register."""
        return self._agencies


def _read_agencies(log: int) -> list[AgencyRecord]:
    rows = AgencyVersion.objects.filter(log_id=log, recorded_until__isnull=True).order_by("recorded_from")
    return [load_mapping("agency", content) for content in rows.values_list("content", flat=True)]
