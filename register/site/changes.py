"""Changes: what is different about an issuer on two dates, made from how it stands on each; nothing is judged anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language_info, gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from register.records import (
    IdentifierClaim,
    IssuerRecord,
    KeyRecord,
    MandateRecord,
    Period,
    ProgrammeRecord,
    RelationRecord,
)
from register.site.accreditation_rows import AccreditationRow, show_contribution
from register.site.directory import Directory
from register.site.links import link_to, path_to
from register.site.names import UNDETERMINED, Name, isolate_value, name_record
from register.site.standing import IssuerStanding
from register.site.words import STATES, Standing, label
from register.trust.lineage import read_succession

_NOT_THERE: Final = Standing("off", _("not there"))
_THERE: Final = Standing("good", _("holds"))
_OFFERED: Final = Standing("good", pgettext_lazy("programme", "offered"))
_NOT_OFFERED: Final = Standing("off", _("not offered"))
_CLOSED: Final = Standing("off", pgettext_lazy("programme", "closed"))


@dataclass(frozen=True, slots=True)
class Side:
    """How a thing stands on one of the two dates; `more` says what else is different, `name` what it was called."""

    standing: Standing
    more: str = ""
    name: Name | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is different: its kind and id, its words, and both sides."""

    kind: str
    id: str
    title: SafeString
    before: Side
    after: Side


KINDS: Final[Mapping[str, str | Promise]] = {
    "name": _("Names"),
    "accreditation": _("Accreditations"),
    "key": _("Keys"),
    "relation": _("Relations"),
    "mandate": _("Mandates"),
    "programme": _("Programmes"),
    "identifier": _("Identifiers"),
}
"""Kind → heading, in the order in which they are shown."""


def list_changes(
    before: IssuerStanding, after: IssuerStanding, directory: Directory, programmes: Iterable[ProgrammeRecord] = ()
) -> list[Change]:
    """Return what differs between how an issuer stands on two dates, by kind.

    `programmes` are those that may stand otherwise on one of them than on the other.
    """
    offered, called = _by_id(programmes), [recall_names(one.issuer, one.instants.at) for one in (before, after)]
    claimed = [_list_claims(side) for side in (before, after)]
    changes = [
        *_compare("name", called[0], called[1], _title_name, (_name_side, _name_side)),
        *_compare("accreditation", _accreditations(before), _accreditations(after), _title_accreditation),
        *_compare("key", _by_id(before.keys), _by_id(after.keys), _title_key, _key_sides(before, after)),
        *_compare(
            "relation",
            _by_id(before.relations),
            _by_id(after.relations),
            lambda one: _title_relation(one, after),
            _period_sides(before, after),
        ),
        *_compare(
            "mandate",
            _by_id(before.mandates),
            _by_id(after.mandates),
            lambda one: _title_mandate(one, directory),
            _period_sides(before, after),
        ),
        *_compare(
            "programme", offered, offered, lambda one: link_to("programme", one), _programme_sides(before, after)
        ),
        *_compare("identifier", claimed[0], claimed[1], _title_identifier, _period_sides(before, after)),
    ]
    return [change for change in changes if change.before != change.after]


def _by_id(records: Iterable[Any]) -> dict[str, Any]:
    return {record.id: record for record in records}


def _accreditations(standing: IssuerStanding) -> dict[str, AccreditationRow]:
    return {one.record.id: show_contribution(one) for one in standing.contributions}


def _accreditation_side(row: AccreditationRow | None) -> Side:
    return Side(_NOT_THERE) if row is None else Side(row.standing, row.scope)


Sides = tuple[Callable[[Any], Side], Callable[[Any], Side]]


def _compare(
    kind: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    title: Callable[[Any], SafeString],
    sides: Sides = (_accreditation_side, _accreditation_side),
) -> Iterator[Change]:
    for uid in dict.fromkeys([*after, *before]):
        thing = after.get(uid) or before[uid]
        yield Change(kind, uid, title(thing), sides[0](before.get(uid)), sides[1](after.get(uid)))


def recall_names(issuer: IssuerRecord, at: datetime) -> dict[str, Name]:
    """Return what an issuer was called at an instant, by language, as far as former names are on record."""
    names = {language: Name(text, language) for language, text in issuer.names.items()}
    for former in sorted(issuer.former_names, key=lambda one: one.until, reverse=True):
        if at < former.until:
            names[former.language] = Name(former.name, former.language)
    return names


def _name_side(name: Name | None) -> Side:
    return Side(_NOT_THERE) if name is None else Side(_THERE, name=name)


