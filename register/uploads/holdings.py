"""What the register holds about the parties of decisions, as the rules of remarks want it: two or three queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.utils import timezone
from pydantic import BaseModel

from ledger.database import fetch_all
from ledger.reader import get_log
from register.payloads import AccreditationTerms
from register.records import AccreditationRecord, AgencyRecord, IssuerRecord, load
from register.remarks import Known, Remark, look

_RECORDS: Final = """
    SELECT 'agency', content::text FROM register_agency
    WHERE log_id = %(log)s AND recorded_until IS NULL AND uid = ANY(%(agencies)s::uuid[])
    UNION ALL SELECT 'issuer', content::text FROM register_issuer
    WHERE log_id = %(log)s AND recorded_until IS NULL AND uid = ANY(%(issuers)s::uuid[])
    UNION ALL SELECT 'accreditation', content::text FROM register_accreditation
    WHERE log_id = %(log)s AND recorded_until IS NULL AND issuer = ANY(%(issuers)s::uuid[])
"""
_COUNTRIES: Final = """
    SELECT DISTINCT a.agency::text, i.country FROM register_accreditation a
    JOIN register_issuer i ON i.uid = a.issuer AND i.log_id = a.log_id AND i.recorded_until IS NULL
    WHERE a.log_id = %s AND a.recorded_until IS NULL AND a.agency = ANY(%s::uuid[])
"""


@dataclass(slots=True)
class Surroundings:
    """Agencies, issuers and their accreditations by id, and the countries in which each agency has decided."""

    now: datetime
    agencies: dict[str, AgencyRecord] = field(default_factory=dict)
    issuers: dict[str, IssuerRecord] = field(default_factory=dict)
    held: dict[str, list[AccreditationRecord]] = field(default_factory=lambda: defaultdict(list))
    countries: dict[str, frozenset[str]] = field(default_factory=dict)

    def known(self, terms: BaseModel, subject: str = "") -> Known:
        """Return what is known of the parties of some terms; `subject` is the decision itself, left out of `held`."""
        if not isinstance(terms, AccreditationTerms):
            return Known(self.now)
        agency = self.agencies.get(terms.agency)
        held = tuple(one for one in self.held.get(terms.issuer, ()) if one.id != subject)
        return Known(self.now, agency, self.issuers.get(terms.issuer), held, self.countries.get(terms.agency))


def survey(
    agencies: Collection[str],
    issuers: Collection[str],
    now: datetime | None = None,
    countries: dict[str, frozenset[str]] | None = None,
) -> Surroundings:
    """Read what our own register holds about some agencies and issuers (two queries).

    `countries` are those of agencies asked for before; what is missing is read and added.
    """
    found = Surroundings(now or timezone.now())
    log = get_log(settings.ASSAY_ORIGIN).id
    named: Mapping[str, Any] = {"log": log, "agencies": list(agencies), "issuers": list(issuers)}
    for kind, content in fetch_all(_RECORDS, dict(named)):
        record = load(kind, content)
        if kind == "accreditation":
            found.held[record.issuer].append(record)
        else:
            (found.agencies if kind == "agency" else found.issuers)[record.id] = record
    found.countries = countries if countries is not None else {}
    asked = [agency for agency in agencies if agency not in found.countries]
    if asked:
        found.countries.update(_read_countries(log, asked))
    return found


def _read_countries(log: int, agencies: Collection[str]) -> dict[str, frozenset[str]]:
    decided: dict[str, set[str]] = {agency: set() for agency in agencies}
    for agency, country in fetch_all(_COUNTRIES, (log, list(agencies))):
        decided[agency].add(country)
    return {agency: frozenset(countries) for agency, countries in decided.items()}


def remarks_on(terms: BaseModel, subject: str = "") -> tuple[Remark, ...]:
    """Return the remarks on what is to be said now of a decision or a new issuer."""
    return look(terms, survey_for([terms]).known(terms, subject))


def survey_for(said: Iterable[BaseModel]) -> Surroundings:
    """Read what is held about the parties of some terms."""
    decisions = [terms for terms in said if isinstance(terms, AccreditationTerms)]
    return survey({one.agency for one in decisions}, {one.issuer for one in decisions})
