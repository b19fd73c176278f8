"""Keys: how the offer of one becomes the terms that bind it, by a signature or on paper, with the proof in words.

The proof on record is English, as all that the ledger holds for programs and people alike.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Final

from django.conf import settings

from register.credential_ports import open_web, read_authorities
from register.desk.control import Offer, Unproven, check_challenge, make_challenge, prove_control
from register.desk.offered_keys import read_offer
from register.identifiers import normalise_value
from register.records import IssuerRecord, KeyRecord

_ORDER: Final = ("in_force", "not_yet_valid", "expired", "revoked")

MOST_PROOF: Final = 500
"""Letters of a proof on record."""


def read_key(kind: str, material: bytes, now: datetime) -> Offer:
    """Return the key that was offered, read as verifiers read it; raises Unproven."""
    # Each key of a DID document is looked up in the document; its owner decides how long that takes, but once.
    return read_offer(kind, material, cache(open_web()), read_authorities(), now)


def read_value_on_paper(kind: str, material: bytes, now: datetime) -> str:
    """Return the value that a binding on paper names: as written, or that of a key or certificate; raises Unproven.

    Nothing is fetched: a document has been seen, and what is bound may not be reachable.
    """
    try:
        return normalise_value(kind, material.decode("ascii").strip())
    except (ValueError, UnicodeDecodeError) as error:
        if kind in ("jwk", "x5t"):
            return read_key(kind, material, now).value
        raise Unproven("key_unreadable", "material", str(error)) from None


def challenge_for(issuer: IssuerRecord, offer: Offer, now: datetime) -> str:
    """Return a challenge that proves control over the offered key to this register."""
    return make_challenge(settings.ASSAY_ORIGIN, issuer.url, offer, now)


def tell_proof(issuer: IssuerRecord, offer: Offer, challenge: str, signature: bytes, now: datetime) -> str:
    """Return in words how control was proven; raises Unproven when it was not."""
    check_challenge(challenge, settings.ASSAY_ORIGIN, issuer.url, offer, now)
    key = prove_control(offer, challenge, signature)
    told = f"challenge signed with {key.name} ({key.algorithm}), {offer.found}, checked by this register"
    return f"{told} on {now:%Y-%m-%d}"[:MOST_PROOF]


def tell_paper(role: str, seen: str) -> str:
    """Return in words that control was shown on paper, and to whom."""
    who = "the operator of this register" if role == "operator" else "the agency that says this"
    return f"on paper, seen by {who}: {seen}"[:MOST_PROOF]


def carry(material: bytes) -> str:
    """Return what was handed in as a text that a form can carry to its next step."""
    return base64.b64encode(material).decode()


def sort_keys(keys: Sequence[KeyRecord], now: datetime) -> list[tuple[KeyRecord, str]]:
    """Return keys with how they stand: those that sign today first, then those to come, then those that are over."""
    told = [(key, _find_state(key, now)) for key in keys]
    return sorted(told, key=lambda pair: (_ORDER.index(pair[1]), -pair[0].entries[0]))


def _find_state(key: KeyRecord, now: datetime) -> str:
    if key.revocation is not None and key.revocation.effective_from <= now:
        return "revoked"
    if key.valid.valid_until is not None and key.valid.valid_until <= now:
        return "expired"
    return "in_force" if key.valid.holds(now) else "not_yet_valid"
