"""Listers: whose word a status list is, and whether that word can acquit a credential.

The credential names a list by its address only; whoever takes that address over publishes what it likes under a key of
its own. So a list counts in full where the issuer signed it, where the register that publishes the issuer's list did,
or where a register binds the key that signed the list to the issuer (as its own, or under a mandate). Any other list
may condemn, and does not acquit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from register.credentials.entitlement import Entitlement, spell_key
from register.credentials.errors import Unreachable
from register.credentials.ports import Registers
from register.credentials.presented import Signature, StatusEntry
from register.errors import NotUnderstood
from register.moments import format_instant
from register.sentences import say

_ABOUT_KEYS: Final = ("key", "freshness")
"""Links of a decision that say whether a key is bound, and freshly known; an accreditation may have ended."""


def nobody(lister: Signature) -> bool:
    """Vouch for nobody."""
    return False


@dataclass(frozen=True, slots=True)
class Listed:
    """The credential whose status is looked up: its places and id, who signed it, and its issuers.

    `named` are the identifiers by which it names its issuer; `issuers` are addresses in a register by id: a register
    publishes lists for them, signed by itself. `vouch` tells whether a register binds a list's signer to the issuer.
    """

    status: tuple[StatusEntry, ...]
    id: str | None
    signatures: tuple[Signature, ...]
    named: tuple[str, ...] = ()
    issuers: Mapping[str, str] = field(default_factory=dict)
    vouch: Callable[[Signature], bool] = nobody


def find_stranger(listers: Sequence[Signature], address: str, listed: Listed) -> str | None:
    """Return by name a signer of a list that nothing ties to the credential's issuer; None when there is none."""
    ours = _find_own_marks(listed)
    publisher = _find_publisher(address, listed.issuers)
    for lister in listers:
        known = bool(ours & {*lister.keys, lister.controller} - {None}) or lister.controller == publisher is not None
        if not known and not listed.vouch(lister):
            return lister.controller or say("somebody else")
    return None


def _find_own_marks(listed: Listed) -> set[Any]:
    """Return keys and controllers of whoever signed the credential as its issuer: anybody may add a seal of its own."""
    several = len(listed.signatures) > 1
    own = [one for one in listed.signatures if not several or one.controller in listed.named]
    return {key for one in own for key in one.keys} | {one.controller for one in own}


def _find_publisher(address: str, issuers: Mapping[str, str]) -> str | None:
    """Return the DID of the register where a list is the one that it publishes for one of these issuers."""
    for uid, issuer in issuers.items():
        base = issuer.removesuffix(f"/issuers/{uid}")
        if base and address.startswith(f"{base}/status/{uid}/"):
            return "did:web:" + urlsplit(base).netloc.replace(":", "%3A")
    return None


def vouch_by_registers(entitled: Entitlement, registers: Registers, now: datetime) -> Callable[[Signature], bool]:
    """Return how to ask whether a register binds a list's key, today, to the issuer that it answered about.

    Told to the register: that issuer and the keys of the list. A register out of reach binds nothing.
    """
    found = [one["chain"].get("issuer") or {} for one in entitled.decisions if one["decision"] != "unknown"]
    issuers = tuple(dict.fromkeys(str(one["url"]) for one in found if one.get("url")))

    def vouch(lister: Signature) -> bool:
        try:
            return any(_binds(issuer, lister, registers, now) for issuer in issuers)
        except (Unreachable, NotUnderstood):
            return False

    return vouch


def _binds(issuer: str, lister: Signature, registers: Registers, now: datetime) -> bool:
    """Tell whether a key of the list is bound to an issuer, and none of its spellings is reported stolen."""
    asked = {"issuer": issuer, "at": format_instant(now)}
    answers = [registers.decide({**asked, "key": spell_key(key)}) for key in lister.keys]
    faults = [
        {str(reason["code"]) for reason in one["reasons"] if reason.get("link") in _ABOUT_KEYS} for one in answers
    ]
    if any("key_compromised_unanchored" in codes for codes in faults):
        return False
    return any(one["chain"].get("key") and not codes for one, codes in zip(answers, faults, strict=True))


def tell_apart(said: object, address: str) -> bool:
    """Tell whether a list calls itself by another address than the one it was read at, where both are whole ones."""
    if not isinstance(said, str):
        return False
    one, other = _split(said), _split(address)
    return bool(one and other) and one != other


def _split(address: str) -> tuple[str, ...]:
    """Return the parts of a whole address that say where something is; () for anything else."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ()
    if not parts.scheme or not parts.netloc:
        return ()
    return parts.scheme.lower(), parts.netloc.lower(), parts.path, parts.query