def _title_name(name: Name) -> SafeString:
    try:
        language = str(get_language_info(name.language)["name_translated"])
    except KeyError:
        language = "" if name.language == UNDETERMINED else name.language
    words = gettext("Name (%(language)s)") % {"language": language} if language else gettext("Name")
    return format_html("{}", words)


def _list_claims(standing: IssuerStanding) -> dict[str, IdentifierClaim]:
    """Return an issuer's identifiers; of one that was claimed for several periods, the claim that holds."""
    claims = sorted(standing.issuer.identifiers, key=lambda one: _holds(one, standing))
    return {f"{one.scheme}:{one.value}": one for one in claims}


def _title_identifier(claim: IdentifierClaim) -> SafeString:
    return format_html("{}: {}", label("identifier-schemes", claim.scheme), isolate_value(claim.value))


def _title_accreditation(row: AccreditationRow) -> SafeString:
    agency = row.contribution.agency if row.contribution else None
    link = format_html('<a href="{}">{}</a>', path_to("accreditation", row.record.id), row.title)
    if agency is None:
        return link
    return format_html(gettext("{accreditation} by {agency}"), accreditation=link, agency=name_record(agency))


def _title_key(key: KeyRecord) -> SafeString:
    return format_html('<span class="hash">{}</span>', key.value)


def _title_relation(relation: RelationRecord, standing: IssuerStanding) -> SafeString:
    from_here = relation.issuer == standing.issuer.id
    other = standing.register.issuers.get(relation.other if from_here else relation.issuer)
    named = name_record(other) if other else "–"
    words = label("relations", relation.relation)
    if from_here:
        return format_html(gettext("{relation}: {institution}"), relation=words, institution=named)
    return format_html("{}: {} {}", named, words.lower(), name_record(standing.issuer))


def _title_mandate(mandate: MandateRecord, directory: Directory) -> SafeString:
    return format_html(gettext("{organisation} may seal for it"), organisation=directory.link(mandate.sealer))


def _key_sides(before: IssuerStanding, after: IssuerStanding) -> Sides:
    def side(standing: IssuerStanding) -> Callable[[Any], Side]:
        return lambda key: Side(_NOT_THERE if key is None else stand_key(key, standing))

    return side(before), side(after)


def stand_key(key: KeyRecord, standing: IssuerStanding) -> Standing:
    """Return how a key stands; one that was stolen is shown so from the day on which it may have been."""
    at, revocation = standing.instants.at, key.revocation
    if revocation is not None and (revocation.since or revocation.effective_from) <= at:
        return STATES[revocation.reason]
    if key.valid.holds(at):
        return STATES["in_force"]
    start = key.valid.valid_from
    return STATES["not_yet_valid" if start is not None and at < start else "expired"]


def _programme_sides(before: IssuerStanding, after: IssuerStanding) -> Sides:
    def side(standing: IssuerStanding) -> Callable[[Any], Side]:
        return lambda programme: Side(stand_programme(programme, standing.instants.at))

    return side(before), side(after)


def stand_programme(programme: ProgrammeRecord, at: datetime) -> Standing:
    """Return how a programme stands at an instant, whoever accredits it."""
    if programme.closure is not None and programme.closure.effective_from <= at:
        return _CLOSED
    return _OFFERED if programme.valid.holds(at) else _NOT_OFFERED


def _period_sides(before: IssuerStanding, after: IssuerStanding) -> Sides:
    def side(standing: IssuerStanding) -> Callable[[Any], Side]:
        return lambda record: Side(_THERE if record is not None and _holds(record, standing) else _NOT_THERE)

    return side(before), side(after)


def _holds(record: RelationRecord | MandateRecord | IdentifierClaim, standing: IssuerStanding) -> bool:
    at = standing.instants.at
    if isinstance(record, IdentifierClaim):
        return Period(record.valid_from, record.valid_until).holds(at)
    revocation = getattr(record, "revocation", None)
    if revocation is not None and revocation.effective_from <= at:
        return False
    succeeded = isinstance(record, RelationRecord) and read_succession(record) is not None
    start = record.valid.valid_from
    return record.valid.holds(at) or (succeeded and (start is None or start <= at))


def write_change(change: Change) -> dict[str, Any]:
    """Return a change for programs."""
    sides = {name: _write_side(side) for name, side in (("before", change.before), ("after", change.after))}
    return {"kind": change.kind, "id": change.id, **sides}


def _write_side(side: Side) -> dict[str, str | None]:
    told = {"state": str(side.standing.words), "scope": side.more or None}
    return told | {"name": side.name.text} if side.name else told
