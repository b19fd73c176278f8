"""Four eyes: for what an organisation wants a second person, and how it changes its mind.

One drafts, another one approves: a colleague of the same organisation whose membership `approves`, never the author.
What is asked for is the organisation's own choice; until it has made one, DEFAULT_VERBS holds. To ask for more takes
one person; to ask for less is itself under four eyes, as a draft with the verb SETTING that goes on no ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from pydantic import TypeAdapter, ValidationError

from register.access.models import Membership
from register.access.roles import MEMBER_ROLES, OPERATOR, VERBS
from register.desk.models import FourEyes
from register.moments import parse_moment
from register.queries.cuts import resolve_cut
from register.scope import Scope, narrowing

CORRECTION: Final = "correct"
"""Code for amendments that correct an earlier entry, whatever their verb, or move a decision's validity in the past."""

SHORTENING: Final = "shorten"
"""Code for amendments that leave less of a decision than is on record, which comes to the same as a revocation."""

SETTING: Final = "set_four_eyes"
"""Verb of a draft that loosens the choice itself; `said` is `{"verbs": [...]}`."""

CONFIRMING: Final = "confirm_peer_key"
"""Code for amendments of a peer that accept another key, which no key before has announced."""

UNFREEZING: Final = "unfreeze_peer"
"""Verb of a draft that lets a peer be followed again after a fork; `said` is `{"reason": "…"}`, `subject` the peer."""

OFF_LEDGER: Final[Mapping[str, frozenset[str]]] = {
    SETTING: frozenset(MEMBER_ROLES),
    UNFREEZING: frozenset({OPERATOR}),
}
"""Verbs of drafts that go on no ledger → the roles that may say them."""

_SCOPES: Final = TypeAdapter(Scope)

_PEER_KEYS: Final = frozenset({"vkeys", "witness_vkeys"})

_DATED: Final = frozenset({"amend_agency", "amend_accreditation"})
"""Amendments of decisions, whose validity answers rest on."""

DEFAULT_VERBS: Final = frozenset(
    {
        "withdraw_agency",
        "close_issuer",
        "relate_issuer",
        "suspend_accreditation",
        "revoke_accreditation",
        "revoke_mandate",
        "revoke_credentials",
        "bind_key",
        "revoke_key",
        "recognise_peer",
        "withdraw_peer",
        CONFIRMING,
        UNFREEZING,
        CORRECTION,
        SHORTENING,
    }
)
"""What ends what others rely on, or cannot be taken back; keys; corrections; whom this register believes.

A suspension has no end until somebody lifts it, and an issuer that is closed, or an accreditation cut short, or
limited to less, stops answering just as one that was revoked. A relation between institutions is ended by no entry.
"""


WORDS: Final[Mapping[str, Any]] = {
    "recognise_agency": _("Recognising an agency"),
    "amend_agency": _("Changing the recognition of an agency"),
    "withdraw_agency": _("Withdrawing the recognition of an agency"),
    "register_issuer": _("Registering an institution"),
    "amend_issuer": _("Changing the record of an institution"),
    "close_issuer": _("Recording that an institution has closed"),
    "relate_issuer": _("Recording how institutions relate: mergers, successions, faculties"),
    "bind_key": _("Binding a key"),
    "revoke_key": _("Revoking a key"),
    "register_programme": _("Describing a programme"),
    "amend_programme": _("Changing the description of a programme"),
    "close_programme": _("Ending a programme"),
    "grant_mandate": _("Granting a mandate to seal"),
    "revoke_mandate": _("Revoking a mandate to seal"),
    "grant_accreditation": _("Recording a decision on an accreditation"),
    "amend_accreditation": _("Amending an accreditation"),
    "suspend_accreditation": _("Suspending an accreditation"),
    "reinstate_accreditation": _("Lifting a suspension"),
    "revoke_accreditation": _("Revoking an accreditation"),
    "anchor_batch": _("Anchoring a batch of credentials"),
    "revoke_credentials": _("Revoking credentials"),
    "suspend_credentials": _("Suspending credentials"),
    "reinstate_credentials": _("Reinstating credentials"),
    "recognise_peer": _("Recognising another register"),
    "amend_peer": _("Changing what is accepted from another register"),
    "withdraw_peer": _("Withdrawing the recognition of another register"),
    CONFIRMING: _("Accepting a changed key of another register"),
    UNFREEZING: _("Following another register again after a fork"),
    CORRECTION: _("Correcting what is on record already"),
    SHORTENING: _("Ending an accreditation or recognition earlier than is on record, or narrowing it"),
}
"""Code → what an organisation reads when it chooses."""


