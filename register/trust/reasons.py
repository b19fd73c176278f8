"""Reasons: the closed list of codes, and the plain sentence each says.

Sentences are templates with named values, kept apart from what fills them (register/sentences.py), so that pages can
translate both; `text` is the English form. They are written for a civil servant: names and dates, no jargon.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from register.sentences import Said, Sentence, Value, join

LINKS: Final = ("register", "agency", "accreditation", "scope", "issuer", "key", "freshness")
"""The links of the chain in the order in which they are judged."""

PLAIN: Final = ""


class Kind(NamedTuple):
    """What a code means: the link it belongs to, and its sentence for each circumstance (PLAIN: the usual one)."""

    link: str
    sentences: Mapping[str, str]


_ACCREDITATION = "The accreditation of {issuer} by {agency}"
_GIVEN = "Reason given: {reason}."

REASONS: Final[Mapping[str, Kind]] = {
    "accredited": Kind(
        "accreditation",
        {
            PLAIN: "{agency} accredited {issuer} from {valid_from} on, and the accreditation was in force on {at}.",
            "limited": "{agency} accredited {issuer} from {valid_from} until {valid_until}, and the accreditation was "
            "in force on {at}.",
        },
    ),
    "no_accreditation": Kind(
        "accreditation",
        {
            PLAIN: "{register} knows {issuer} but holds no accreditation of it.",
            "quarantined": "{register} holds an entry about {issuer} that is kept but does not count ({quarantine}).",
        },
    ),
    "not_yet_valid": Kind("accreditation", {PLAIN: _ACCREDITATION + " starts on {valid_from}, which is after {at}."}),
    "expired": Kind(
        "accreditation", {PLAIN: _ACCREDITATION + " ended on {valid_until} and was no longer valid on {at}."}
    ),
    "revoked": Kind(
        "accreditation",
        {
            PLAIN: _ACCREDITATION
            + " was revoked with effect from {effective_from}; this was recorded on {recorded}. "
            + _GIVEN
        },
    ),
    "suspended": Kind(
        "accreditation",
        {
            PLAIN: _ACCREDITATION
            + " has been suspended since {effective_from}, so it did not count on {at}. "
            + _GIVEN,
            "limited": _ACCREDITATION + " was suspended from {effective_from} until {effective_until}, so it did not "
            "count on {at}. " + _GIVEN,
        },
    ),
    "decision_negative": Kind(
        "accreditation", {PLAIN: "The decision of {agency} about {issuer} was not positive: {decision}."}
    ),
    "out_of_scope_type": Kind(
        "scope", {PLAIN: _ACCREDITATION + " covers these credential types: {limit}; not: {value}."}
    ),
    "out_of_scope_level": Kind("scope", {PLAIN: _ACCREDITATION + " covers these EQF levels: {limit}; not: {value}."}),
    "out_of_scope_field": Kind(
        "scope", {PLAIN: _ACCREDITATION + " covers these fields of study: {limit}; not: {value}."}
    ),
    "out_of_scope_jurisdiction": Kind(
        "scope", {PLAIN: _ACCREDITATION + " covers these countries or regions: {limit}; not: {value}."}
    ),
    "out_of_scope_programme": Kind(
        "scope", {PLAIN: _ACCREDITATION + " is limited to programmes; not among them: {value}."}
    ),
    "agency_not_recognised": Kind(
        "agency",
        {
            PLAIN: "The agency that accredited {issuer} is not one that {register} has recognised.",
            "not_yet": "{register} recognises {agency} from {valid_from} on, which is after {at}.",
            "ended": "{register} recognised {agency} until {valid_until} and no longer on {at}.",
            "withdrawn": "{register} withdrew the recognition of {agency} with effect from {effective_from}; this was "
            "recorded on {recorded}. " + _GIVEN,
        },
    ),
    "agency_scope_exceeded": Kind(
        "scope",
        {
            PLAIN: "{agency} accredited {issuer} for more than it is recognised for. It is recognised for: {limit}; "
            "not: {value}.",
            "disjoint": "{agency} accredited {issuer} for what it is not recognised for. It is recognised for: "
            "{limit}; it accredited for: {value}.",
        },
    ),
    "register_not_recognised": Kind(
        "register", {PLAIN: "{register} is not among the recognised registers, so its entries do not count."}
    ),
    "outside_territory": Kind(
        "register",
        {
            PLAIN: "{register} may speak for these countries: {countries}; not: {value}.",
            "quarantined": "{register} may speak for these countries: {countries}. Its entry about {issuer} lies "
            "outside them; it is kept, but does not count.",
        },
    ),
    "issuer_unknown": Kind("issuer", {PLAIN: "No register that was asked knows {issuer}."}),
    "issuer_closed": Kind(
        "issuer",
        {PLAIN: "{issuer} closed with effect from {effective_from}; this was recorded on {recorded}. " + _GIVEN},
    ),
    "key_unknown": Kind("key", {PLAIN: "{register} knows no issuer that the key {key} belongs to."}),
    "key_not_bound": Kind(
        "key",
        {
            PLAIN: "The key {key} belongs to {holder}, not to {issuer}, and no mandate lets {holder} sign for "
            "{issuer}.",
            "not_yet": "The key {key} of {holder} is bound from {valid_from} on, which is after {at}.",
            "ended": "The key {key} of {holder} was bound until {valid_until} and no longer on {at}.",
            "revoked": "The key {key} of {holder} was revoked with effect from {effective_from}; this was recorded on "
            "{recorded}.",
        },
    ),
    "key_superseded": Kind(
        "key",
        {
            PLAIN: "The key {key} of {holder} was replaced by a newer one with effect from {effective_from} and was no "
            "longer good on {at}."
        },
    ),
    "key_compromised_unanchored": Kind(
        "key",
        {
            PLAIN: "Somebody else may have held the key {key} of {holder} since {since}, and nothing proves that the "
            "credential existed before then; the date written in it proves nothing.",
            "late": "Somebody else may have held the key {key} of {holder} since {since}; the earliest proof that the "
            "credential existed is of {anchored_at}, which is not before then.",
        },
    ),
    "mandate_missing": Kind(
        "key",
        {
            PLAIN: "The key {key} belongs to {holder}, and no mandate of {issuer} for {holder} covers this "
            "credential on {at}."
        },
    ),
    "stale": Kind(
        "freshness",
        {
            PLAIN: "The newest verified checkpoint of {register} is of {checkpoint_time}, too old to rule out later "
            "changes; ask again when it has been refreshed.",
            "none": "No checkpoint of {register} has been verified yet, so its entries cannot be relied on.",
        },
    ),
}
"""Code → what it means. The list is closed and published; a code's meaning never changes."""

