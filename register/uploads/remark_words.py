"""Words of remarks: the sentences of register.remarks.table in the reader's language, dates as they write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from register.remarks import ACCREDITATION, RULES, Remark
from register.site.dates import last_day, spell_day
from register.site.words import Standing, label, label_place

Words = str | Promise

_REMARKS: Final[Mapping[str, Words]] = {
    "agency_not_active": _("The issuer is in {country}, where the agency has decided nothing before."),
    "place_elsewhere": _("It covers {countries}, while the issuer is in {country}."),
    "level_new": _("No earlier accreditation of the issuer covers level {levels}; those before covered {earlier}."),
    "report_missing": _("No report is named."),
    "report_unsealed": _("The report is named by its address alone; nothing fixes what it said."),
    "validity_long": _("It lasts for more than ten years, until {until}."),
    "validity_open": _("No end is stated; it holds until it is revoked."),
    "backdated": _("It takes effect from {since}, more than a year before it is recorded."),
    "over_already": _("It ended on {until}, before it is recorded."),
    "far_ahead": _("It begins on {since}, more than a year from now."),
    "overlapping": _("The agency’s accreditation of the same kind, valid from {since}, overlaps with it."),
    "identifier_used": _("The agency’s number {number} stands at another decision about this issuer."),
    "obligatory_for_other_provider": _(
        "It is said to be part of the obligatory system, while the issuer is another provider."
    ),
    "not_positive": _("The decision is “{decision}”: it entitles the issuer to nothing."),
    "scope_open": _("No levels, fields, types or programmes are named: it is as wide as the agency’s own recognition."),
    "programme_unnamed": _("It accredits programmes and names none: it covers all of the issuer’s within its limits."),
    "revoked_before": _("An accreditation of this issuer was revoked with effect from {since}."),
    "suspended_now": _("An accreditation of this issuer is suspended since {since}."),
    "identifier_missing": _("No identifier is given."),
    "website_missing": _("No website is given."),
    "language_unknown": _("The language of its name is not stated."),
}
"""The sentences of register.remarks.table, marked for translation; a test holds the two together."""

_WHY: Final[Mapping[str, Words]] = {
    "agency_not_active": _("A wrong issuer is most easily noticed by its country."),
    "place_elsewhere": _("Teaching abroad is often subject to another country’s decision."),
    "level_new": _("A level that an issuer never had is often a slip of the keyboard."),
    "report_missing": _("The ESG (2.6) ask for full reports to be published."),
    "report_unsealed": _("With the SHA-256 of the file anybody can tell whether it was changed later."),
    "validity_long": _("Agencies decide for three to eight years; a longer one is often a wrong digit."),
    "validity_open": _(
        "DEQAR takes a decision without an end to be valid for six years; here it is valid without limit."
    ),
    "backdated": _("It changes answers about a past that others have relied upon."),
    "over_already": _("It may be meant as history; then it is right."),
    "far_ahead": _("Dates far ahead are often wrong in their year."),
    "overlapping": _("A renewal usually begins where the one before ends; or the row was recorded before."),
    "identifier_used": _("The same decision may have been recorded before."),
    "obligatory_for_other_provider": _("DEQAR takes only voluntary reviews of providers outside formal education."),
    "not_positive": _("It is recorded so that it can be found, and the trust decision says so."),
    "scope_open": _("A limit that was forgotten widens what the issuer may award."),
    "programme_unnamed": _("A programme accreditation is usually meant for certain programmes."),
    "revoked_before": _("A reader will ask what changed since."),
    "suspended_now": _("A new one beside it would make the suspension void."),
    "identifier_missing": _("Verifiers find an issuer by its identifiers; names are alike."),
    "website_missing": _("Readers tell issuers of one name apart by it."),
    "language_unknown": _("Pages show names in the reader’s language where they can."),
}


NO_LONGER_SO: Final = Standing("off", _("no longer so"))
"""A remark whose decision was amended meanwhile, so that the rule finds nothing in it any more."""


def mark(remark: Remark) -> SafeString:
    """Return the sentence of a remark in the reader's language, as markup."""
    return _mark(remark.code, remark.facts)


def mark_remark(kept: Mapping[str, Any]) -> SafeString:
    """Return the sentence of a remark as it is kept (code, field, facts with instants as text), as markup."""
    return _mark(kept["code"], kept["facts"])


def say_remark(kept: Mapping[str, Any]) -> str:
    """Return the sentence of a remark as it is kept, as plain text."""
    return _find(kept["code"]).format(**{name: _spell(name, fact) for name, fact in kept["facts"].items()})


def say_why(code: str) -> str:
    """Return why anybody should care, in the reader's language."""
    return str(_WHY[code])


def _find(code: str) -> str:
    return str(_REMARKS.get(code) or RULES[code].sentence)


def _mark(code: str, facts: Mapping[str, Any]) -> SafeString:
    """Fill a sentence; an agency's own number is a stranger's text, which may run in the other direction."""
    spelt = {name: _spell(name, fact) for name, fact in facts.items()}
    marked = {name: format_html("<bdi>{}</bdi>", one) if name == "number" else one for name, one in spelt.items()}
    return format_html(_find(code), **marked) if marked else mark_safe(escape(_find(code)))


def _spell(name: str, fact: Any) -> str:
    if name in ("since", "until"):
        return _spell_day(name, fact if isinstance(fact, datetime) else datetime.fromisoformat(fact))
    if name == "country":
        return label_place(str(fact))
    if name == "countries":
        return ", ".join(label_place(str(code)) for code in fact)
    if name == "decision":
        return label("decisions", str(fact))
    return ", ".join(map(str, fact)) if isinstance(fact, list | tuple) else str(fact)


def _spell_day(name: str, moment: datetime) -> str:
    """Write a day; of an end the last day covered, as people say it."""
    return spell_day(last_day(moment) if name == "until" else moment)


_RULES: Final[Mapping[str, Words]] = {
    "agency_not_active": _("New country for the agency"),
    "place_elsewhere": _("Covers another country"),
    "level_new": _("Level new to the issuer"),
    "report_missing": _("No report"),
    "report_unsealed": _("Report without its hash"),
    "validity_long": _("Longer than ten years"),
    "validity_open": _("Without an end"),
    "backdated": _("In effect long before its record"),
    "over_already": _("Over before its record"),
    "far_ahead": _("Begins far ahead"),
    "overlapping": _("Overlaps with another"),
    "identifier_used": _("Number used before"),
    "obligatory_for_other_provider": _("Obligatory for another provider"),
    "not_positive": _("Entitles to nothing"),
    "scope_open": _("No limits named"),
    "programme_unnamed": _("No programme named"),
    "revoked_before": _("Revoked before"),
    "suspended_now": _("Suspended beside it"),
    "identifier_missing": _("No identifier"),
    "website_missing": _("No website"),
    "language_unknown": _("Language of the name unknown"),
}


def list_rules() -> list[tuple[str, str, str]]:
    """Return the name of each rule on decisions, what it says (values left open), and why anybody should care."""
    return [(name_rule(code), _leave_open(_find(code)), say_why(code)) for code in ACCREDITATION]


def _leave_open(template: str) -> str:
    return re.sub(r"\{\w+\}", "…", template).replace("….", "…")


def name_rule(code: str) -> str:
    """Return a rule in two or three words, for lists to choose from."""
    return str(_RULES[code])
