"""Validity: expiry, the issuer's own status lists, and what the registers hold about its commitment.

A list counts when its own signature holds, and acquits only as the issuer's word (listers.py). What cannot be read
leaves the question open: neither green nor red.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from register.credentials import proofs, reading, status_lists
from register.credentials.errors import CredentialError, Unreachable, Unsupported
from register.credentials.listers import Listed, find_stranger, tell_apart
from register.credentials.ports import Fetch, Registers, Withdrawal, Withdrawals
from register.credentials.presented import Claims, Signature, StatusEntry
from register.credentials.report import Answer, Finding
from register.credentials.wording import find_reason, give_finding
from register.json_text import NotStrictJson, parse_strict
from register.sentences import cite, say

_DEEPEST: Final = 16
_PURPOSES: Final = ("revocation", "suspension")


def judge_validity(claims: Claims, found: Sequence[Finding], at: datetime) -> Answer:
    """Return the answer out of the dates a credential states and what was `found` of lists and registers."""
    return Answer((*_judge_dates(claims, at, bool(claims.status)), *found))


def _judge_dates(claims: Claims, at: datetime, listed: bool) -> Iterator[Finding]:
    starts, ends = claims.valid_from, claims.valid_until
    if starts and ends and ends < starts:
        yield give_finding("still_valid", "dates_contradict", valid_from=starts, valid_until=ends)
    if ends is not None and ends <= at:
        yield give_finding("still_valid", "expired", valid_until=ends)
    elif starts is not None and starts > at:
        yield give_finding("still_valid", "not_yet_valid", valid_from=starts)
    elif ends is not None:
        yield give_finding("still_valid", "not_expired", valid_until=ends)
    elif not listed:
        yield give_finding("still_valid", "no_expiry")


def check_lists(listed: Listed, fetch: Fetch, now: datetime) -> Iterator[Finding]:
    """Look the credential up in every status list it names; each gives at least one finding."""
    for entry in listed.status:
        try:
            yield from _check_list(entry, listed, fetch, now)
        except Unreachable as error:
            yield give_finding("still_valid", "status_unreachable", text=error.message)
        except Unsupported as error:
            yield give_finding("still_valid", "status_unsupported", text=error.message)
        except CredentialError as error:
            yield give_finding("still_valid", "status_not_genuine", text=error.message)


def _check_list(entry: StatusEntry, listed: Listed, fetch: Fetch, now: datetime) -> Iterator[Finding]:
    address = status_lists.address_of(entry)
    data = fetch(address)
    evidence: dict[str, Any] = {"list": address, "type": entry.type}
    document, listers = _open_list(entry, data, fetch, now)
    status = status_lists.read_status(entry, document, now, listed.id)
    if status.ended:
        code = "revoked_by_list" if status.purpose == "revocation" else "suspended_by_list"
        yield give_finding("still_valid", code, evidence | {"message": status.message})
    else:
        yield give_finding("still_valid", "not_on_list", evidence, purpose=status.purpose)
    yield from status.findings
    if tell_apart(document.get("id"), address):
        yield give_finding("still_valid", "list_named_otherwise", evidence, said=str(document["id"])[:200])
    stranger = find_stranger(listers, address, listed)
    if stranger is not None:
        acquits = not status.ended and status.purpose in _PURPOSES
        yield give_finding(
            "still_valid", "acquitted_by_another" if acquits else "status_of_another", evidence, signer=stranger
        )


def _open_list(
    entry: StatusEntry, data: bytes, fetch: Fetch, now: datetime
) -> tuple[Mapping[str, Any], tuple[Signature, ...]]:
    """Return a list's document and its signatures; lists of ids carry none, theirs is the word of their address."""
    if entry.type in status_lists.REVOKED_IDS:
        document = _parse_plain(data)
        profiled = document.get("revocationList")  # the profile of an issuer of Blockcerts leads there
        return (_parse_plain(fetch(profiled)) if isinstance(profiled, str) else document), ()
    found = reading.read(data)
    if len(found) != 1:
        raise Unreachable("list_malformed", say("what is published as a status list holds several credentials"))
    signatures = proofs.check_signatures(found[0], fetch, now)
    if not any(one.keys for one in signatures):  # a path to a root in some blockchain is nobody's word
        raise Unreachable("list_not_signed", say("what is published as a status list is signed with no key"))
    return found[0].document, signatures


def _parse_plain(data: bytes) -> Mapping[str, Any]:
    try:
        document = parse_strict(data, depth=_DEEPEST)
    except NotStrictJson as error:
        raise Unreachable(
            "list_malformed", say("what is published as a revocation list is not JSON: {fault}", fault=cite(error))
        ) from None
    if not isinstance(document, dict):
        raise Unreachable("list_malformed", say("what is published as a revocation list holds no list"))
    return document


def check_withdrawals(
    issuers: Sequence[str], commitment: str | None, registers: Registers, at: datetime
) -> tuple[Iterator[Finding], bool]:
    """Return what registers hold about a commitment, and whether its issuer anchors at all.

    `issuers` are addresses in a register: the issuer's, and the one's who anchored. Nothing but they is told.
    """
    try:
        held = [registers.find_withdrawals(issuer) for issuer in issuers]
    except Unreachable as error:
        return iter([give_finding("still_valid", "withdrawals_unchecked", text=error.message)]), False
    anchors = any(one.anchors for one in held)
    return _judge_withdrawals(held, commitment, at, anchors), anchors


def _judge_withdrawals(
    held: Sequence[Withdrawals], commitment: str | None, at: datetime, anchors: bool
) -> Iterator[Finding]:
    if commitment is None:
        if anchors:
            hidden = any(len(one.by_commitment) for one in held)
            yield give_finding("still_valid", "withdrawals_hidden" if hidden else "withdrawals_unseen")
        return
    said = [withdrawal for one in held for withdrawal in one.by_commitment.get(commitment, ())]
    yield from _tell_withdrawals(said, at)
    if not all(one.fresh for one in held):
        yield give_finding("still_valid", "withdrawals_stale")


def _tell_withdrawals(said: Sequence[Withdrawal], at: datetime) -> Iterator[Finding]:
    """Say how the credential stands: by the last entry in force at that instant, and by those still to come."""
    in_force = [one for one in said if one.effective_from <= at]
    last = in_force[-1] if in_force else None
    if last is None or last.state == "reinstated":
        yield give_finding("still_valid", "not_withdrawn")
    else:
        yield _tell(last.state, last)
    yield from (_tell("withdrawn_later", one) for one in said if one.effective_from > at and one.state != "reinstated")


def _tell(code: str, one: Withdrawal) -> Finding:
    evidence = {"entry": {"origin": one.origin, "index": one.index}, "reason": one.reason}
    return give_finding(
        "still_valid", code, evidence, when=one.effective_from, reason=find_reason(one.reason), state=one.state
    )
