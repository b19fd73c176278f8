"""The chain behind a programme, in words: from the register by agency and accreditation to who awards it. Pure.

Nothing is judged here: whether an accreditation counts is what register.trust said of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from register.records import ProgrammeRecord
from register.site.accreditation_rows import show_contribution
from register.site.dates import spell_period
from register.site.directory import Directory
from register.site.links import link_to, path_to
from register.site.standing import Contribution, IssuerStanding
from register.site.words import SYMBOLS, Tone, label_place

_UNNAMED: Final = "not stated"
"""What a register says whose settings name no operator."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain: who or what, and what it contributes; `tone` says how it stands."""

    tone: Tone
    title: str | SafeString
    sentence: str | SafeString

    @property
    def symbol(self) -> str:
        """The id of the symbol drawn with it."""
        return SYMBOLS[self.tone]


def draw_chain(programme: ProgrammeRecord, standing: IssuerStanding, directory: Directory, at: datetime) -> list[Link]:
    """Return the links from the register down to the awarding bodies, as they stood at an instant."""
    return [
        _tell_register(standing),
        *_tell_accreditations(programme, standing),
        _tell_issuer(standing, at),
        *_tell_awarding(programme, directory),
        *_tell_sealers(standing, directory, at),
    ]


def _tell_register(standing: IssuerStanding) -> Link:
    facts = standing.register
    speaks = facts.speaks_for(standing.issuer.country)
    place = {"place": label_place(standing.issuer.country)}
    told = gettext("It may speak for %(place)s.") if speaks else gettext("It may not speak for %(place)s.")
    operator = facts.register.operator if facts.register and facts.register.operator != _UNNAMED else ""
    kept = gettext("Kept by %(operator)s.") % {"operator": operator} if operator else ""
    return Link("good" if speaks else "bad", facts.name, format_html("{} {}", told % place, kept))


def _tell_accreditations(programme: ProgrammeRecord, standing: IssuerStanding) -> Iterator[Link]:
    chosen = choose_contributions(programme, standing)
    if not any(one.counts for one in chosen):
        told = gettext("No accreditation in force covers it.")
        yield Link("bad", gettext("Quality assurance agency"), told)
    for one in chosen:
        if one.agency is not None:
            yield _tell_agency(one)
        yield _tell_accreditation(programme, one)


def choose_contributions(programme: ProgrammeRecord, standing: IssuerStanding) -> list[Contribution]:
    """Return the accreditations that count for a programme, then those that name it and do not count."""
    naming = [one for one in standing.contributions if not one.counts and _names(one, programme)]
    return [*standing.counting, *naming]


def _names(one: Contribution, programme: ProgrammeRecord) -> bool:
    return any(str(term).rstrip("/").endswith(programme.id) for term in one.record.scope.programmes or ())


def _tell_agency(one: Contribution) -> Link:
    agency: Any = one.agency
    withdrawn = agency.withdrawal is not None
    told = gettext("Recognised by the register %(period)s.") % {"period": spell_period(agency.valid)}
    return Link("warn" if withdrawn else "good", link_to("agency", agency), told)


def _tell_accreditation(programme: ProgrammeRecord, one: Contribution) -> Link:
    row = show_contribution(one)
    title = format_html('<a href="{}">{}</a>', path_to("accreditation", one.record.id), row.title)
    named = gettext("It names this very programme.") if _names(one, programme) else ""
    remark = row.remark if row.standing.tone != "good" else ""
    told = gettext("It covers %(scope)s, %(period)s.") % {"scope": row.scope, "period": spell_period(one.record.valid)}
    sentence = format_html("{} {} {}: {} {}", told, named, gettext("Status"), row.standing.words, remark)
    return Link(row.standing.tone, title, sentence)


def _tell_issuer(standing: IssuerStanding, at: datetime) -> Link:
    issuer = standing.issuer
    closed = issuer.closure is not None and issuer.closure.effective_from <= at
    keys = [key for key in standing.keys if _holds(key, at)]
    if closed:
        return Link("off", link_to("issuer", issuer), gettext("Its issuer, which has closed."))
    if not keys:
        told = gettext("Offers it. No key of it is on record, so its signatures cannot be told from others.")
        return Link("warn", link_to("issuer", issuer), told)
    told = ngettext("Offers it; %(count)d key is on record.", "Offers it; %(count)d keys are on record.", len(keys))
    return Link("good", link_to("issuer", issuer), told % {"count": len(keys)})


def _holds(record: Any, at: datetime) -> bool:
    """Tell whether a key or mandate holds at an instant."""
    return bool(record.valid.holds(at) and not (record.revocation and record.revocation.effective_from <= at))


def _tell_awarding(programme: ProgrammeRecord, directory: Directory) -> Iterator[Link]:
    others = [body for body in programme.awarding_bodies if body != programme.issuer]
    for body in others:
        yield Link("good", directory.link(body), gettext("Awards it, too."))


def _tell_sealers(standing: IssuerStanding, directory: Directory, at: datetime) -> Iterator[Link]:
    given = [one for one in standing.register.mandates if one.awarding_body == standing.issuer.id]
    for sealer in dict.fromkeys(one.sealer for one in given if _holds(one, at)):
        yield Link("good", directory.link(sealer), gettext("May seal credentials in the issuer’s name."))
