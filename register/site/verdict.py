"""The verdict: the one sentence a page about an issuer begins with, and the few that say what it rests on.

Made from a trust decision; the same words in lists, shorter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import ngettext

from register.moments import format_moment
from register.records import Ending, IssuerRecord, RelationRecord
from register.scope import LIMITS, Scope
from register.site.dates import last_day, mark_day, spell_day, spell_period
from register.site.links import link_to, path_to
from register.site.names import name_record
from register.site.remembering import gettext
from register.site.standing import Contribution, Instants, IssuerStanding
from register.site.telling import tell
from register.site.words import Standing, Tone, label, spell_award, spell_scope
from register.trust import Reason, Since
from register.trust.lineage import read_succession
from register.trust.reasons import CLAIMED, KEY_CLAIMED

_MOST_SINCE: Final = 3
_CLAIMS: Final = frozenset({CLAIMED, KEY_CLAIMED})

No = tuple[Tone, str, str]
"""A no: its tone, its words in a list, its words after a colon in the headline."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer: tone, headline, the sentences below it, and the short form for lists."""

    tone: Tone
    headline: str
    sentences: tuple[SafeString, ...]
    short: str

    @property
    def tag(self) -> Standing:
        """The short form with its symbol."""
        return Standing(self.tone, self.short)

    @property
    def symbol(self) -> str:
        """The id of its symbol."""
        return self.tag.symbol


def reach_verdict(standing: IssuerStanding) -> Verdict:
    """Say how an issuer stands."""
    decision = standing.decision
    succession = find_succession(standing)
    if succession is not None:
        return _say_succeeded(standing, succession)
    if decision.decision == "trusted":
        return _say_entitled(standing)
    if decision.decision == "unchecked":
        words = gettext("Not checked: the register has not been verified lately")
        return Verdict("off", words, _tell(decision.reasons), gettext("not checked"))
    return _say_not_entitled(standing)


def find_succession(standing: IssuerStanding) -> RelationRecord | None:
    """Return the relation by which another issuer answers for this one at the instant asked, if one does."""
    chain = standing.decision.chain
    if chain.asked is None or chain.issuer is None or chain.asked.id == chain.issuer.id:
        return None
    passed = (read_succession(relation) for relation in chain.relations)
    pairs = zip(passed, chain.relations, strict=True)
    return next((relation for pair, relation in pairs if pair and pair[0] == standing.issuer.id), None)


def _on(instants: Instants) -> str:
    return gettext("today") if instants.today else gettext("on %(day)s") % {"day": spell_day(instants.at)}


def _say_entitled(standing: IssuerStanding) -> Verdict:
    counting = standing.counting
    award = spell_award(unite_scopes([one.scope for one in counting]))
    values = {"when": _on(standing.instants), "award": award}
    conditional = bool(counting) and all(one.record.decision == "positive_with_conditions" for one in counting)
    words = (
        gettext("Entitled %(when)s, with conditions, to award %(award)s")
        if conditional
        else gettext("Entitled %(when)s to award %(award)s")
    )
    ground = [_ground(counting[0]), *_count_others(standing)] if counting else _tell(standing.decision.reasons)
    sentences = [*ground, *_tell_claims(standing), *_tell_since(standing)]
    short = gettext("may award %(award)s") % values
    return Verdict("warn" if conditional else "good", words % values, tuple(sentences), short)


def _tell_claims(standing: IssuerStanding) -> tuple[SafeString, ...]:
    """Say what other registers claim against the answer."""
    told = [one.text for reason in standing.decision.reasons for one in reason.sentences if one.template in _CLAIMS]
    return tuple(tell(text) for text in told)


def unite_scopes(scopes: list[Scope]) -> Scope:
    """Return what several scopes let through together, limit by limit; for a headline, not for a decision."""
    united: dict[str, Any] = {}
    for limit in LIMITS.values():
        values = [scope.limit(limit) for scope in scopes]
        if all(value is not None for value in values):
            united[limit] = tuple(dict.fromkeys(term for value in values for term in value or ()))
    return Scope(**united)


def _ground(one: Contribution) -> SafeString:
    """Say what the entitlement rests on: scope, agency, period, and by which way it reaches the issuer."""
    agency = link_to("agency", one.agency) if one.agency else gettext("an agency")
    said = format_html(
        gettext("{scope}. Accredited by {agency}, {period}."),
        scope=_capitalise(spell_scope(one.scope)),
        agency=agency,
        period=spell_period(one.record.valid),
    )
    if not one.inherited:
        return said
    relation = label("relations", one.inherited[0].relation).lower()
    told = gettext("It awards under the accreditation of {holder} ({relation}).")
    return format_html("{} {}", said, format_html(told, holder=link_to("issuer", one.holder), relation=relation))


