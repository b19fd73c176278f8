"""Entries in words: what each type of ledger entry says, as a title and a few sentences.

Both times are told: when an entry was recorded, and from when on it holds; an entry that reaches back says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from register.events import Event
from register.receipts import path_to_entry
from register.records import POSITIVE_DECISIONS, Period
from register.site.dates import last_day, mark_day, spell_day, spell_period
from register.site.directory import Directory
from register.site.field_words import FIELDS
from register.site.remembering import gettext
from register.site.words import Tone, join_words, label, label_place, spell_count, spell_scope

_BEGINNINGS: Final = frozenset({"granted", "bound", "registered", "recognised"})
_USUAL_DELAY: Final = timedelta(days=31)
"""A grant is recorded some days after it begins to hold; that needs no remark."""

_LONG: Final = 48
"""So many letters of a key, hash or origin do not stand in a sentence whole."""
NOT_STATED: Final = "not stated"
"""Operator of a register that was opened without one (`ASSAY_OPERATOR` of deploy/settings.py)."""


@dataclass(frozen=True, slots=True)
class Parties:
    """Ids of what an entry is about, as the read model found them, and the log they are of, by default our own."""

    thing: str | None
    issuer: str | None
    agency: str | None
    origin: str = ""


@dataclass(frozen=True, slots=True)
class EntryWords:
    """An entry in words: tone, title, sentences, from when it holds, and whether it reaches back."""

    title: str | Promise
    sentences: tuple[SafeString, ...] = ()
    tone: Tone = "off"
    effective: datetime | None = None
    reaches_back: bool = False


Told = list[SafeString]
Teller = Callable[[Any, Parties, Directory], Told]

UNREADABLE: Final = EntryWords(_("An entry this version of the register cannot read"))


def tell(event: Event, parties: Parties, directory: Directory) -> EntryWords:
    """Put an entry into words."""
    title, tone, teller = _TYPES[event.type]
    refused = event.type == "accreditation.granted" and event.data.decision not in POSITIVE_DECISIONS
    if refused:
        title, tone = _("Accreditation refused"), "bad"
    if getattr(event.data, "corrects", None) is not None:
        title = _("Correction")
    effective = _effective(event.data)
    sentences = tuple(teller(event.data, parties, directory))
    return EntryWords(title, sentences, tone, effective, _reaches_back(event, effective))


def _effective(data: Any) -> datetime | None:
    since = getattr(data, "since", None)
    return since or getattr(data, "effective_from", None) or getattr(data, "valid_from", None)


def _reaches_back(event: Event, effective: datetime | None) -> bool:
    if effective is None or getattr(event.data, "corrects", None) is not None:
        return getattr(event.data, "corrects", None) is not None
    beginning = event.type.rpartition(".")[2] in _BEGINNINGS
    return event.time - effective >= (_USUAL_DELAY if beginning else timedelta(days=1))


def _say(words: str, **values: Any) -> SafeString:
    return format_html(words, **values) if values else format_html("{}", words)


def _opened(data: Any, parties: Parties, directory: Directory) -> Told:
    places = join_words([label_place(code) for code in data.territory], 4)
    told = gettext("{name}, for {places}, run by {operator}.")
    if data.operator == NOT_STATED:
        told = gettext("{name}, for {places}; who runs it is not stated.")
    return [_say(told, name=data.name, places=places, operator=data.operator)]


def _recognised(data: Any, parties: Parties, directory: Directory) -> Told:
    period = spell_period(Period(data.valid_from, data.valid_until))
    told = gettext("{agency} may accredit: {scope}; {period}.")
    return [_say(told, agency=directory.link(parties.thing), scope=spell_scope(data.scope), period=period)]


def _registered(data: Any, parties: Parties, directory: Directory) -> Told:
    told = gettext("{issuer}, {country}.")
    return [_say(told, issuer=directory.link(parties.thing), country=label_place(data.country))]


def _amended(data: Any, parties: Parties, directory: Directory) -> Told:
    given = data.given()
    return [*_amended_names(given), *_changes(data, parties, directory, given)]


def _amended_names(given: Mapping[str, Any]) -> Told:
    names = given.get("names") or given.get("titles")
    if not names:
        return []
    shown = format_html_join(", ", '<bdi lang="{}">{}</bdi>', names.items())
    return [_say(gettext("New name: {names}."), names=shown)]


def _changes(data: Any, parties: Parties, directory: Directory, given: Mapping[str, Any]) -> Told:
    thing = parties.thing if directory.knows(parties.thing) else parties.issuer or parties.thing
    told = [_say(gettext("About {thing}."), thing=directory.link(thing))]
    if data.corrects is not None:
        told.append(
            _say(
                gettext('It replaces what <a href="{address}">entry {number}</a> said.'),
                address=path_to_entry(parties.origin or settings.ASSAY_ORIGIN, data.corrects),
                number=spell_count(data.corrects),
            )
        )
    if given.get("scope") is not None:
        told.append(_say(gettext("New scope: {scope}."), scope=spell_scope(given["scope"])))
    others = [_tell_change(name, given[name]) for name in given if name not in ("names", "titles", "scope")]
    if others:
        told.append(_say(gettext("Changed: {fields}."), fields=join_words(others)))
    return told + _reason(data)


def _tell_change(name: str, value: Any) -> str:
    """Return what a field is called, with its new value where a sentence bears it."""
    field, spell = str(_FIELDS.get(name) or FIELDS.get(name, name)), _VALUES.get(name)
    return f"{field} ({spell(value)})" if spell is not None and value is not None else field


_VALUES: Final[Mapping[str, Callable[[Any], str]]] = {
    "kind": lambda value: label("accreditation-kinds", value),
    "decision": lambda value: label("decisions", value),
    "valid_from": spell_day,
    "valid_until": lambda value: spell_day(last_day(value)),
    "country": label_place,
}
"""Fields whose values are short → how they are spelt."""


_FIELDS: Final[Mapping[str, Any]] = {
    "valid_from": _("start"),
    "valid_until": _("end"),
    "identifiers": _("identifiers"),
    "website": _("website"),
    "sites": _("sites"),
    "acronym": _("acronym"),
    "decision": _("decision"),
    "country": _("country"),
    "provider_type": _("type of provider"),
}


def _reason(data: Any) -> Told:
    told = []
    if getattr(data, "reason", None):
        told.append(_say(gettext("Reason: {reason}."), reason=label("reasons", data.reason)))
    if getattr(data, "note", None):
        told.append(format_html("<q>{}</q>", data.note))
    return told


def _ended(data: Any, parties: Parties, directory: Directory) -> Told:
    told = gettext("{thing}, with effect from {day}.")
    return [_say(told, thing=directory.link(parties.thing), day=mark_day(data.effective_from)), *_reason(data)]


def _related(data: Any, parties: Parties, directory: Directory) -> Told:
    told = gettext("{issuer}: {relation} {other}, from {day}.")
    relation = label("relations", data.relation).lower()
    parts = {"issuer": directory.link(parties.issuer or parties.thing), "other": directory.link(data.other)}
    first = _say(told, relation=relation, day=mark_day(data.valid_from), **parts)
    if data.accreditations_pass_on is False:
        return [first, _say(gettext("Accreditations do not pass on.")), *_reason(data)]
    return [first, *_reason(data)]


def _programme(data: Any, parties: Parties, directory: Directory) -> Told:
    return [
        _say(
            gettext("{programme}, of {issuer}."),
            programme=directory.link(parties.thing),
            issuer=directory.link(data.issuer),
        )
    ]


def _bound(data: Any, parties: Parties, directory: Directory) -> Told:
    period = spell_period(Period(data.valid_from, data.valid_until))
    told = gettext("{issuer} signs with {key}, {period}.")
    return [_say(told, issuer=directory.link(data.issuer), key=_mono(data.value), period=period)]


def _key_revoked(data: Any, parties: Parties, directory: Directory) -> Told:
    issuer = directory.link(parties.issuer)
    if data.reason == "compromised" and data.since is not None:
        told = gettext("A key of {issuer} may have been in other hands since {day}.")
        first = _say(told, issuer=issuer, day=mark_day(data.since))
    else:
        told = gettext("A key of {issuer}: {reason}.")
        first = _say(told, issuer=issuer, reason=label("key-reasons", data.reason).lower())
    return [first, *([format_html("<q>{}</q>", data.note)] if data.note else [])]


def _mandate(data: Any, parties: Parties, directory: Directory) -> Told:
    period = spell_period(Period(data.valid_from, data.valid_until))
    told = gettext("{sealer} may seal credentials for {body}: {scope}; {period}.")
    parts = {"sealer": directory.link(data.sealer), "body": directory.link(data.awarding_body)}
    return [_say(told, scope=spell_scope(data.scope), period=period, **parts)]


def _mandate_revoked(data: Any, parties: Parties, directory: Directory) -> Told:
    told = gettext("A mandate given by {body} ends with effect from {day}.")
    return [_say(told, body=directory.link(parties.issuer), day=mark_day(data.effective_from)), *_reason(data)]


def _granted(data: Any, parties: Parties, directory: Directory) -> Told:
    period = spell_period(Period(data.valid_from, data.valid_until))
    told = gettext("{kind} of {issuer} by {agency}: {scope}; {period}.")
    parts = {"issuer": directory.link(data.issuer), "agency": directory.link(data.agency)}
    kind = label("accreditation-kinds", data.kind)
    first = _say(told, kind=kind, scope=spell_scope(data.scope), period=period, **parts)
    if data.decision == "positive":
        return [first]
    return [first, _say(gettext("Decision: {decision}."), decision=label("decisions", data.decision).lower())]


def _accreditation_ended(data: Any, parties: Parties, directory: Directory) -> Told:
    told = gettext("{issuer}, accredited by {agency}; with effect from {day}.")
    parts = {"issuer": directory.link(parties.issuer), "agency": directory.link(parties.agency)}
    return [_say(told, day=mark_day(data.effective_from), **parts), *_reason(data)]


def _peer_recognised(data: Any, parties: Parties, directory: Directory) -> Told:
    told = gettext("{name} ({origin}), at {address}, is heard about {places}.")
    places = join_words([label_place(code) for code in data.remit or data.territory], 4)
    parts = {"name": data.name, "origin": _mono(data.origin), "address": data.address, "places": places}
    return [_say(told, **parts), *_note(data)]


def _peer_amended(data: Any, parties: Parties, directory: Directory) -> Told:
    given = data.given()
    told = []
    if given.keys() & {"vkeys", "witness_vkeys"}:
        told.append(_say(gettext("It signs with other keys.")))
    others = [str(_PEER_FIELDS.get(name, name)) for name in given if name not in ("vkeys", "witness_vkeys")]
    if others:
        told.append(_say(gettext("Changed: {fields}."), fields=join_words(others)))
    return told + _note(data)


_PEER_FIELDS: Final[Mapping[str, Any]] = {
    "name": _("name"),
    "address": _("address"),
    "territory": _("territory"),
    "remit": _("countries for which it is heard"),
    "max_age_seconds": _("how old its word may be"),
    "policy": _("cosignatures asked for"),
}


def _peer_withdrawn(data: Any, parties: Parties, directory: Directory) -> Told:
    return [_say(gettext("Reason: {reason}."), reason=label("peer-reasons", data.reason)), *_note(data)]


def _note(data: Any) -> Told:
    return [format_html("<q>{}</q>", data.note)] if data.note else []


def _fork(data: Any, parties: Parties, directory: Directory) -> Told:
    told = gettext("The ledger {origin} has signed two histories: {kind}.")
    return [_say(told, origin=_mono(data.origin), kind=str(_FORKS[data.kind]))]


_FORKS: Final[Mapping[str, Any]] = {
    "same_size": _("two different trees of one size"),
    "inconsistent": _("a larger tree that does not continue a smaller one"),
    "rolled_back": _("a smaller tree shown after a larger one"),
}


def _key_rotated(data: Any, parties: Parties, directory: Directory) -> Told:
    told = []
    for change, words in (
        (data.log, gettext("The ledger is signed with {key} from {day}.")),
        (data.witness, gettext("The witness signs with {key} from {day}.")),
    ):
        if change is not None:
            told.append(_say(words, key=_mono(change.vkey), day=mark_day(data.effective_from)))
    if data.reason == "compromised":
        told.append(_say(gettext("The former key may be in other hands.")))
    elif data.overlap_until is not None:
        told.append(_say(gettext("The former key signs beside it until {day}."), day=mark_day(data.overlap_until)))
    return told + _note(data)


def _anchored(data: Any, parties: Parties, directory: Directory) -> Told:
    told = ngettext(
        "{issuer} anchored a batch of one credential; the root of its tree is {root}.",
        "{issuer} anchored a batch of {count} credentials; the root of their tree is {root}.",
        data.count,
    )
    first = _say(told, issuer=directory.link(data.issuer), count=spell_count(data.count), root=_mono(data.root))
    more = []
    if data.credential_type is not None:
        more.append(_say(gettext("Type: {type}."), type=label("credential-types", data.credential_type)))
    if data.programme is not None:
        more.append(_say(gettext("Programme: {programme}."), programme=directory.link(data.programme)))
    return [first, *more]


def _withdrawn(data: Any, parties: Parties, directory: Directory) -> Told:
    number = len(data.commitments)
    told = ngettext("{number} credential of {issuer}.", "{number} credentials of {issuer}.", number)
    first = [_say(told, number=number, issuer=directory.link(data.issuer))]
    if data.effective_from is not None:
        first.append(_say(gettext("With effect from {day}."), day=mark_day(data.effective_from)))
    return [*first, _say(gettext("Reason: {reason}."), reason=label("credential-reasons", data.reason))]


def _mono(text: str) -> SafeString:
    """Show a key, hash or origin; of a long one, which no sentence bears, beginning and end."""
    if len(text) < _LONG:
        return format_html('<span class="mono">{}</span>', text)
    return format_html('<span class="mono" title="{}">{}…{}</span>', text, text[:14], text[-8:])


_TYPES: Final[Mapping[str, tuple[str | Promise, Tone, Teller]]] = {
    "register.opened": (_("Register opened"), "good", _opened),
    "agency.recognised": (_("Agency recognised"), "good", _recognised),
    "agency.amended": (_("Agency amended"), "off", _amended),
    "agency.withdrawn": (_("Recognition of an agency withdrawn"), "bad", _ended),
    "issuer.registered": (_("Issuer registered"), "off", _registered),
    "issuer.amended": (_("Issuer amended"), "off", _amended),
    "issuer.closed": (_("Issuer closed"), "off", _ended),
    "issuer.related": (_("Relation recorded"), "off", _related),
    "programme.registered": (_("Programme described"), "off", _programme),
    "programme.amended": (_("Programme amended"), "off", _amended),
    "programme.closed": (_("Programme closed"), "off", _ended),
    "key.bound": (_("Key bound"), "good", _bound),
    "key.revoked": (_("Key revoked"), "bad", _key_revoked),
    "mandate.granted": (_("Mandate granted"), "good", _mandate),
    "mandate.revoked": (_("Mandate revoked"), "bad", _mandate_revoked),
    "accreditation.granted": (_("Accreditation granted"), "good", _granted),
    "accreditation.amended": (_("Accreditation amended"), "off", _amended),
    "accreditation.suspended": (_("Accreditation suspended"), "warn", _accreditation_ended),
    "accreditation.reinstated": (_("Suspension lifted"), "good", _accreditation_ended),
    "accreditation.revoked": (_("Accreditation revoked"), "bad", _accreditation_ended),
    "peer.recognised": (_("Peer recognised"), "good", _peer_recognised),
    "peer.amended": (_("Peer amended"), "off", _peer_amended),
    "peer.withdrawn": (_("Recognition of a peer withdrawn"), "bad", _peer_withdrawn),
    "fork.reported": (_("Fork reported"), "bad", _fork),
    "register.key_rotated": (_("Key of the register replaced"), "warn", _key_rotated),
    "credentials.anchored": (_("Batch of credentials anchored"), "good", _anchored),
    "credential.revoked": (_("Credentials revoked"), "bad", _withdrawn),
    "credential.suspended": (_("Credentials suspended"), "warn", _withdrawn),
    "credential.reinstated": (_("Credentials reinstated"), "good", _withdrawn),
}
"""Type of entry → its title, tone and what tells the rest."""

TYPE_TITLES: Final[Mapping[str, str | Promise]] = {name: row[0] for name, row in _TYPES.items()}
"""Type of entry → its title, for filters."""