def choosable(role: str) -> list[str]:
    """Return the codes that an organisation of a role may choose among, in the order of the verbs."""
    own = [CONFIRMING, UNFREEZING] if role == OPERATOR else []
    verbs = [verb for verb, roles in VERBS.items() if role in roles]
    return verbs + own + [CORRECTION] + ([] if _DATED.isdisjoint(verbs) else [SHORTENING])


def codes_of(verb: str, said: Mapping[str, Any], subject: str = "") -> frozenset[str]:
    """Return the codes under which something said falls; with `subject`, what it does to that thing's validity, too."""
    corrects = said.get("corrects") is not None or (verb in _DATED and _moves_past(said))
    confirms = verb == "amend_peer" and not _PEER_KEYS.isdisjoint(said)
    found = {verb} | ({CORRECTION} if corrects else set()) | ({CONFIRMING} if confirms else set())
    return frozenset(found | ({SHORTENING} if _shortens(verb, said, subject) else set()))


def _shortens(verb: str, said: Mapping[str, Any], subject: str) -> bool:
    """Tell whether an amendment leaves less than is on record: an earlier end, or a narrower scope (one query)."""
    until, scope = said.get("valid_until"), said.get("scope")
    if verb not in _DATED or (until is None and scope is None) or not subject:
        return False
    from register.desk.subjects import find_subject  # reads terms, which read the API's bodies

    record = find_subject(verb, subject, resolve_cut())
    return record is not None and (_ends_before(until, record.valid.valid_until) or _narrows(scope, record.scope))


def _ends_before(until: object, end: datetime | None) -> bool:
    return until is not None and (end is None or parse_moment(str(until)) < end)


def _narrows(said: object, held: Scope) -> bool:
    """Tell whether a scope lets less through than the one held; what cannot be read is refused elsewhere."""
    try:
        return said is not None and bool(narrowing(_SCOPES.validate_python(said), held))
    except ValidationError:
        return False


def _moves_past(said: Mapping[str, Any]) -> bool:
    """Tell whether an amendment says that something began on another day, or is over already, without revoking it."""
    until = said.get("valid_until")
    return "valid_from" in said or (until is not None and parse_moment(until) <= timezone.now())


def choice_of(role: str, organisation: str) -> frozenset[str]:
    """Return for what an organisation wants a second person (one query).

    A code that it was never asked about is as by default: nobody has said that one person is enough for it.
    """
    rows = FourEyes.objects.filter(role=role, organisation=organisation)
    verbs, asked = rows.values_list("verbs", "asked").first() or ((), ())
    return (frozenset(verbs) | DEFAULT_VERBS - frozenset(asked)) & frozenset(choosable(role))


def is_needed(role: str, organisation: str, verb: str, said: Mapping[str, Any], subject: str = "") -> bool:
    """Tell whether a second person has to approve this."""
    return verb == SETTING or bool(codes_of(verb, said, subject) & choice_of(role, organisation))


def choose(role: str, organisation: str, verbs: Iterable[str]) -> None:
    """Write down what an organisation wants a second person for."""
    wanted = set(verbs)
    asked = choosable(role)
    values = {"verbs": [code for code in asked if code in wanted], "asked": asked}
    FourEyes.objects.update_or_create(role=role, organisation=organisation, defaults=values)


def count_approvers(role: str, organisation: str, besides: int | None) -> int:
    """Return how many people other than one may approve what that one drafts."""
    people = Membership.objects.filter(role=role, organisation=organisation, approves=True, user__is_active=True)
    return people.exclude(user=besides).values("user").distinct().count()