def _count_others(standing: IssuerStanding) -> list[SafeString]:
    told = []
    further = len(standing.counting) - 1
    if further > 0:
        words = ngettext(
            "One further accreditation is in force.", "{count} further accreditations are in force.", further
        )
        told.append(format_html(words, count=further))
    for one in standing.own:
        if one.state == "revoked" and one.record.revocation:
            words = gettext(
                "Another accreditation was revoked with effect from {day}: what was awarded before is not affected."
            )
            told.append(format_html(words, day=mark_day(one.record.revocation.effective_from)))
        elif one.state == "suspended":
            told.append(format_html("{}", gettext("Another accreditation is suspended.")))
    return told[:3]


def _tell_since(standing: IssuerStanding) -> list[SafeString]:
    """Say what took effect after a past instant."""
    later = standing.decision.since[:_MOST_SINCE]
    if not later:
        return []
    listed = format_html_join("; ", "{}", ((_spell_since(since),) for since in later))
    return [format_html(gettext("Since then: {later}."), later=listed)]


def _spell_since(since: Since) -> SafeString:
    words = _SINCE.get(since.what, lambda: since.what.replace("_", " "))()
    return format_html(gettext("{what} with effect from {day}"), what=words, day=mark_day(since.effective_from))


_SINCE: Final[Mapping[str, Callable[[], str]]] = {
    "revoked": lambda: gettext("the accreditation was revoked"),
    "suspended": lambda: gettext("the accreditation was suspended"),
    "reinstated": lambda: gettext("the suspension was lifted"),
    "amended": lambda: gettext("the scope was changed"),
    "agency_withdrawn": lambda: gettext("the recognition of the agency was withdrawn"),
    "issuer_closed": lambda: gettext("the institution closed"),
    "merged_into": lambda: gettext("it merged into another institution"),
    "absorbed": lambda: gettext("it was absorbed by another institution"),
    "succeeded": lambda: gettext("it was succeeded by another institution"),
}


def _say_succeeded(standing: IssuerStanding, relation: RelationRecord) -> Verdict:
    successor = standing.decision.chain.issuer
    assert successor is not None
    merged = relation.relation != "succeeded"
    words = gettext("Merged into %(name)s") if merged else gettext("Succeeded by %(name)s")
    start = relation.valid.valid_from
    headline = words % {"name": name_record(successor).text}
    if start is not None:
        headline = gettext("%(what)s on %(day)s") % {"what": headline, "day": spell_day(start)}
    sentences = (_answer_of(standing, successor), _past_stands())
    return Verdict("warn", headline, sentences, gettext("merged") if merged else gettext("succeeded"))


def _answer_of(standing: IssuerStanding, successor: IssuerRecord) -> SafeString:
    link = link_to("issuer", successor)
    if standing.decision.decision == "trusted":
        return format_html(
            gettext("Its successor, {successor}, answers for it and is entitled to award."), successor=link
        )
    return format_html(
        gettext("Its successor, {successor}, answers for it and is not entitled to award."), successor=link
    )


def _past_stands() -> SafeString:
    return format_html(
        "{}",
        gettext("What it awarded while it was accredited stands: ask as of an earlier date to see its own record."),
    )


def _say_not_entitled(standing: IssuerStanding) -> Verdict:
    reasons = {reason.code: reason for reason in standing.decision.reasons}
    closure = standing.issuer.closure
    if "issuer_closed" in reasons and closure is not None:
        return _say_closed(closure)
    code = next((code for code in _NO if code in reasons), "")
    tone, short, why = (
        _NO[code](standing) if code else ("bad", gettext("not entitled"), gettext("see the reasons below"))
    )
    headline = gettext("Not entitled %(when)s: %(why)s") % {"when": _on(standing.instants), "why": why}
    shown = () if code == "no_accreditation" else _tell(standing.decision.reasons)
    sentences = (
        (*shown, *_tell_late(standing), *_tell_since(standing))
        if shown
        else (_nothing_recorded(), *_tell_claims(standing), *_tell_since(standing))
    )
    return Verdict(tone, headline, sentences, short)


