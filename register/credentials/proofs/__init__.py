"""Proofs: what a credential's signatures or hash paths show, for every way of securing one.

One door, `check_signatures`; behind it one module a way. What the door gives back holds over exactly what was handed
in; what does not hold, or cannot be checked, is raised.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from register.credentials.errors import Unsupported
from register.credentials.ports import Fetch
from register.credentials.presented import Presented, Signature
from register.sentences import say

if TYPE_CHECKING:
    from register.credentials.proofs.trust_anchors import TrustAnchors


def check_signatures(
    presented: Presented, fetch: Fetch, now: datetime, anchors: TrustAnchors | None = None
) -> tuple[Signature, ...]:
    """Return the signatures of a credential, each of which holds over all of it.

    `fetch` reads DID documents and keys, where they lie elsewhere; `anchors` are authorities whose certificates and
    timestamps are believed (by default none). Raises NotGenuine for a proof that does not hold or that somebody else
    made, Unsupported for one that is not checked here, Unreachable for a key out of reach.
    """
    # Each way is imported when it is met: certificates, CBOR and JSON-LD are slow to load, and most checks need one.
    match presented.format:
        case "vc_data_integrity":
            from register.credentials.proofs import data_integrity

            return data_integrity.check(presented, fetch, now)
        case "edc":
            from register.credentials.proofs import jades

            return jades.check(presented, fetch, now, anchors)
        case "vc_jose":
            from register.credentials.proofs import jose

            return jose.check(presented, fetch, now)
        case "blockcerts_v2" | "blockcerts_v3":
            from register.credentials.proofs import blockcerts

            return blockcerts.check(presented, fetch, now)
        case "edc_unsigned" | "vc_unsigned":
            raise Unsupported("unsigned", say("The credential carries no signature: nothing shows who made it."))
