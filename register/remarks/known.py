"""What the rules of remarks look at beside the terms: the parties, what was decided before, and the day. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from register import vocabularies
from register.records import AccreditationRecord, AgencyRecord, IssuerRecord


@dataclass(frozen=True, slots=True)
class Known:
    """What the register holds about the parties of a decision, at the moment `now`.

    `held` are the newest records of the issuer's accreditations by any agency, without the one looked at. `countries`
    are those in which the agency has decided before (country codes of issuers); None where nobody looked. What is
    None is not known, and the rules that need it say nothing.
    """

    now: datetime
    agency: AgencyRecord | None = None
    issuer: IssuerRecord | None = None
    held: tuple[AccreditationRecord, ...] = ()
    countries: frozenset[str] | None = field(default=None)

    def active_in(self) -> frozenset[str] | None:
        """Return the countries in which the agency is active: its own, those it is recognised for, decided in."""
        if self.agency is None or self.countries is None:
            return None
        recognised = countries_of(self.agency.scope.jurisdictions or ())
        return self.countries | recognised | {self.agency.country}


def countries_of(places: Iterable[str]) -> frozenset[str]:
    """Return the countries in which some jurisdictions lie."""
    return frozenset(vocabularies.country_of(place) for place in places)
