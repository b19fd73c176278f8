"""The rules of remarks on a decision: each takes the terms and what is known, and gives facts when it has one.

After the flags of DEQAR (EQAR): country not among those the agency works in, level not offered before, file missing,
validity long past; and what else a second reader would ask. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from register.payloads import AccreditationTerms
from register.records import POSITIVE_DECISIONS, AccreditationRecord, Period
from register.remarks.known import Known, countries_of

Fact = str | int | datetime | tuple[str | int, ...]
Facts = Mapping[str, Fact]

_YEAR: Final = timedelta(days=365)
BACKDATED: Final = _YEAR
"""A decision that took effect longer ago than this before it is recorded is remarked upon, as DEQAR does."""

AHEAD: Final = _YEAR
LONG: Final = 10 * _YEAR + timedelta(days=3)
"""Ten years with their leap days; agencies decide for three to eight."""


def agency_not_active(terms: AccreditationTerms, known: Known) -> Facts | None:
    """The issuer's country is neither the agency's own, nor named in its recognition, nor decided in before."""
    active = known.active_in()
    if active is None or known.issuer is None or known.issuer.country in active:
        return None
    return {"country": known.issuer.country}


def place_elsewhere(terms: AccreditationTerms, known: Known) -> Facts | None:
    """The scope names countries other than the issuer's own."""
    if known.issuer is None:
        return None
    elsewhere = countries_of(terms.scope.jurisdictions or ()) - {known.issuer.country}
    return {"countries": tuple(sorted(elsewhere)), "country": known.issuer.country} if elsewhere else None


def level_new(terms: AccreditationTerms, known: Known) -> Facts | None:
    """A level that no earlier accreditation of the issuer covers, where all earlier ones name their levels."""
    earlier = [one.scope.eqf_levels for one in known.held if one.decision in POSITIVE_DECISIONS]
    if not earlier or None in earlier:
        return None
    covered = {level for levels in earlier for level in levels or ()}
    new = tuple(level for level in terms.scope.eqf_levels or () if level not in covered)
    return {"levels": new, "earlier": tuple(sorted(covered))} if new else None


def report_missing(terms: AccreditationTerms, known: Known) -> Facts | None:
    """No report is named."""
    return {} if terms.report is None else None


def report_unsealed(terms: AccreditationTerms, known: Known) -> Facts | None:
    """A report is named, but not which bytes it had."""
    return {} if terms.report is not None and terms.report.sha256 is None else None


def validity_long(terms: AccreditationTerms, known: Known) -> Facts | None:
    """It lasts longer than agencies usually decide for."""
    end = terms.valid_until
    return {"until": end} if end is not None and end - terms.valid_from > LONG else None


def validity_open(terms: AccreditationTerms, known: Known) -> Facts | None:
    """No end is stated."""
    return {} if terms.valid_until is None and terms.decision in POSITIVE_DECISIONS else None


def backdated(terms: AccreditationTerms, known: Known) -> Facts | None:
    """It takes effect long before the day on which it is recorded."""
    return {"since": terms.valid_from} if known.now - terms.valid_from > BACKDATED else None


def over_already(terms: AccreditationTerms, known: Known) -> Facts | None:
    """Its validity has ended before it is recorded."""
    return {"until": terms.valid_until} if terms.valid_until is not None and terms.valid_until <= known.now else None


def far_ahead(terms: AccreditationTerms, known: Known) -> Facts | None:
    """It begins more than a year from now."""
    return {"since": terms.valid_from} if terms.valid_from - known.now > AHEAD else None


def overlapping(terms: AccreditationTerms, known: Known) -> Facts | None:
    """The same agency's accreditation of the same kind, for the same programmes, is in force at an overlapping time."""
    for one in known.held:
        same = (one.agency, one.kind, _programmes(one)) == (
            terms.agency,
            terms.kind,
            frozenset(terms.scope.programmes or ()),
        )
        if same and one.revocation is None and _overlap(one.valid, terms):
            return {"since": one.valid.valid_from or terms.valid_from, "accreditation": one.id}
    return None


def identifier_used(terms: AccreditationTerms, known: Known) -> Facts | None:
    """The agency's own number stands at another decision about the same issuer."""
    number = terms.local_identifier
    twins = [one for one in known.held if number and (one.agency, one.local_identifier) == (terms.agency, number)]
    return {"number": number or "", "accreditation": twins[0].id} if twins else None


def obligatory_for_other_provider(terms: AccreditationTerms, known: Known) -> Facts | None:
    """Part of the obligatory system, though the issuer is no institution of formal education (DEQAR refuses these)."""
    other = known.issuer is not None and known.issuer.provider_type == 2
    return {} if other and terms.status == "obligatory" else None


def not_positive(terms: AccreditationTerms, known: Known) -> Facts | None:
    """The decision gives the issuer no right to award."""
    return None if terms.decision in POSITIVE_DECISIONS else {"decision": terms.decision}


def scope_open(terms: AccreditationTerms, known: Known) -> Facts | None:
    """It names neither levels nor fields nor types nor programmes: it is as wide as the agency's recognition."""
    scope = terms.scope
    return None if scope.eqf_levels or scope.isced_f or scope.credential_types or scope.programmes else {}


def programme_unnamed(terms: AccreditationTerms, known: Known) -> Facts | None:
    """An accreditation of programmes that names no programme covers all of the issuer's within its limits."""
    return {} if terms.kind != "institutional" and not terms.scope.programmes else None


def revoked_before(terms: AccreditationTerms, known: Known) -> Facts | None:
    """An earlier accreditation of the issuer was revoked."""
    dates = [one.revocation.effective_from for one in known.held if one.revocation is not None]
    return {"since": max(dates)} if dates else None


def suspended_now(terms: AccreditationTerms, known: Known) -> Facts | None:
    """An accreditation of the issuer is suspended at this time."""
    open_spans = [span for one in known.held for span in one.suspensions if span.effective_until is None]
    return {"since": max(span.effective_from for span in open_spans)} if open_spans else None


def _programmes(record: AccreditationRecord) -> frozenset[str]:
    return frozenset(record.scope.programmes or ())


def _overlap(valid: Period, terms: AccreditationTerms) -> bool:
    ends_before = valid.valid_until is not None and valid.valid_until <= terms.valid_from
    begins_after = (
        terms.valid_until is not None and valid.valid_from is not None and terms.valid_until <= valid.valid_from
    )
    return not (ends_before or begins_after)
