"""What the register holds already, as intake needs it: current issuers, and who holds which identifier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from register.models import AgencyVersion, IssuerVersion
from register.records import AgencyRecord, IssuerRecord, load_mapping


@dataclass(frozen=True, slots=True)
class Holdings:
    """The newest records of our own ledger, and an index of the issuers' identifiers."""

    issuers: dict[str, IssuerRecord]
    agencies: dict[str, AgencyRecord]
    holders: dict[tuple[str, str], str]

    def find(self, reference: tuple[str, str], what: str) -> str | None:
        """Return the id of the issuer or agency that (scheme, value) names; `what` is a column of a table."""
        scheme, value = reference
        if scheme == "name":
            return self._find_agency(value)
        records: Mapping[str, IssuerRecord | AgencyRecord] = self.issuers if what == "issuer" else self.agencies
        if scheme == "node":
            return value if value in records else None
        if scheme == "url":
            return next((record.id for record in records.values() if record.url == value), None)
        if what == "issuer":
            return self.holders.get((scheme, value))
        claims = ((agency.id, claim) for agency in self.agencies.values() for claim in agency.identifiers)
        return next((agency for agency, claim in claims if (claim.scheme, claim.value) == (scheme, value)), None)

    def _find_agency(self, name: str) -> str | None:
        """Return the one agency of that name or acronym."""
        wanted = name.casefold()
        found = [one.id for one in self.agencies.values() if wanted in names_of(one)]
        return found[0] if len(found) == 1 else None


def names_of(agency: AgencyRecord) -> set[str]:
    """Return what an agency goes by: id, acronym, names in all languages, in small letters."""
    return {agency.id, (agency.acronym or "").casefold(), *(name.casefold() for name in agency.names.values())} - {""}


def read_holdings(log_id: int) -> Holdings:
    """Read all issuers and agencies that count, from the newest versions; some ten thousand fit in memory well."""
    counting = (record for record in _read(IssuerVersion, log_id) if not record.quarantine)
    issuers: dict[str, IssuerRecord] = {record.id: record for record in counting}
    agencies: dict[str, AgencyRecord] = {record.id: record for record in _read(AgencyVersion, log_id)}
    holders = {(c.scheme, c.value): issuer.id for issuer in issuers.values() for c in issuer.identifiers}
    return Holdings(issuers, agencies, holders)


def _read(model: type[IssuerVersion] | type[AgencyVersion], log_id: int) -> Iterator[Any]:
    rows = model.objects.filter(log_id=log_id, recorded_until__isnull=True).order_by("recorded_from")
    return (load_mapping(model.kind, content) for content in rows.values_list("content", flat=True).iterator(2000))
