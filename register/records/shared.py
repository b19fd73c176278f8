"""What records of all kinds share: where a fact was recorded, periods, endings, suspensions, documents, scopes."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ConfigDict, with_config

from register.moments import Instant, Moment
from register.scope import Scope
from register.texts import Text


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where and when a fact was recorded: ledger index and the entry's own time."""

    index: int
    time: Instant


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open span of valid time; None is open."""

    valid_from: Moment | None = None
    valid_until: Moment | None = None

    def holds(self, at: Moment) -> bool:
        """Tell whether `at` lies in [valid_from, valid_until)."""
        return (self.valid_from is None or self.valid_from <= at) and (
            self.valid_until is None or at < self.valid_until
        )


@dataclass(frozen=True, slots=True)
class Ending:
    """A revocation, withdrawal or closure: what it ends holds no longer at or after `effective_from`."""

    effective_from: Moment
    reason: str
    recorded: Recorded
    note: str | None = None
    legal_basis: str | None = None


@dataclass(frozen=True, slots=True)
class Suspension:
    """A span during which an accreditation does not count; open until it is lifted."""

    effective_from: Moment
    reason: str
    recorded: Recorded
    effective_until: Moment | None = None
    lifted: Recorded | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A decision or report kept elsewhere: address, SHA-256 of its bytes (hex), languages."""

    url: str
    sha256: str | None = None
    languages: tuple[str, ...] = ()


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class IdentifierClaim:
    """One identifier of an organisation, as claimed; `value` is canonical, `original` as it was written."""

    scheme: str
    value: Text
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    source: Text | None = None
    original: Text | None = None


@dataclass(frozen=True, slots=True)
class FormerName:
    """A name an organisation bore until `until`."""

    language: str
    name: str
    until: Moment


@dataclass(frozen=True, slots=True)
class FormerScope:
    """The scope that held until `until` (valid time), before an amendment took effect; `recorded` is that amendment."""

    until: Moment
    scope: Scope
    recorded: Recorded


def scope_at(newest: Scope, former: tuple[FormerScope, ...], at: Moment) -> Scope:
    """Return the scope that held at `at`: that of the earliest former terms not yet over, else the newest."""
    still_held = [terms for terms in former if at < terms.until]
    return min(still_held, key=lambda terms: terms.until).scope if still_held else newest
