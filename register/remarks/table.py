"""The table of remarks: code, the field to look at, the sentence, and why anybody should care. Pure.

Sentences are templates with named values, kept apart from what fills them, so that pages can translate both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from register.remarks import accreditations, issuers
from register.remarks.accreditations import Facts
from register.remarks.known import Known

Test = Callable[[Any, Known], Facts | None]


class Rule(NamedTuple):
    """One rule: the test, the field of the terms it is about, what it says, and why."""

    test: Test
    field: str
    sentence: str
    why: str


ACCREDITATION: Final[Mapping[str, Rule]] = {
    "agency_not_active": Rule(
        accreditations.agency_not_active,
        "issuer",
        "The issuer is in {country}, where the agency has decided nothing before.",
        "A wrong issuer is most easily noticed by its country.",
    ),
    "place_elsewhere": Rule(
        accreditations.place_elsewhere,
        "scope.jurisdictions",
        "It covers {countries}, while the issuer is in {country}.",
        "Teaching abroad is often subject to another country’s decision.",
    ),
    "level_new": Rule(
        accreditations.level_new,
        "scope.eqf_levels",
        "No earlier accreditation of the issuer covers level {levels}; those before covered {earlier}.",
        "A level that an issuer never had is often a slip of the keyboard.",
    ),
    "report_missing": Rule(
        accreditations.report_missing,
        "report",
        "No report is named.",
        "The ESG (2.6) ask for full reports to be published.",
    ),
    "report_unsealed": Rule(
        accreditations.report_unsealed,
        "report.sha256",
        "The report is named by its address alone; nothing fixes what it said.",
        "With the SHA-256 of the file anybody can tell whether it was changed later.",
    ),
    "validity_long": Rule(
        accreditations.validity_long,
        "valid_until",
        "It lasts for more than ten years, until {until}.",
        "Agencies decide for three to eight years; a longer one is often a wrong digit.",
    ),
    "validity_open": Rule(
        accreditations.validity_open,
        "valid_until",
        "No end is stated; it holds until it is revoked.",
        "DEQAR takes a decision without an end to be valid for six years; here it is valid without limit.",
    ),
    "backdated": Rule(
        accreditations.backdated,
        "valid_from",
        "It takes effect from {since}, more than a year before it is recorded.",
        "It changes answers about a past that others have relied upon.",
    ),
    "over_already": Rule(
        accreditations.over_already,
        "valid_until",
        "It ended on {until}, before it is recorded.",
        "It may be meant as history; then it is right.",
    ),
    "far_ahead": Rule(
        accreditations.far_ahead,
        "valid_from",
        "It begins on {since}, more than a year from now.",
        "Dates far ahead are often wrong in their year.",
    ),
    "overlapping": Rule(
        accreditations.overlapping,
        "valid_from",
        "The agency’s accreditation of the same kind, valid from {since}, overlaps with it.",
        "A renewal usually begins where the one before ends; or the row was recorded before.",
    ),
    "identifier_used": Rule(
        accreditations.identifier_used,
        "local_identifier",
        "The agency’s number {number} stands at another decision about this issuer.",
        "The same decision may have been recorded before.",
    ),
    "obligatory_for_other_provider": Rule(
        accreditations.obligatory_for_other_provider,
        "status",
        "It is said to be part of the obligatory system, while the issuer is another provider.",
        "DEQAR takes only voluntary reviews of providers outside formal education.",
    ),
    "not_positive": Rule(
        accreditations.not_positive,
        "decision",
        "The decision is “{decision}”: it entitles the issuer to nothing.",
        "It is recorded so that it can be found, and the trust decision says so.",
    ),
    "scope_open": Rule(
        accreditations.scope_open,
        "scope",
        "No levels, fields, types or programmes are named: it is as wide as the agency’s own recognition.",
        "A limit that was forgotten widens what the issuer may award.",
    ),
    "programme_unnamed": Rule(
        accreditations.programme_unnamed,
        "scope.programmes",
        "It accredits programmes and names none: it covers all of the issuer’s within its limits.",
        "A programme accreditation is usually meant for certain programmes.",
    ),
    "revoked_before": Rule(
        accreditations.revoked_before,
        "issuer",
        "An accreditation of this issuer was revoked with effect from {since}.",
        "A reader will ask what changed since.",
    ),
    "suspended_now": Rule(
        accreditations.suspended_now,
        "issuer",
        "An accreditation of this issuer is suspended since {since}.",
        "A new one beside it would make the suspension void.",
    ),
}
"""Code → rule for decisions, in the order in which remarks are listed."""

ISSUER: Final[Mapping[str, Rule]] = {
    "identifier_missing": Rule(
        issuers.identifier_missing,
        "identifiers",
        "No identifier is given.",
        "Verifiers find an issuer by its identifiers; names are alike.",
    ),
    "website_missing": Rule(
        issuers.website_missing, "website", "No website is given.", "Readers tell issuers of one name apart by it."
    ),
    "language_unknown": Rule(
        issuers.language_unknown,
        "names",
        "The language of its name is not stated.",
        "Pages show names in the reader’s language where they can.",
    ),
}
"""Code → rule for new issuers."""

RULES: Final[Mapping[str, Rule]] = {**ACCREDITATION, **ISSUER}
"""All rules by code."""