def _tell_late(standing: IssuerStanding) -> list[SafeString]:
    """Of a revocation: what it leaves alone, and, where it reached back, what the register answered before."""
    record, instants = standing.decision.chain.accreditation, standing.instants
    ending = record.revocation if record else None
    if ending is None or ending.effective_from > instants.at:
        return []
    told = [format_html(gettext("What was awarded before {day} is not affected."), day=mark_day(ending.effective_from))]
    if ending.recorded.time - ending.effective_from >= timedelta(days=1):
        before = ending.recorded.time - timedelta(days=1)
        at = None if instants.today else format_moment(instants.at)
        address = path_to("issuer", standing.issuer.id, at=at, known_at=before.date().isoformat())
        words = gettext(
            'It was recorded later, with effect for the past: <a href="{address}">what was on record before</a>.'
        )
        told.append(format_html(words, address=address))
    return told


def _nothing_recorded() -> SafeString:
    return format_html(
        "{}",
        gettext(
            "The register knows this institution and holds no accreditation of it. That is no judgement of its "
            "quality: no agency has recorded a decision here."
        ),
    )


def _say_closed(closure: Ending) -> Verdict:
    headline = gettext("Closed on %(day)s") % {"day": spell_day(closure.effective_from)}
    reason = format_html(gettext("Reason given: {reason}."), reason=label("reasons", closure.reason))
    return Verdict("off", headline, (reason, _past_stands()), gettext("closed"))


def _tell(reasons: tuple[Reason, ...]) -> tuple[SafeString, ...]:
    return tuple(tell(reason.text) for reason in reasons[:3])


def _effect(ending: Ending | None, words: str) -> str:
    return words % {"day": spell_day(ending.effective_from)} if ending else words % {"day": "–"}


def _no_revoked(standing: IssuerStanding) -> No:
    record = standing.decision.chain.accreditation
    words = gettext("its accreditation was revoked with effect from %(day)s")
    return "bad", gettext("accreditation revoked"), _effect(record.revocation if record else None, words)


def _no_suspended(standing: IssuerStanding) -> No:
    record = standing.decision.chain.accreditation
    at = standing.instants.at
    starts: list[datetime] = [
        span.effective_from for span in (record.suspensions if record else ()) if span.effective_from <= at
    ]
    short = gettext("accreditation suspended")
    if not starts:
        return "bad", short, gettext("its accreditation is suspended")
    return "bad", short, gettext("its accreditation has been suspended since %(day)s") % {"day": spell_day(max(starts))}


def _no_expired(standing: IssuerStanding) -> No:
    record = standing.decision.chain.accreditation
    end = record.valid.valid_until if record else None
    short = gettext("accreditation expired")
    if end is None:
        return "off", short, gettext("its accreditation has expired")
    return "off", short, gettext("its accreditation ended on %(day)s") % {"day": spell_day(last_day(end))}


def _no_agency(standing: IssuerStanding) -> No:
    agency = standing.decision.chain.agency
    words = gettext("the recognition of its agency was withdrawn with effect from %(day)s")
    short = gettext("agency not recognised")
    if agency is None or agency.withdrawal is None:
        return "bad", short, gettext("its agency is not recognised")
    return "bad", short, _effect(agency.withdrawal, words)


_NO: Final[Mapping[str, Callable[[IssuerStanding], No]]] = {
    "revoked": _no_revoked,
    "suspended": _no_suspended,
    "agency_not_recognised": _no_agency,
    "decision_negative": lambda _: (
        "bad",
        gettext("decision not positive"),
        gettext("the agency’s decision was not positive"),
    ),
    "expired": _no_expired,
    "not_yet_valid": lambda _: (
        "off",
        gettext("accreditation not yet in force"),
        gettext("its accreditation has not begun"),
    ),
    "outside_territory": lambda _: (
        "bad",
        gettext("outside this register’s territory"),
        gettext("it lies outside the countries this register speaks for"),
    ),
    "agency_scope_exceeded": lambda _: (
        "bad",
        gettext("outside its agency’s remit"),
        gettext("its agency may not accredit for this"),
    ),
    **dict.fromkeys(
        (
            "out_of_scope_programme",
            "out_of_scope_type",
            "out_of_scope_level",
            "out_of_scope_field",
            "out_of_scope_jurisdiction",
        ),
        lambda _: ("off", gettext("not covered by an accreditation"), gettext("no accreditation covers it")),
    ),
    "no_accreditation": lambda _: (
        "off",
        gettext("no accreditation recorded"),
        gettext("no accreditation is recorded"),
    ),
}
"""Reason code, the weightiest first → tone of a no, its words in a list and in a headline."""


def _capitalise(text: str) -> str:
    return text[:1].upper() + text[1:]
