"""Rows of accreditations: how a page shows one, with its state and why it does not count where it does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from register.records import POSITIVE_DECISIONS, AccreditationRecord, Period
from register.site.dates import spell_day, spell_period
from register.site.links import link_to
from register.site.names import name_record
from register.site.remembering import gettext
from register.site.standing import Contribution
from register.site.telling import tell
from register.site.timeline import find_cut, list_runs
from register.site.words import STATES, Standing, label, spell_scope
from register.trust.links import find_state

_REFUSED = Standing("bad", _("refused"))
_NOT_COUNTED = Standing("bad", _("does not count"))
_SET_ASIDE = Standing("bad", _("set aside"))
_SHORT: Final[Mapping[str, Promise]] = {
    "institutional": pgettext_lazy("kind of accreditation", "Institutional"),
    "programme": pgettext_lazy("kind of accreditation", "Programme"),
    "joint_programme": pgettext_lazy("kind of accreditation", "Joint programme"),
    "micro_credential": pgettext_lazy("kind of accreditation", "Micro-credential"),
}
"""Kinds of accreditation in a word or two, where the page says already that they are accreditations."""


@dataclass(frozen=True, slots=True)
class AccreditationRow:
    """One accreditation in a list: what it is, for what, how it stands, and a remark."""

    record: AccreditationRecord
    title: str
    scope: str
    standing: Standing
    remark: str | Promise = ""
    contribution: Contribution | None = None

    @property
    def agency(self) -> SafeString:
        """The agency that granted it, as a link; a dash where the register holds none."""
        agency = self.contribution.agency if self.contribution else None
        return link_to("agency", agency) if agency is not None else SafeString("–")

    @property
    def short_title(self) -> str:
        """What tells it from its neighbours in the drawing: whose it is, which field, or its kind."""
        if self.contribution is not None and self.contribution.inherited:
            return name_record(self.contribution.holder).text
        if self.record.scope.isced_f:
            return label("isced-f", self.record.scope.isced_f[0])
        return str(_SHORT.get(self.record.kind, self.title))


def show_contribution(one: Contribution) -> AccreditationRow:
    """Return an issuer's accreditation as its page shows it."""
    standing, remark = show_state(one.record, one.state), ""
    if standing.tone == "good" and not one.counts:
        standing, remark = _NOT_COUNTED, tell(one.faults[0].text)
    elif one.state == "in_force" and one.passed_on:
        remark = gettext("used by its successor")
    standing = Standing(standing.tone, str(standing.words))  # said thrice on a page
    return AccreditationRow(one.record, show_kind(one.record), spell_scope(one.scope), standing, remark, one)


def find_ends(contributions: Iterable[Contribution]) -> dict[str, datetime]:
    """Return when accreditations stop counting because their agency's recognition is withdrawn."""
    return {
        one.record.id: one.agency.withdrawal.effective_from
        for one in contributions
        if one.agency is not None and one.agency.withdrawal is not None
    }


def tell_suspensions(row: AccreditationRow) -> list[str]:
    """Return when it was suspended, in words, each span as the timeline draws it."""
    if not row.record.suspensions:
        return []
    cut = find_cut(row.record, _find_withdrawal(row))
    spans = [Period(start, end) for start, end, state in list_runs(row.record, cut) if state == "suspended"]
    return [gettext("Suspended %(period)s") % {"period": spell_period(span)} for span in spans]


def tell_ends(row: AccreditationRow) -> list[str]:
    """Return what ended it before its time, in words: its revocation, or that its agency may accredit no more."""
    revocation, withdrawn = row.record.revocation, _find_withdrawal(row)
    told = []
    if withdrawn is not None and _bears(row.record, withdrawn):
        told.append(gettext("No longer counted from %(day)s on") % {"day": spell_day(withdrawn)})
    if revocation is not None:
        told.append(gettext("Revoked with effect from %(day)s") % {"day": spell_day(revocation.effective_from)})
    return told


def _find_withdrawal(row: AccreditationRow) -> datetime | None:
    agency = row.contribution.agency if row.contribution else None
    return agency.withdrawal.effective_from if agency is not None and agency.withdrawal is not None else None


def _bears(record: AccreditationRecord, withdrawn: datetime) -> bool:
    """Tell whether an accreditation would have counted when its agency was withdrawn."""
    ends = [record.valid.valid_until, record.revocation.effective_from if record.revocation else None]
    return record.decision in POSITIVE_DECISIONS and all(end is None or withdrawn < end for end in ends)


def show_records(found: Iterable[AccreditationRecord], at: datetime) -> list[AccreditationRow]:
    """Return accreditations by what their own records say, as the page of an agency lists them."""
    return [
        AccreditationRow(one, show_kind(one), spell_scope(one.scope), show_state(one, find_state(one, at)))
        for one in found
    ]


def show_uncounted(found: Iterable[AccreditationRecord]) -> list[AccreditationRow]:
    """Return accreditations of a record about which its register has no say."""
    return [AccreditationRow(one, show_kind(one), spell_scope(one.scope), _NOT_COUNTED) for one in found]


def show_kind(record: AccreditationRecord) -> str:
    """Return what kind of accreditation it is."""
    return label("accreditation-kinds", record.kind)


def show_state(record: AccreditationRecord, state: str) -> Standing:
    """Return how an accreditation stands; a decision that was not positive never was in force."""
    if record.quarantine is not None:
        return _SET_ASIDE
    if state != "revoked" and record.decision not in POSITIVE_DECISIONS:
        return _REFUSED
    if state == "in_force" and record.decision == "positive_with_conditions":
        return Standing("warn", _("in force, with conditions"))
    return STATES[state]