SUCCEEDED: Final = "{old} passed into {new} on {valid_from}, so this answer is about {new}."
INHERITED: Final = "It applies to {issuer} because the accreditations of {source} pass on to it ({relation})."
SAME: Final = "{named} and {issuer} of {register} are one institution: both are recorded as {identifier}."
CLAIMED: Final = "But {register} records {identifier} for {other} in {country}; ask with the country that matters."
KEY_CLAIMED: Final = "But {register} records the key {key} for {other} in {country}."


class Citation(NamedTuple):
    """One ledger entry: the ledger's origin and the entry's index."""

    origin: str
    index: int  # type: ignore[assignment]  # an entry's index hides tuple.index, which nobody needs here


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: a code of REASONS, the sentences that say it, and the entry it rests on where there is one."""

    code: str
    sentences: tuple[Sentence, ...]
    entry: Citation | None = None

    @property
    def link(self) -> str:
        """The link of the chain it is about."""
        return REASONS[self.code].link

    @property
    def text(self) -> Said:
        """The reason in plain English."""
        told = [sentence.text for sentence in self.sentences]
        return told[0] if len(told) == 1 else join(told)


def list_templates() -> Iterator[str]:
    """Yield every template, for translators."""
    yield from (text for kind in REASONS.values() for text in kind.sentences.values())
    yield from (SUCCEEDED, INHERITED, SAME, CLAIMED, KEY_CLAIMED)


def give_reason(code: str, values: Mapping[str, Value], entry: Citation | None = None, case: str = PLAIN) -> Reason:
    """Make a reason of a code in the circumstance `case`; KeyError when the list has no such code or case."""
    return Reason(code, (Sentence(REASONS[code].sentences[case], values),), entry)
