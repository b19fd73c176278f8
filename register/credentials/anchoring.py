"""Anchoring: what a credential's receipt shows, and the best-proven time at which to judge its issuer.

A receipt counts only under keys of a ledger that the verifier has reason to believe. Its time is that of the earliest
countersigned checkpoint, never what the receipt says of itself; where only the register countersigned, that is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from register.credentials import commitments, receipts
from register.credentials.errors import BadReceipt, Unreachable
from register.credentials.ports import Registers
from register.credentials.presented import Claims, Presented, Signature
from register.credentials.receipts import Anchor
from register.credentials.report import Finding, ProvenTime
from register.credentials.wording import give_finding, report_error

_LATE: Final = timedelta(days=1)
"""How long after the register's own witness others may countersign before the report says so."""


@dataclass(frozen=True, slots=True)
class Anchoring:
    """What the receipt shows; `anchor` is None without one that holds, also of a ledger not known."""

    findings: tuple[Finding, ...]
    anchor: Anchor | None = None

    @property
    def proven(self) -> ProvenTime | None:
        """The time at which the credential is proven to have existed, under keys that are believed."""
        if self.anchor is None or not self.anchor.trusted or not self.anchor.cosigned_by:
            return None  # without a witness it is the ledger's word alone
        return ProvenTime(self.anchor.anchored_at, "anchor")


def check_anchor(presented: Presented, receipt: bytes | None, registers: Registers) -> Anchoring:
    """Check the receipt that came with a credential, if one did; a bad one is a finding, not an error.

    So is a register whose keys cannot be asked for: under the keys that a receipt brings along it would prove nothing.
    """
    if receipt is None:
        return Anchoring((give_finding("anchored", "no_receipt"),))
    try:
        anchor = receipts.check_receipt(
            receipts.parse_receipt(receipt), commitments.digest(presented), registers.find_ledger
        )
    except BadReceipt as error:
        return Anchoring((report_error(error, "fail"),))
    except Unreachable as error:
        return Anchoring((give_finding("anchored", "register_unreachable", text=error.message),))
    if not anchor.trusted:
        code = "ledger_key_stolen" if anchor.stolen else "ledger_unknown"
        return Anchoring((give_finding("anchored", code, origin=anchor.origin),), anchor)
    return Anchoring(tuple(_tell_anchor(anchor)), anchor)


def _tell_anchor(anchor: Anchor) -> Iterator[Finding]:
    """Say since when it exists, and who but the register itself says so."""
    evidence = {
        "origin": anchor.origin,
        "index": anchor.index,
        "batch": anchor.batch,
        "commitment": anchor.commitment,
        "cosigned_by": list(anchor.cosigned_by),
    }
    code = "anchored" if anchor.cosigned_by else "anchored_unwitnessed"
    yield give_finding("anchored", code, evidence, anchored_at=anchor.anchored_at)
    if anchor.cosigned_by and anchor.others_at is None:
        yield give_finding("anchored", "anchored_alone", anchored_at=anchor.anchored_at)
    elif anchor.others_at is not None and anchor.others_at - anchor.anchored_at > _LATE:
        names = ", ".join(anchor.others)
        yield give_finding(
            "anchored", "countersigned_late", witnesses=names, when=anchor.others_at, anchored_at=anchor.anchored_at
        )


def tell_anchorer(anchor: Anchor, issuers: Mapping[str, str]) -> tuple[Finding, ...]:
    """Say so when somebody else anchored it than those the register knows as its issuer, awarding body or sealer.

    `issuers` are their addresses by id; when none is known, there is nothing to compare.
    """
    anchorer = anchor.issuer.rstrip("/")
    known = issuers.get(anchorer.rpartition("/")[2])
    if not issuers or (known is not None and known.rstrip("/") in ("", anchorer)):
        return ()
    return (give_finding("anchored", "anchored_by_another", anchorer=anchor.issuer),)


def find_proven(anchoring: Anchoring, signatures: Sequence[Signature]) -> ProvenTime | None:
    """Return the earliest time proven by others than the issuer: its anchor, or a trusted timestamp.

    Anybody may add a seal of its own, and stamp that one early: of several signatures the last stamp counts, and only
    where each has one.
    """
    times = [one.timestamp for one in signatures if one.timestamp is not None]
    stamped = [ProvenTime(max(times), "timestamp")] if times and len(times) == len(signatures) else []
    proven = [*stamped, *([anchoring.proven] if anchoring.proven else [])]
    return min(proven, key=lambda one: one.time, default=None)


def find_stated(claims: Claims, signatures: Sequence[Signature], now: datetime) -> ProvenTime:
    """Return the time the credential states of itself: of signing, else of issue; else the time of the check.

    What it says of the future is no time at which anything can be judged.
    """
    signed = [one.created for one in signatures if one.created is not None and one.created <= now]
    if signed:
        return ProvenTime(max(signed), "signing_time")
    issued = [one for one in (claims.issued_at, claims.valid_from) if one is not None and one <= now]
    return ProvenTime(issued[0], "issue_date") if issued else ProvenTime(now, "checked_at")
