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
from register.payloads import AccreditationChanges, AccreditationTerms
from register.queries.cuts import resolve_cut
from register.queries.single import find_records
from register.records import AccreditationRecord, AgencyRecord, IssuerRecord, load
from register.remarks import Known, Remark, look, look_at_change, terms_of

_RECORDS: Final = """
    SELECT 'agency', content::text FROM register_agency
    WHERE log_id = %(log)s AND recorded_until IS NULL AND uid = ANY(%(agencies)s::uuid[])
    UNION ALL SELECT 'issuer', content::text FROM register_issuer
    WHERE log_id = %(log)s AND recorded_until IS NULL AND uid = ANY(%(issuers)s::uuid[])
    UNION ALL SELECT 'accreditation', content::text FROM register_accreditation
    WHERE log_id = %(log)s AND recorded_until IS NULL AND issuer = ANY(%(issuers)s::uuid[])
"""
_COUNTRIES: Final = """
    SELECT a.agency::text, i.country, min((a.content->'granted'->>'index')::bigint) FROM register_accreditation a
    JOIN register_issuer i ON i.uid = a.issuer AND i.log_id = a.log_id AND i.recorded_until IS NULL
    WHERE a.log_id = %s AND a.recorded_until IS NULL AND a.agency = ANY(%s::uuid[]) GROUP BY 1, 2
"""

Countries = dict[str, dict[str, int]]
"""Agency → country in which it has decided → index of the first decision there."""


@dataclass(slots=True)
class Surroundings:
    """Agencies, issuers and accreditations by id, and the countries in which each agency has decided, since when."""

    now: datetime
    agencies: dict[str, AgencyRecord] = field(default_factory=dict)
    issuers: dict[str, IssuerRecord] = field(default_factory=dict)
    held: dict[str, list[AccreditationRecord]] = field(default_factory=lambda: defaultdict(list))
    countries: Countries = field(default_factory=dict)

    def known(self, terms: BaseModel, subject: str = "", before: int | None = None) -> Known:
        """Return what is known of the parties of some terms.

        `subject` is the decision itself, left out of `held`; of others only those recorded `before` an entry count.
        """
        if not isinstance(terms, AccreditationTerms):
            return Known(self.now)
        end = float("inf") if before is None else before
        held = tuple(one for one in self.held.get(terms.issuer, ()) if one.id != subject and one.granted.index < end)
        decided = self.countries.get(terms.agency)
        active = None if decided is None else frozenset(place for place, index in decided.items() if index < end)
        return Known(self.now, self.agencies.get(terms.agency), self.issuers.get(terms.issuer), held, active)


def survey(
    agencies: Collection[str],
    issuers: Collection[str],
    now: datetime | None = None,
    countries: Countries | None = None,
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


def _read_countries(log: int, agencies: Collection[str]) -> Countries:
    decided: Countries = {agency: {} for agency in agencies}
    for agency, country, index in fetch_all(_COUNTRIES, (log, list(agencies))):
        decided[agency][country] = index
    return decided


def remarks_on(terms: BaseModel, subject: str = "") -> tuple[Remark, ...]:
    """Return the remarks on what is to be said now of a decision or a new issuer; of an amendment those new by it."""
    if isinstance(terms, AccreditationChanges):
        return _remarks_on_change(subject, terms)
    return look(terms, survey_for([terms]).known(terms, subject))


def _remarks_on_change(subject: str, changes: AccreditationChanges) -> tuple[Remark, ...]:
    record: AccreditationRecord | None = find_records("accreditation", [subject], resolve_cut()).get(subject.lower())
    if record is None:
        return ()
    around = survey({record.agency}, {record.issuer})
    return look_at_change(record, changes, around.known(terms_of(record), record.id))


def survey_for(said: Iterable[BaseModel]) -> Surroundings:
    """Read what is held about the parties of some terms."""
    decisions = [terms for terms in said if isinstance(terms, AccreditationTerms)]
    return survey({one.agency for one in decisions}, {one.issuer for one in decisions})
